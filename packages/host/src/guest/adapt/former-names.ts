/**
 * Former names of tools and entry points: until the version that plugin.json names they lead to what has replaced them, and the first call by such a
 * name warns once. From that version on they are unknown, whatever plugin.json still says (F000-34, F000-35).
 */
import type { JsonObject } from '@bulkhead/protocol';
import { isRecord } from './shape.ts';
import type { AdaptedTool } from './tool.ts';

/** What a former name leads to, and until when. */
export type Former = { readonly name: string; readonly use: string; readonly removedIn: string };

/** Where former names are looked for; `noun` says what they are names of. */
export type FormerNames = {
  readonly manifest: JsonObject;
  readonly group: string;
  readonly noun: string;
  /** Names of today. */
  readonly names: ReadonlySet<string>;
};

/**
 * Adds the former names to a plugin's tools.
 *
 * @throws TypeError as {@link formerNames}.
 */
export function withFormerNames(
  tools: ReadonlyMap<string, AdaptedTool>,
  manifest: JsonObject,
): ReadonlyMap<string, AdaptedTool> {
  const all = new Map(tools);
  for (const former of formerNames({ manifest, group: 'tools', noun: 'tool', names: new Set(tools.keys()) })) {
    const tool = tools.get(former.use);
    if (tool !== undefined) all.set(former.name, aliasOf(tool, former));
  }
  return all;
}

/**
 * Lists the former names of a group that still lead somewhere.
 *
 * @throws TypeError where one is a name of today, leads to none, or would go before a minor version has warned.
 */
export function formerNames({ manifest, group, noun, names }: FormerNames): readonly Former[] {
  const version = textOf(manifest['version']);
  const formers = formersOf(manifest, group).filter(({ removedIn }) => isBefore(version, removedIn));
  for (const { name, use, removedIn } of formers) {
    if (names.has(name))
      throw new TypeError(`the former name "${name}" is the name of a ${noun}; expected one that is gone`);
    if (!names.has(use)) throw new TypeError(`the former name "${name}" leads to "${use}", which is no ${noun}`);
    if (isSameMinor(version, removedIn)) {
      throw new TypeError(
        `the former name "${name}" goes in ${removedIn}; expected a later minor version than ${version}, so that one warns`,
      );
    }
  }
  return formers;
}

/** Makes what warns when a former name is used: the first time, and not again. */
export function warnOnce({ name, use, removedIn }: Former, noun: string): (context: unknown) => void {
  let hasWarned = false;
  return (context) => {
    if (!hasWarned) warn(context, `the ${noun} "${name}" is deprecated: use "${use}"; it goes in version ${removedIn}`);
    hasWarned = true;
  };
}

/** The schema has judged their form. */
function formersOf(manifest: JsonObject, group: string): readonly Former[] {
  const groups = manifest['deprecated_entry_points'];
  const listed = isRecord(groups) && isRecord(groups[group]) ? groups[group] : {};
  return Object.entries(listed).map(([name, entry]) => {
    const { use, removed_in: removedIn } = isRecord(entry) ? entry : {};
    return { name, use: textOf(use), removedIn: textOf(removedIn) };
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function aliasOf(tool: AdaptedTool, former: Former): AdaptedTool {
  const { name, use, removedIn } = former;
  const description = `Deprecated: use "${use}"; goes in ${removedIn}. ${tool.wire.description}`;
  const warnOfIt = warnOnce(former, 'tool');
  return {
    wire: { ...tool.wire, name, description },
    run: (params, context) => {
      warnOfIt(context);
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
