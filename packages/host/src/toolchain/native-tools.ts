/**
 * Finds the two native files that the workshop needs: the bundler's program and the parser's library. The workshop itself
 * is one built file; it is told these paths, because inside a sandbox there is no node_modules to look in.
 */
import { readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { assertInvariant } from '../base/host-error.ts';

/** Absolute paths. */
export type NativeTools = { readonly bundler: string; readonly parser: string };

/** Looks the files up in the packages that npm installed for this machine. */
export function findNativeTools(): NativeTools {
  return {
    bundler: findNative('esbuild', (name) => [`${name}/bin/esbuild`, `${name}/esbuild.exe`]),
    parser: findNative('oxc-parser', (name) => [name]),
  };
}

/** Such packages list one package per machine as optional, and npm installs the one that fits. */
function findNative(name: string, filesOf: (platformPackage: string) => readonly string[]): string {
  const described = findPackageJSON(name, import.meta.url);
  assertInvariant(described !== undefined, `${name} is installed beside the host`);
  const about = JSON.parse(readFileSync(described, 'utf8')) as { optionalDependencies?: Record<string, string> }; // npm's own.
  const { resolve } = createRequire(described);
  for (const file of Object.keys(about.optionalDependencies ?? {}).flatMap(filesOf)) {
    const found = attempt(() => resolve(file));
    if (found !== undefined) return found;
  }
  throw new Error(
    `${name} has no native file for ${process.platform}-${process.arch}; install it again on this machine`,
  );
}

function attempt(resolve: () => string): string | undefined {
  try {
    return resolve();
  } catch {
    return undefined; // Made for another machine.
  }
}
