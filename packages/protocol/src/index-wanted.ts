/**
 * How a plugin of an index is asked for. Apart from the index's own schema, which is not needed to ask.
 */
import { parsePluginName, parseVersion } from './ids.ts';

/**
 * What is asked of an index: a plugin, and a version or, where that is left out, the newest that may be installed.
 *
 * @public
 */
export type IndexWanted = { readonly name: string; readonly version?: string };

/**
 * Reads `NAME` or `NAME@VERSION`; undefined where the text is neither.
 *
 * @public
 */
export function parseIndexWanted(given: string): IndexWanted | undefined {
  const at = given.indexOf('@');
  const plugin = parsePluginName(at === -1 ? given : given.slice(0, at));
  if (plugin === undefined || at === -1) return plugin === undefined ? undefined : { name: plugin };
  const wanted = parseVersion(given.slice(at + 1));
  return wanted === undefined ? undefined : { name: plugin, version: wanted };
}
