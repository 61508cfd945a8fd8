/**
 * Tools of an MCP server as a manifest pins them: under the name that Bulkhead gives them, with the server's own beside it.
 * Pure.
 */
import { isJsonObject, type JsonObject } from './json.ts';
import type { WireTool } from './tool.ts';

/**
 * A tool of an MCP server as it was when its plugin was made. `mcp_name` is the server's own name of it; `parameters` and
 * `returns` are its input and output schema; `annotations` are the server's hints, which nobody has to believe.
 *
 * @public
 */
export type PinnedTool = {
  readonly name: string;
  readonly mcp_name: string;
  readonly title?: string;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly returns?: JsonObject;
  readonly annotations?: JsonObject;
};

/**
 * How an MCP server is started, and what it offers. `command` is `node`, which runs the manifest's `main`, or one of
 * `requirements.commands`. In `args` and `env`, `{data}` stands for the server's writable folder and `{server}` for its files. A
 * server that is somewhere else is not started: it has a `url`, and in the values of `headers`, `{NAME}` stands for a secret.
 *
 * @public
 */
export type McpServer = {
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly tools: readonly PinnedTool[];
};

const NAME_CHARACTERS_MAX = 64;
const DESCRIPTION_CHARACTERS_MAX = 10_000;

/**
 * Makes tool names of an MCP server's: `get-env` becomes `get_env`, `listFiles` becomes `list_files`. Two that would be the same
 * are numbered.
 *
 * @returns names in the order of the server's.
 * @internal
 */
export function toolNamesOf(mcpNames: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return mcpNames.map((mcpName) => {
    const plain = plainName(mcpName);
    let name = plain;
    for (let count = 2; taken.has(name); count += 1) name = `${cutTo(plain, NAME_CHARACTERS_MAX - 4)}_${count}`;
    taken.add(name);
    return name;
  });
}

function plainName(mcpName: string): string {
  const words = mcpName
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const named = /^[a-z]/.test(words) ? words : `tool_${words}`;
  return cutTo(named, NAME_CHARACTERS_MAX);
}

function cutTo(name: string, charactersMax: number): string {
  return name.slice(0, charactersMax).replace(/_+$/, '');
}

/**
 * Reads one tool of a `tools/list` answer, without a name of ours.
 *
 * @param value - From `JSON.parse`, its depth and keys judged.
 * @returns undefined where it is no tool.
 * @internal
 */
export function parseMcpTool(value: unknown): Omit<PinnedTool, 'name'> | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, title, description = '', inputSchema, outputSchema, annotations } = value;
  if (typeof name !== 'string' || name === '' || name.length > 128 || typeof description !== 'string') return undefined;
  if (description.length > DESCRIPTION_CHARACTERS_MAX || !isJsonObject(inputSchema)) return undefined;
  const isOdd = (part: unknown): boolean => part !== undefined && !isJsonObject(part);
  if (isOdd(outputSchema) || isOdd(annotations)) return undefined;
  return {
    mcp_name: name,
    ...(typeof title === 'string' && title !== '' && { title: title.slice(0, 256) }),
    description,
    parameters: inputSchema,
    ...(isJsonObject(outputSchema) && { returns: outputSchema }),
    ...(isJsonObject(annotations) && { annotations }),
  };
}

/**
 * Shows a pinned tool as every plugin's tools are shown.
 *
 * @internal
 */
export function wireToolOf({
  name,
  mcp_name,
  title,
  description,
  parameters,
  returns,
  annotations,
}: PinnedTool): WireTool {
  return {
    name,
    description: description === '' ? (title ?? mcp_name) : description,
    parameters,
    ...(returns !== undefined && { returns }),
    idempotent: annotations?.['idempotentHint'] === true || annotations?.['readOnlyHint'] === true,
    needs_approval: false,
    required_permissions: [],
    mcp_name,
    ...(annotations !== undefined && { annotations }),
  };
}

/**
 * Says how what a server lists differs from what is pinned, in words for an operator; undefined where it does not.
 *
 * @internal
 */
export function toolsDiffer(
  pinned: readonly PinnedTool[],
  listed: readonly Omit<PinnedTool, 'name'>[],
): string | undefined {
  const known = new Map(pinned.map((tool) => [tool.mcp_name, tool]));
  const found = new Set(listed.map(({ mcp_name }) => mcp_name));
  const added = listed.filter(({ mcp_name }) => !known.has(mcp_name)).map(({ mcp_name }) => mcp_name);
  const removed = pinned.filter(({ mcp_name }) => !found.has(mcp_name)).map(({ mcp_name }) => mcp_name);
  const changed = listed.flatMap((tool) => {
    const before = known.get(tool.mcp_name);
    const fields = before === undefined ? [] : changedFields(before, tool);
    return fields.length === 0 ? [] : [`${shown(tool.mcp_name)} (${fields.join(', ')})`];
  });
  const parts = [
    ...(changed.length > 0 ? [`changed: ${listOf(changed)}`] : []),
    ...(added.length > 0 ? [`new: ${listOf(added.map(shown))}`] : []),
    ...(removed.length > 0 ? [`gone: ${listOf(removed.map(shown))}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

const COMPARED = ['title', 'description', 'parameters', 'returns', 'annotations'] as const;
const LISTED_MAX = 8;

function changedFields(before: PinnedTool, after: Omit<PinnedTool, 'name'>): readonly string[] {
  return COMPARED.filter((field) => sortedJson(before[field]) !== sortedJson(after[field]));
}

/** JSON with its keys in order, so that only what a member says counts, and not where it stands. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isJsonObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function listOf(names: readonly string[]): string {
  const more = names.length > LISTED_MAX ? ` and ${names.length - LISTED_MAX} more` : '';
  return `${names.slice(0, LISTED_MAX).join(', ')}${more}`;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
