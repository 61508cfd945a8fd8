/**
 * Files of this package that are started or handed over as they are: guest, workshop, launcher. They lie in dist, wherever
 * the module that asks for them lies: in src, or bundled into dist itself.
 */
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { assertInvariant } from './host-error.ts';

/** Returns the absolute path of a file that the build put at the top of dist. */
export function ownFile(name: string): string {
  const described = findPackageJSON(import.meta.url);
  assertInvariant(described !== undefined, 'every module of a package is below its package.json');
  return join(dirname(described), 'dist', name);
}
