/**
 * Names over MCP (DESIGN 15): tools and prompts are `plugin__name` on `/mcp`, and have their own on `/mcp/{plugin}`; URIs of resources
 * are `plugin+uri` on `/mcp`. No name of a plugin or tool has "__" in it, so a listed name leads to one tool; no two plugins
 * can have one URI, so none reads what another's is taken for.
 */
import { listedName, shortenedName } from '@bulkhead/host';

/** Something of a plugin with a name of its own. */
type Owned = { readonly plugin: string; readonly name: string };

/** It with the name that it is listed under. */
export type Named<Item extends Owned> = { readonly name: string; readonly item: Item };

/** Names all of a tenant's, or those of one plugin. */
export function nameAll<Item extends Owned>(
  items: readonly Item[],
  plugin: string | undefined,
): readonly Named<Item>[] {
  if (plugin !== undefined) {
    const own = items.filter((item) => item.plugin === plugin);
    return own.map((item) => ({ name: shortenedName(item.name), item }));
  }
  return items.map((item) => ({ name: listedName(item.plugin, item.name), item }));
}

/** Finds one by the name that it is listed under, or by `plugin.name`; undefined where the tenant has none of that name. */
export function findNamed<Item extends Owned>(named: readonly Named<Item>[], wanted: string): Item | undefined {
  const listed = named.find(({ name }) => name === wanted);
  return (listed ?? named.find(({ item }) => `${item.plugin}.${item.name}` === wanted))?.item;
}

/** A plugin's URI as it is listed; `plugin` is the only one that is shown, undefined where all are. */
export function listedUri(plugin: string | undefined, owner: string, uri: string): string {
  return plugin === undefined ? `${schemeOf(owner)}+${uri}` : uri;
}

/** Of which plugin a listed URI is, and its own; undefined where it is none that was listed. */
export function ownUri(
  plugin: string | undefined,
  owners: readonly string[],
  listed: string,
): { readonly plugin: string; readonly uri: string } | undefined {
  if (plugin !== undefined) return { plugin, uri: listed };
  const owner = owners.find((name) => listed.startsWith(`${schemeOf(name)}+`));
  return owner === undefined ? undefined : { plugin: owner, uri: listed.slice(owner.length + 1) };
}

/** A scheme may have no "_" (RFC 3986, 3.1), and no plugin a "." in its name. */
function schemeOf(plugin: string): string {
  return plugin.replaceAll('_', '.');
}
