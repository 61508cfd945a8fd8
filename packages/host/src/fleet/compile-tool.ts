/**
 * Judges a tool that a guest offers and compiles its schemas. What a guest says of its tools is hostile until here.
 */
import {
  LIMITS,
  TOOL_CONTENT_SCHEMA,
  capabilitiesOf,
  isJsonObject,
  parseToolName,
  permissionKindOf,
  scopesOf,
  type JsonObject,
  type WireTool,
} from '@bulkhead/protocol';
import { compileOwnSchema, compileSchema, type SchemaCheck } from '../schema/compile-schema.ts';
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
    checkResult: wire.content === true ? contentCheck(result?.check) : result?.check,
    checkChunk: chunkCheck(wire.returns),
  };
}

const checkContent = compileOwnSchema(TOOL_CONTENT_SCHEMA);

/** Of a tool that answers with content `returns` is the schema of what it says to programs. */
function contentCheck(checkStructured: SchemaCheck | undefined): SchemaCheck {
  return (value) => {
    const wrong = checkContent(value);
    if (wrong !== undefined || checkStructured === undefined || !isJsonObject(value)) return wrong;
    const { structuredContent } = value;
    if (structuredContent === undefined) return '"/structuredContent" is missing, of which `returns` is the schema';
    return checkStructured(structuredContent);
  };
}

/**
 * The same of a tool whose schemas compiled when its release was tried, by the record of that: they are compiled when the tool is
 * first called. A host that starts with 100 plugins of 14 tools would compile for seconds before it serves.
 */
export function recallTool(plugin: Pick<LiveSpec, 'name' | 'manifest'>, wire: WireTool): LiveTool {
  let compiled: LiveTool | string | undefined;
  const tool = (): LiveTool | string => (compiled ??= compileTool(plugin, wire));
  const checkBy =
    (checkOf: (tool: LiveTool) => SchemaCheck | undefined): SchemaCheck =>
    (value) => {
      const known = tool();
      return typeof known === 'string' ? known : checkOf(known)?.(value);
    };
  return {
    wire,
    handler: `${plugin.name}.${wire.name}`,
    needs: needsOf([...plugin.manifest.required_permissions, ...wire.required_permissions]),
    checkParams: checkBy(({ checkParams }) => checkParams),
    checkResult:
      wire.returns === undefined && wire.content !== true ? undefined : checkBy(({ checkResult }) => checkResult),
    checkChunk: chunkCheck(wire.returns),
  };
}

/** Keywords of an array as a whole, which a part of it need not meet. */
const OF_THE_WHOLE = ['minItems', 'maxItems', 'uniqueItems', 'contains', 'minContains', 'maxContains'];

/** A tool that gives its list piece by piece gives items of it. Compiled when the first piece comes: most tools give none. */
function chunkCheck(returns: JsonObject | undefined): SchemaCheck | undefined {
  if (returns?.['type'] !== 'array' || returns['items'] === undefined || 'prefixItems' in returns) return undefined;
  const part = Object.fromEntries(Object.entries(returns).filter(([keyword]) => !OF_THE_WHOLE.includes(keyword)));
  let check: SchemaCheck | undefined;
  return (chunk) => {
    if (check === undefined) {
      const compiled = compileSchema(part, 'returns');
      if (!compiled.ok) return compiled.message;
      check = compiled.check;
    }
    return check([chunk]);
  };
}

/** Sorts permission words by who gives them. */
export function needsOf(words: readonly string[]): Needs {
  return { capabilities: capabilitiesOf(words), scopes: scopesOf(words) };
}
