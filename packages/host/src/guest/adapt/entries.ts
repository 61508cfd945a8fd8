/**
 * Entry points other than tools: classes, factories or objects that a manifest names, made into objects whose methods the
 * host calls (F002-4, F002-20).
 *
 *   export --new / call / as it is--> object of one configuration --methods read once--> calls
 *
 * An object lives as long as its guest and its configuration: a new configuration makes a new one, and so does every call in
 * a guest that serves all tenants, since no tenant may meet what another left behind.
 */
import {
  CAPABILITY_PATTERN,
  ENTRY_POINT_METHODS,
  TASK_KINDS,
  entryTargets,
  parseObjectGroup,
  type JsonObject,
  type ObjectGroup,
  type WireEntry,
} from '@bulkhead/protocol';
import { formerNames, warnOnce, type Former } from './former-names.ts';
import { settle } from './settle.ts';
import { asMethod, describe, isRecord, plainJson, type Method } from './shape.ts';

/** The entry points of a plugin, as the guest runtime drives them. */
export type AdaptedEntries = {
  /** Makes each once, so that what cannot be made, or lacks a method, stops the load. */
  readonly open: (context: unknown) => Promise<void>;
  /** What each says of itself; known once they are open. */
  readonly list: () => readonly WireEntry[];
  /** Runs a method by its name on the wire; `context` goes behind the arguments, and its `config` says which object it is. */
  readonly run: (target: string, args: readonly unknown[], context: unknown) => unknown;
};

type Bag = Readonly<Record<string, unknown>>;
type EntryObject = { readonly methods: ReadonlyMap<string, Method>; readonly about: JsonObject };
type Made = { readonly config: JsonObject; readonly object: Promise<EntryObject> };

/**
 * Reads what an artifact exports as entry points.
 *
 * @param moduleMetadata - `PLUGIN_METADATA` of the main module; that of the export itself comes before it (F002-26).
 * @param manifest - Says which former names lead to them.
 * @throws TypeError where a former name is none.
 */
export function adaptEntries(entryPoints: Bag, moduleMetadata: unknown, manifest: JsonObject): AdaptedEntries {
  const entries = Object.entries(entryPoints).flatMap(([word, named]) => {
    const group = parseObjectGroup(word);
    if (group === undefined || !isRecord(named)) return [];
    const formers = formerNames({
      manifest,
      group,
      noun: `entry point of ${group}`,
      names: new Set(Object.keys(named)),
    });
    return Object.entries(named).map(
      ([name, exported]) =>
        new Entry({ group, name, exported, moduleMetadata, formers: formers.filter(({ use }) => use === name) }),
    );
  });
  const targetsOf = (entry: Entry): readonly string[] => entryTargets(entry.wire());
  const byTarget = new Map(entries.flatMap((entry) => targetsOf(entry).map((target) => [target, entry] as const)));
  return {
    open: async (context) => {
      for (const entry of entries) await entry.open(configOf(context));
    },
    list: () => entries.map((entry) => entry.wire()),
    run: (target, args, context) => {
      const entry = byTarget.get(target);
      if (entry === undefined) throw new TypeError(`the plugin has no entry point "${target}"`);
      const [, name = '', method = ''] = /^[^/]*\/(.*)#(.*)$/s.exec(target) ?? [];
      entry.warnOfName(name, context);
      return entry.run(method, args, context);
    },
  };
}

const NO_CONFIG: JsonObject = {};

/** Of a context of the host's, its configuration: the very object, which is another one once it has changed. */
function configOf(context: unknown): JsonObject {
  const config = isRecord(context) ? context['config'] : undefined;
  return isRecord(config) ? (config as JsonObject) : NO_CONFIG; // The host's own, which came as JSON.
}

function isReadInPieces(context: unknown): boolean {
  return isRecord(context) && context['reader'] !== undefined;
}

type EntrySource = {
  readonly group: ObjectGroup;
  readonly name: string;
  readonly exported: unknown;
  readonly moduleMetadata: unknown;
  /** Names that lead to it. */
  readonly formers: readonly Former[];
};

class Entry {
  readonly group: ObjectGroup;
  readonly name: string;
  readonly #source: EntrySource;
  readonly #warnings: ReadonlyMap<string, (context: unknown) => void>;
  #made: Made | undefined;
  #about: JsonObject = {};

  constructor(source: EntrySource) {
    this.group = source.group;
    this.name = source.name;
    this.#source = source;
    const noun = `entry point of ${source.group}`;
    this.#warnings = new Map(source.formers.map((former) => [former.name, warnOnce(former, noun)]));
  }

  warnOfName(name: string, context: unknown): void {
    this.#warnings.get(name)?.(context);
  }

  wire(): WireEntry {
    const wire = { group: this.group, name: this.name, about: this.#about };
    return this.#warnings.size === 0 ? wire : { ...wire, former_names: [...this.#warnings.keys()] };
  }

  async open(config: JsonObject): Promise<void> {
    this.#about = (await this.#object(config)).about;
  }

  async run(method: string, args: readonly unknown[], context: unknown): Promise<unknown> {
    const { methods } = await this.#object(configOf(context));
    const count = ENTRY_POINT_METHODS[this.group][method] ?? 0;
    const given = Array.from({ length: count }, (_, index) => args[index]);
    const result = methods.get(method)?.(...given, context);
    // Whoever reads it piece by piece gets the pieces as they come.
    return method === 'generate' && !isReadInPieces(context) ? settle(result, wholeText) : result;
  }

  #object(config: JsonObject): Promise<EntryObject> {
    if (this.#made?.config === config) return this.#made.object;
    const made = { config, object: makeObject(this.#source, config) };
    this.#made = made;
    // What could not be made is tried again by the next call.
    made.object.catch(() => {
      if (this.#made === made) this.#made = undefined;
    });
    return made.object;
  }
}

async function makeObject(source: EntrySource, config: JsonObject): Promise<EntryObject> {
  const { group, name, exported, moduleMetadata } = source;
  const where = `the entry point "${name}" of ${group}`;
  const object: unknown = typeof exported === 'function' ? await construct(exported, config) : exported;
  if (!isRecord(object)) {
    throw new TypeError(`${where} is ${describe(object)}; expected a class, a factory or an object`);
  }
  const methods = Object.keys(ENTRY_POINT_METHODS[group]).map((method) => [method, methodOf(object, method)] as const);
  const missing = methods.flatMap(([method, found]) => (found === undefined ? [method] : []));
  if (missing.length > 0) {
    throw new TypeError(
      `${where} has no ${missing.join(', no ')}; expected ${methods.map(([m]) => `${m}()`).join(', ')}`,
    );
  }
  const present = methods.filter((pair): pair is readonly [string, Method] => pair[1] !== undefined);
  const own: unknown = typeof exported === 'function' ? Reflect.get(exported, 'PLUGIN_METADATA') : undefined;
  const metadata = own ?? object['PLUGIN_METADATA'] ?? moduleMetadata;
  return {
    methods: new Map(present),
    about: {
      ...(group === 'task_handlers' ? handlerFacts(object, where) : {}),
      ...(metadata === undefined ? {} : { metadata: plainJson(metadata, `PLUGIN_METADATA of ${where}`) }),
    },
  };
}

type Constructor = { new (config: JsonObject): unknown; (config: JsonObject): unknown; readonly prototype?: unknown };

/** `new` serves classes, and factories written as functions, whose returned object it answers; arrows are called. */
function construct(exported: unknown, config: JsonObject): unknown {
  const make = exported as Constructor; // A function, as the caller has seen.
  return isRecord(make.prototype) ? new make(config) : make(config);
}

function methodOf(object: Bag, name: string): Method | undefined {
  return asMethod(object[name], name, object);
}

/** A handler's constants, which say for which tasks it is asked at all (F000-4, F000-5). */
function handlerFacts(object: Bag, where: string): JsonObject {
  const { KIND: kind, PROVIDES: provides } = object;
  if (!TASK_KINDS.some((word) => word === kind)) {
    throw new TypeError(`${where} has the KIND ${describe(kind)}; expected one of ${TASK_KINDS.join(', ')}`);
  }
  const tags: unknown = provides instanceof Set ? [...provides] : provides;
  if (!Array.isArray(tags) || !tags.every(isTag)) {
    throw new TypeError(
      `${where} has the PROVIDES ${describe(tags)}; expected tags such as "cpu", in an array or a Set`,
    );
  }
  return { kind: String(kind), provides: [...tags] };
}

const TAG = new RegExp(CAPABILITY_PATTERN);

function isTag(value: unknown): value is string {
  return typeof value === 'string' && TAG.test(value);
}

/** What a backend generates is a text, an object with a text, or pieces of either, which are put together here. */
function wholeText(generated: unknown): unknown {
  if (typeof generated === 'string') return { text: generated };
  return isAsyncIterable(generated) ? joinPieces(generated) : generated;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function joinPieces(pieces: AsyncIterable<unknown>): Promise<Bag> {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: unknown[] = [];
  const about: Record<string, unknown> = {};
  for await (const piece of pieces) {
    const {
      text,
      reasoning,
      tool_calls: asked,
      ...rest
    } = typeof piece === 'string' ? { text: piece } : pieceOf(piece);
    texts.push(pieceText('text', text));
    thoughts.push(pieceText('reasoning', reasoning));
    if (Array.isArray(asked)) calls.push(...asked);
    Object.assign(about, rest);
  }
  const reasoning = thoughts.join('');
  return {
    ...about,
    ...(reasoning === '' ? {} : { reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    text: texts.join(''),
  };
}

function pieceText(what: string, text: unknown = ''): string {
  if (typeof text === 'string') return text;
  throw new TypeError(`generate yielded the ${what} ${describe(text)}; expected a string`);
}

function pieceOf(piece: unknown): Bag {
  if (isRecord(piece)) return piece;
  throw new TypeError(`generate yielded ${describe(piece)}; expected a string or { text, usage }`);
}
