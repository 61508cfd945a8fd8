/**
 * Reads how an executor is asked for on a command line or in a policy: `docker:image=node:26`, `plugin:NAME/ENTRY`. What comes out only
 * describes it; open-executor.ts opens it.
 */
import { closest } from 'fastest-levenshtein';
import { GuardError } from '../guard-error.ts';
import type { PromptOutput } from './prompt.ts';

/**
 * Which executor, with what its options say; what they leave out has the default of the executor.
 *
 * @public
 */
export type ExecutorSpec =
  | { readonly kind: 'local' }
  | { readonly kind: 'docker'; readonly image?: string }
  | { readonly kind: 'http'; readonly url: string; readonly insecure?: boolean }
  | {
      readonly kind: 'llm';
      readonly model?: string;
      readonly backend?: string;
      readonly output?: PromptOutput;
      readonly temperature?: number;
      readonly maxTokens?: number;
      readonly seed?: number;
    }
  | { readonly kind: 'plugin'; readonly plugin: string; readonly entry: string };

type Texts = ReadonlyMap<string, string>;

type ExecutorKind = {
  /** Names that options may have; undefined where there is a text in their place. */
  readonly options: readonly string[] | undefined;
  readonly read: (options: Texts, text: string) => ExecutorSpec;
};

const KINDS: Readonly<Record<ExecutorSpec['kind'], ExecutorKind>> = {
  local: { options: [], read: () => ({ kind: 'local' }) },
  docker: {
    options: ['image'],
    read: (options) => ({ kind: 'docker', ...optional('image', options.get('image')) }),
  },
  http: {
    options: ['url', 'insecure'],
    read: (options) => {
      const url = options.get('url');
      if (url === undefined) throw invalid('executor "http" has no option url; expected http:url=https://HOST/PATH');
      return { kind: 'http', url, ...optional('insecure', readChoice('insecure', options, BOOLEANS)) };
    },
  },
  llm: {
    options: ['model', 'backend', 'output', 'temperature', 'max_tokens', 'seed'],
    read: (options) => ({
      kind: 'llm',
      ...optional('model', options.get('model')),
      ...optional('backend', options.get('backend')),
      ...optional('output', readChoice('output', options, OUTPUTS)),
      ...optional('temperature', readNumber('temperature', options, { least: 0, most: 2 })),
      ...optional('maxTokens', readNumber('max_tokens', options, { least: 1, most: 1_000_000, isWhole: true })),
      ...optional('seed', readNumber('seed', options, { least: 0, most: 2 ** 32 - 1, isWhole: true })),
    }),
  },
  plugin: {
    options: undefined,
    read: (_options, text) => {
      const [, plugin, entry] = /^([\w-]{1,100})\/([\w.-]{1,100})$/.exec(text) ?? [];
      if (plugin !== undefined && entry !== undefined) return { kind: 'plugin', plugin, entry };
      throw invalid(`executor "plugin" is of ${shown(text)}; expected plugin:NAME/ENTRY`);
    },
  },
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);
const OUTPUTS: ReadonlyMap<string, PromptOutput> = new Map([
  ['text', 'text'],
  ['json', 'json'],
]);
const CHARACTERS_MAX = 4_096;

/**
 * Names of the executors that there are, as a specification begins.
 *
 * @public
 */
export const EXECUTOR_NAMES: readonly string[] = Object.keys(KINDS);

/**
 * Reads a specification: a name in any case, and after a colon its options, `name=value` with commas between; of a value a comma and a
 * per cent sign are written `%2C` and `%25`. `plugin` has `NAME/ENTRY` in place of options.
 *
 * @throws {GuardError} `EXECUTOR_INVALID` where the executor or an option is not known (the message has the nearest, and lists what there
 *   is), an option stands twice or is empty, is missing, or is out of its range.
 * @see X002-12, X002-14.
 * @public
 */
export function parseExecutorSpec(text: string): ExecutorSpec {
  if (text.length > CHARACTERS_MAX)
    throw invalid(`the executor has ${text.length} characters; expected at most ${CHARACTERS_MAX}`);
  const at = text.indexOf(':');
  const name = (at === -1 ? text : text.slice(0, at)).trim().toLowerCase();
  const rest = at === -1 ? '' : text.slice(at + 1).trim();
  if (!isKind(name)) throw unknown('executor', name, EXECUTOR_NAMES);
  const { options, read } = KINDS[name];
  return read(options === undefined ? new Map() : readOptions(rest, name, options), rest);
}

function isKind(name: string): name is ExecutorSpec['kind'] {
  return Object.hasOwn(KINDS, name);
}

function readOptions(text: string, name: string, known: readonly string[]): Texts {
  const values = new Map<string, string>();
  for (const part of text === '' ? [] : text.split(',')) {
    const at = part.indexOf('=');
    const value = at === -1 ? '' : decoded(part.slice(at + 1).trim());
    if (value === '') throw invalid(`option ${shown(part)} of executor "${name}" has no value; expected name=value`);
    const key = part.slice(0, at).trim().toLowerCase();
    if (!known.includes(key)) throw unknown(`option of executor "${name}"`, key, known);
    if (values.has(key)) throw invalid(`option ${key} of executor "${name}" stands there twice; expected it once`);
    values.set(key, value);
  }
  return values;
}

/** Only what would end a value: a URL's own escapes stay as they are. */
function decoded(value: string): string {
  return value.replaceAll(/%2c/gi, ',').replaceAll('%25', '%');
}

function readChoice<Value>(name: string, options: Texts, choices: ReadonlyMap<string, Value>): Value | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const value = choices.get(text.toLowerCase());
  if (value === undefined)
    throw invalid(`option ${name} is ${shown(text)}; expected ${[...choices.keys()].join(' or ')}`);
  return value;
}

type Range = { readonly least: number; readonly most: number; readonly isWhole?: boolean };

function readNumber(name: string, options: Texts, { least, most, isWhole = false }: Range): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value;
  throw invalid(
    `option ${name} is ${shown(text)}; expected a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`,
  );
}

/** A field that is there only where it has a value. */
function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  // As the type: a computed name makes a type of any text.
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: Value };
}

function unknown(what: string, name: string, known: readonly string[]): GuardError {
  const list =
    known.length === 0
      ? 'it takes none'
      : `did you mean ${closest(name.slice(0, 80), [...known])}? available: ${known.join(', ')}`;
  return invalid(`${what} ${shown(name)} is not known; ${list}`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function invalid(message: string): GuardError {
  return new GuardError('EXECUTOR_INVALID', message);
}
