/**
 * What a plugin offers by name beside its tools, as it crosses the wall: which methods each group has, and what a guest
 * says of an entry point once it is loaded.
 */
import { isJsonObject, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import { ENTRY_POINT_GROUPS, GROUP_PREFIX, type EntryPointGroup } from './entry-point-groups.ts';

/**
 * Groups whose entry points are objects with methods; tools are called by name.
 *
 * @experimental
 */
export type ObjectGroup = Exclude<EntryPointGroup, 'tools'>;

/**
 * Methods of each group with the number of their positional arguments; the guest adds the call's context behind them.
 *
 * @experimental
 */
export const ENTRY_POINT_METHODS: Readonly<Record<ObjectGroup, Readonly<Record<string, number>>>> = {
  task_handlers: { dispatch: 1, handle: 1 },
  llm_backends: { generate: 2 },
  parent_selectors: { select: 1, sampleInspirations: 2, feedback: 1 },
  executors: { execute: 5 },
  monitors: { start: 1, record: 1, finalize: 0, identifier: 0 },
};

/**
 * What a guest says of one entry point. `about` are its constants: of a task handler `kind` and `provides`, and of any the
 * `metadata` that it or its module names `PLUGIN_METADATA`. `former_names` lead to it for a while (F000-35).
 *
 * @internal
 */
export type WireEntry = {
  readonly group: string;
  readonly name: string;
  readonly about: JsonObject;
  readonly former_names?: readonly string[];
};

/**
 * One entry point that a tenant may use.
 *
 * @experimental
 */
export type ListedEntry = { readonly plugin: string } & WireEntry;

/**
 * Returns the group for a word of {@link ENTRY_POINT_GROUPS} with or without `bulkhead.` in front (CONTRACTS decision 14).
 *
 * @internal
 */
export function parseObjectGroup(value: unknown): ObjectGroup | undefined {
  const word = typeof value === 'string' && value.startsWith(GROUP_PREFIX) ? value.slice(GROUP_PREFIX.length) : value;
  return ENTRY_POINT_GROUPS.find((group): group is ObjectGroup => group === word && group !== 'tools');
}

/**
 * Name of a method of an entry point on the wire, and in records: `group/name#method`.
 *
 * @internal
 */
export function entryTarget(group: ObjectGroup, name: string, method: string): string {
  return `${group}/${name}#${method}`;
}

/**
 * All methods of an entry point, as calls name them, by its former names too; none for a group that there is not.
 *
 * @internal
 */
export function entryTargets(entry: Pick<WireEntry, 'group' | 'name' | 'former_names'>): readonly string[] {
  const { group: word, name, former_names: former = [] } = entry;
  const group = parseObjectGroup(word);
  if (group === undefined) return [];
  const methods = Object.keys(ENTRY_POINT_METHODS[group]);
  return [name, ...former].flatMap((each) => methods.map((method) => entryTarget(group, each, method)));
}

/** Reads what a guest says of its entry points; undefined where it has another form. */
export function parseWireEntries(value: unknown): readonly WireEntry[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > LIMITS.entry_points.value) return undefined;
  const entries = value.map(parseWireEntry).filter((entry) => entry !== undefined);
  return entries.length === value.length ? entries : undefined;
}

function parseWireEntry(value: unknown): WireEntry | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, about, former_names: former } = value;
  const group = parseObjectGroup(value['group']);
  if (group === undefined || typeof name !== 'string' || !isJsonObject(about)) return undefined;
  if (former === undefined) return { group, name, about };
  return isNameList(former) ? { group, name, about, former_names: former } : undefined;
}

function isNameList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length <= LIMITS.entry_points.value && value.every((item) => typeof item === 'string')
  );
}
