/**
 * The package that the host supplies to every plugin: `@bulkhead/sdk`, built as one file, for a folder that has not
 * installed it. So a plugin folder anywhere on disk works as it stands.
 */
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { assertInvariant } from '../base/host-error.ts';
import type { PackageFiles } from './source-tree.ts';

/** The name under which plugins import it. */
const SDK_NAME = '@bulkhead/sdk';
const ENTRIES = { '.': 'dist/bundle.js', './ai': 'dist/ai-bundle.js', './mcp': 'dist/mcp-bundle.js' } as const;

/**
 * Reads the SDK that is installed beside this host.
 *
 * @returns it as a package with an export for each built file, whatever the resolver's conditions are.
 * @throws ENOENT where the SDK has not been built.
 */
export async function readSdk(): Promise<PackageFiles> {
  const described = findPackageJSON(SDK_NAME, import.meta.url);
  assertInvariant(described !== undefined, `${SDK_NAME} is installed beside the host`);
  const folder = dirname(described);
  const { version, license } = JSON.parse(await readFile(described, 'utf8')) as { version: string; license: string }; // Our own.
  const exported = Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, `./${path}`]));
  const about = { name: SDK_NAME, version, license, type: 'module', sideEffects: false, exports: exported };
  const root = `node_modules/${SDK_NAME}`;
  const entries = Object.values(ENTRIES).map(
    async (path) => [`${root}/${path}`, new Uint8Array(await readFile(join(folder, path)))] as const,
  );
  const files = new Map([
    [`${root}/package.json`, new Uint8Array(Buffer.from(JSON.stringify(about)))] as const,
    ...(await Promise.all(entries)),
  ]);
  return { name: SDK_NAME, root, link: undefined, files };
}
