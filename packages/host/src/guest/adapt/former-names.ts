/**
 * Former names of tools: until the version that plugin.json names they lead to what has replaced them, and the first call by such a
 * name warns once. From that version on they are unknown, whatever plugin.json still says (F000-34, F000-35).
 */
import type { JsonObject } from '@bulkhead/protocol';
import { isRecord } from './shape.ts';
import type { AdaptedTool } from './tool.ts';

/** What a former name leads to. */
type Former = { readonly name: string; readonly use: string; readonly removedIn: string };

/**
 * Adds the former names to a plugin's tools.
 *
 * @throws TypeError where one is a tool's own name, leads to no tool, or would go before a minor version has warned.
 */
export function withFormerNames(
  tools: ReadonlyMap<string, AdaptedTool>,
  manifest: JsonObject,
): ReadonlyMap<string, AdaptedTool> {
  const all = new Map(tools);
  const version = textOf(manifest['version']);
  for (const former of formersOf(manifest)) {
    if (!isBefore(version, former.removedIn)) continue;
    all.set(former.name, aliasOf(tools, former, version));
  }
  return all;
}

/** The schema has judged their form. */
function formersOf(manifest: JsonObject): readonly Former[] {
  const groups = manifest['deprecated_entry_points'];
  const listed = isRecord(groups) && isRecord(groups['tools']) ? groups['tools'] : {};
  return Object.entries(listed).map(([name, entry]) => {
    const { use, removed_in: removedIn } = isRecord(entry) ? entry : {};
    return { name, use: textOf(use), removedIn: textOf(removedIn) };
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function aliasOf(tools: ReadonlyMap<string, AdaptedTool>, former: Former, version: string): AdaptedTool {
  const { name, use, removedIn } = former;
  const tool = tools.get(use);
  if (tools.has(name))
    throw new TypeError(`the former name "${name}" is the name of a tool; expected one that is gone`);
  if (tool === undefined) throw new TypeError(`the former name "${name}" leads to "${use}", which is no tool`);
  if (isSameMinor(version, removedIn)) {
    throw new TypeError(
      `the former name "${name}" goes in ${removedIn}; expected a later minor version than ${version}, so that one warns`,
    );
  }
  const warning = `the tool "${name}" is deprecated: use "${use}"; it goes in version ${removedIn}`;
  let hasWarned = false;
  return {
    wire: {
      ...tool.wire,
      name,
      description: `Deprecated: use "${use}"; goes in ${removedIn}. ${tool.wire.description}`,
    },
    run: (params, context) => {
      if (!hasWarned) warn(context, warning);
      hasWarned = true;
      return tool.run(params, context);
    },
  };
}

function warn(context: unknown, text: string): void {
  const { logger } = context as { readonly logger?: { readonly warn: (message: string) => void } }; // The guest's own.
  logger?.warn(text);
}

function isBefore(version: string, other: string): boolean {
  const [mine, theirs] = [numbersOf(version), numbersOf(other)];
  const at = mine.findIndex((number, index) => number !== theirs[index]);
  return at !== -1 && (mine[at] ?? 0) < (theirs[at] ?? 0);
}

function isSameMinor(version: string, other: string): boolean {
  const [mine, theirs] = [numbersOf(version), numbersOf(other)];
  return mine[0] === theirs[0] && mine[1] === theirs[1];
}

/** Major, minor and patch; what follows them does not decide. */
function numbersOf(version: string): readonly number[] {
  return (/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? '0.0.0').split('.').map(Number);
}
