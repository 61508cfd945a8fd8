/**
 * Paths of a plugin's in-memory tree: relative to the plugin folder, "/" between the parts, `''` for the folder itself.
 * Pure; says where Node would look, never whether something is there.
 */
import { posix } from 'node:path';

const LOADABLE = /\.[cm]?[jt]s$|\.json$/;
const DECLARATION = /\.d\.[cm]?ts$/;

/** Tells whether a file's name is one that a bundle can hold: js, mjs, cjs, ts, mts, cts and json, no declarations. */
export function isLoadable(name: string): boolean {
  return LOADABLE.test(name) && !DECLARATION.test(name);
}

/** Returns the package name of a bare specifier (`@scope/name/sub` gives `@scope/name`), undefined where it has none. */
export function packageNameOf(specifier: string): string | undefined {
  return /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?=\/|$)/i.exec(specifier)?.[0];
}

/** Lists the places where Node looks for a package: each node_modules from `from` up to the plugin folder. */
export function packagePlaces(name: string, from: string): readonly string[] {
  const places: string[] = [];
  for (let folder = from; ; folder = posix.dirname(folder)) {
    const at = folder === '.' ? '' : folder;
    if (posix.basename(at) !== 'node_modules') places.push(posix.join(at, 'node_modules', name));
    if (at === '') return places;
  }
}
