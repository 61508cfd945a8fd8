/**
 * Names of tools over MCP (DESIGN 15): `plugin__tool` on `/mcp`, the tool's own on `/mcp/{plugin}`. No name of a plugin or tool has
 * "__" in it, so a listed name leads to one tool.
 */
import { hash } from 'node:crypto';
import type { ListedTool } from '@bulkhead/protocol';

/** Clients of language models take no longer ones. */
const CHARACTERS_MAX = 64;
const KEPT_CHARACTERS = 55;
const DIGITS = 8;

/** A tool with the name that it is listed under. */
export type NamedTool = { readonly name: string; readonly tool: ListedTool };

/** Names a tenant's tools, or those of one plugin. */
export function nameTools(tools: readonly ListedTool[], plugin: string | undefined): readonly NamedTool[] {
  if (plugin !== undefined) {
    const own = tools.filter((tool) => tool.plugin === plugin);
    return own.map((tool) => ({ name: shortened(tool.name), tool }));
  }
  return tools.map((tool) => ({ name: shortened(`${tool.plugin}__${tool.name}`), tool }));
}

/** Finds a tool by the name that it is listed under, or by `plugin.tool`; undefined where the tenant has none of that name. */
export function findTool(named: readonly NamedTool[], wanted: string): ListedTool | undefined {
  const listed = named.find(({ name }) => name === wanted);
  return (listed ?? named.find(({ tool }) => `${tool.plugin}.${tool.name}` === wanted))?.tool;
}

function shortened(name: string): string {
  if (name.length <= CHARACTERS_MAX) return name;
  return `${name.slice(0, KEPT_CHARACTERS)}_${hash('sha256', name, 'hex').slice(0, DIGITS)}`;
}
