/**
 * What a task asks to have executed, read as hostile.
 */
import type { JsonObject, JsonValue } from '@bulkhead/sdk';

/** Thrown for a payload that is none; its message says what was expected. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
}

/** Bounds that both forms have. */
export type Bounds = { readonly timeoutMs: number; readonly memoryMb: number; readonly repeats: number };

/** Where it runs: in a container of an image, or else in the sandbox of the machine. */
export type Where = { readonly image?: string };

/** A function and the arguments of each of its cases. */
export type FunctionPayload = Bounds &
  Where & {
    readonly lang: 'js' | 'ts';
    readonly source: string;
    readonly entry: string;
    /** None where it is to be loaded and not called. */
    readonly cases: readonly (readonly JsonValue[])[];
    /** One list of arguments was given, rather than cases or none. */
    readonly isOneCall: boolean;
  };

/** A command; what of it fits is the host's to judge. */
export type CommandPayload = Bounds &
  Where & {
    readonly command: string;
    readonly args: readonly string[];
    readonly files: Readonly<Record<string, string>>;
    readonly stdin: string;
    readonly collect: readonly string[];
  };

/** 200 KiB, as of a diff (F000-45). */
const SOURCE_BYTES_MAX = 204_800;
const CASES_MAX = 1_000;
const CASES_BYTES_MAX = 1024 * 1024;
const ENTRY = /^[A-Za-z_$][A-Za-z0-9_$]{0,127}$/;
const utf8 = new TextEncoder();

/**
 * Reads it.
 *
 * @throws {PayloadError}
 */
export function readPayload(payload: JsonObject): FunctionPayload | CommandPayload {
  return payload['lang'] === undefined ? readCommand(payload) : readFunction(payload);
}

function readFunction(payload: JsonObject): FunctionPayload {
  const { lang, source, entry_fn: entry, args, cases } = payload;
  if (lang !== 'js' && lang !== 'ts') throw wrong('lang', lang, '"js" or "ts"');
  if (typeof source !== 'string') throw wrong('source', source, 'the text of a module');
  const bytes = utf8.encode(source).length;
  if (bytes > SOURCE_BYTES_MAX)
    throw new PayloadError(`source has ${bytes} bytes; expected at most ${SOURCE_BYTES_MAX}`);
  if (typeof entry !== 'string' || !ENTRY.test(entry))
    throw wrong('entry_fn', entry, 'the name of an exported function');
  if (args !== undefined && cases !== undefined)
    throw new PayloadError('args and cases are both given; expected one of them');
  const isOneCall = args !== undefined;
  return { ...boundsOf(payload), ...whereOf(payload), lang, source, entry, cases: casesOf(args, cases), isOneCall };
}

function casesOf(args: JsonValue | undefined, cases: JsonValue | undefined): readonly (readonly JsonValue[])[] {
  if (args === undefined && cases === undefined) return [];
  const listed = cases ?? [args ?? []];
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > CASES_MAX)
    throw wrong('cases', cases, `1 to ${CASES_MAX} lists of arguments`);
  const bytes = utf8.encode(JSON.stringify(listed)).length;
  if (bytes > CASES_BYTES_MAX)
    throw new PayloadError(`the arguments have ${bytes} bytes; expected at most ${CASES_BYTES_MAX}`);
  return listed.map((one) => {
    if (!Array.isArray(one)) throw wrong(cases === undefined ? 'args' : 'cases', one, 'a list of arguments');
    return one;
  });
}

function readCommand(payload: JsonObject): CommandPayload {
  const { command, args = [], files = {}, stdin = '', collect = [] } = payload;
  if (typeof command !== 'string') throw wrong('command', command, 'the name of a program');
  if (typeof stdin !== 'string') throw wrong('stdin', stdin, 'a text');
  return {
    ...boundsOf(payload),
    ...whereOf(payload),
    ...{ command, stdin, args: textsOf('args', args), collect: textsOf('collect', collect) },
    files: filesOf(files),
  };
}

function textsOf(name: string, value: JsonValue): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw wrong(name, value, 'a list of texts');
}

function filesOf(value: JsonValue): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('files', value, 'texts by name');
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      if (typeof text !== 'string') throw wrong(`files.${name}`, text, 'a text');
      return [name, text];
    }),
  );
}

function whereOf({ image }: JsonObject): Where {
  if (image === undefined) return {};
  // What is a name the host says.
  if (typeof image !== 'string') throw wrong('image', image, 'the name of an image, such as "node:26"');
  return { image };
}

function boundsOf(payload: JsonObject): Bounds {
  return {
    timeoutMs: countOf(payload, 'timeout_ms', { usual: 10_000, most: 300_000 }),
    memoryMb: countOf(payload, 'memory_mb', { usual: 1_024, most: 4_096 }),
    repeats: countOf(payload, 'repeats', { usual: 1, most: 100 }),
  };
}

function countOf(
  payload: JsonObject,
  name: string,
  { usual, most }: { readonly usual: number; readonly most: number },
) {
  const value = payload[name] ?? usual;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw wrong(name, value, `an integer from 1 to ${most}`);
}

function wrong(name: string, value: JsonValue | undefined, expected: string): PayloadError {
  const shown = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 80);
  return new PayloadError(`${name} is ${shown}; expected ${expected}`);
}
