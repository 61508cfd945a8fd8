/**
 * Names of tools over MCP (DESIGN 15): `plugin__tool` on `/mcp`, the tool's own on `/mcp/{plugin}`. No name of a plugin or tool has
 * "__" in it, so a listed name leads to one tool.
 */
import { listedName, shortenedName } from '@bulkhead/host';
import type { ListedTool } from '@bulkhead/protocol';

/** A tool with the name that it is listed under. */
export type NamedTool = { readonly name: string; readonly tool: ListedTool };

/** Names a tenant's tools, or those of one plugin. */
export function nameTools(tools: readonly ListedTool[], plugin: string | undefined): readonly NamedTool[] {
  if (plugin !== undefined) {
    const own = tools.filter((tool) => tool.plugin === plugin);
    return own.map((tool) => ({ name: shortenedName(tool.name), tool }));
  }
  return tools.map((tool) => ({ name: listedName(tool.plugin, tool.name), tool }));
}

/** Finds a tool by the name that it is listed under, or by `plugin.tool`; undefined where the tenant has none of that name. */
export function findTool(named: readonly NamedTool[], wanted: string): ListedTool | undefined {
  const listed = named.find(({ name }) => name === wanted);
  return (listed ?? named.find(({ tool }) => `${tool.plugin}.${tool.name}` === wanted))?.tool;
}
