/**
 * Judges a tool that a guest offers and compiles its schemas. What a guest says of its tools is hostile until here.
 */
import { LIMITS, capabilitiesOf, parseToolName, permissionKindOf, scopesOf, type WireTool } from '@bulkhead/protocol';
import { compileSchema } from '../schema/compile-schema.ts';
import type { LiveSpec, LiveTool, Needs } from './live-plugin.ts';

/** Returns the tool, or what is wrong with it in words for its author. */
export function compileTool(plugin: Pick<LiveSpec, 'name' | 'manifest'>, wire: WireTool): LiveTool | string {
  const shown = JSON.stringify(wire.name.slice(0, 80));
  if (parseToolName(wire.name) === undefined) {
    return `tool name ${shown} is not allowed; expected lower-case letters, digits and "_", at most 64, without "__"`;
  }
  const odd = wire.required_permissions.find((word) => permissionKindOf(word) === undefined);
  if (odd !== undefined) return `tool ${shown} requires permission ${JSON.stringify(odd.slice(0, 80))}, which is none`;
  const bytes = JSON.stringify(wire.parameters).length + JSON.stringify(wire.returns ?? {}).length;
  if (bytes > 2 * LIMITS.tool_schema_bytes.value)
    return `the schemas of tool ${shown} have ${bytes} bytes; at most 64 KiB each`;
  const params = compileSchema(wire.parameters, `parameters of tool ${shown}`);
  if (!params.ok) return params.message;
  const result = wire.returns === undefined ? undefined : compileSchema(wire.returns, `returns of tool ${shown}`);
  if (result?.ok === false) return result.message;
  return {
    wire,
    handler: `${plugin.name}.${wire.name}`,
    needs: needsOf([...plugin.manifest.required_permissions, ...wire.required_permissions]),
    checkParams: params.check,
    checkResult: result?.check,
  };
}

/** Sorts permission words by who gives them. */
export function needsOf(words: readonly string[]): Needs {
  return { capabilities: capabilitiesOf(words), scopes: scopesOf(words) };
}
