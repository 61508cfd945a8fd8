/**
 * Turns JSON into a task or a result, or says everything that is wrong with it at once; and makes new tasks. It reads no clock and makes
 * no randomness of its own.
 *
 * What is parsed has its fields in the order of its type and no others, so `JSON.stringify` writes each the same way everywhere: that
 * is the wire (X000-6, JSON only).
 */
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import type { Finding } from './finding.ts';
import { inspectJson, isJsonObject, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import { once } from './once.ts';
import { ResultSchema, TASK_BOUNDS, TaskSchema } from './task-schema.ts';
import { RESULT_STATUSES, TASK_KINDS, TASK_SCHEMA_VERSION, type Result, type Task, type TaskKind } from './task.ts';

/**
 * A task of a later schema than this version reads. Whoever is given one answers `status: "error"` (X000-5), as
 * {@link newerTaskResult} does; `task_id` is null where it has none that could be answered for.
 *
 * @experimental
 */
export type NewerTask = {
  readonly ok: false;
  readonly kind: 'newer';
  readonly task_id: string | null;
  readonly schema_v: number;
  readonly supported: number;
};

/**
 * What is no task or result: every finding, each with its JSON path, such as `task#/requires/2`.
 *
 * @experimental
 */
export type InvalidTask = { readonly ok: false; readonly kind: 'invalid'; readonly findings: readonly Finding[] };

/**
 * What came of parsing a task.
 *
 * @experimental
 */
export type TaskResult = { readonly ok: true; readonly task: Task } | NewerTask | InvalidTask;

/**
 * What came of parsing a result.
 *
 * @experimental
 */
export type ParsedResult = { readonly ok: true; readonly result: Result } | InvalidTask;

/**
 * Parses a task.
 *
 * @param json - Text, or what `JSON.parse` made of it, which is then the parser's: keys that would reach a prototype are removed from it.
 * @returns the task with no field but its own, that it is of a later schema, or every finding (`TASK_INVALID`).
 * @experimental
 */
export function parseTask(json: unknown): TaskResult {
  const read = readObject(json, TASK);
  if (!read.ok) return read;
  const { value } = read;
  const { schema_v: version } = value;
  if (typeof version === 'number' && Number.isSafeInteger(version) && version > TASK_SCHEMA_VERSION) {
    const { id } = value;
    const isId = typeof id === 'string' && ID.test(id) && id.length <= TASK_BOUNDS.idCharacters;
    return { ok: false, kind: 'newer', task_id: isId ? id : null, schema_v: version, supported: TASK_SCHEMA_VERSION };
  }
  const findings = findingsOf(value, TASK);
  if (findings.length > 0) return { ok: false, kind: 'invalid', findings };
  const { kind, id, payload, requires, attempts, created_at, schema_v } = value as Task; // The schema has just said so.
  return { ok: true, task: { kind, id, payload, requires, attempts, created_at, schema_v } };
}

/**
 * Parses a result.
 *
 * @param json - As for {@link parseTask}.
 * @returns the result with no field but its own, or every finding (`RESULT_INVALID`).
 * @experimental
 */
export function parseResult(json: unknown): ParsedResult {
  const read = readObject(json, RESULT);
  if (!read.ok) return read;
  const findings = findingsOf(read.value, RESULT);
  if (findings.length > 0) return { ok: false, kind: 'invalid', findings };
  const { task_id, status, data, created_at, attempts } = read.value as Result; // The schema has just said so.
  return { ok: true, result: { task_id, status, data, created_at, attempts } };
}

/**
 * Makes the result with which whoever does not know the schema of a task answers it (X000-5). It is worth another attempt, for another
 * worker may know it.
 *
 * @param now - Milliseconds since the epoch.
 * @returns undefined where the task has no id that could be answered for.
 * @experimental
 */
export function newerTaskResult({ task_id, schema_v, supported }: NewerTask, now: number): Result | undefined {
  if (task_id === null) return undefined;
  const message = `the task has schema_v ${schema_v}; this worker reads up to ${supported}`;
  const data = { retryable: true, code: 'TASK_SCHEMA_NEWER', message };
  return { task_id, status: 'error', data, created_at: wholeSeconds(now), attempts: 1 };
}

/**
 * What a new task says of itself; `payload` is `{}` and `requires` none where they are left out.
 *
 * @experimental
 */
export type NewTaskFields = {
  readonly kind: TaskKind;
  readonly payload?: JsonObject;
  readonly requires?: readonly string[];
};

/**
 * Where a new task has its id and its time from; `randomBytes` as that of `node:crypto`, or one that is seeded.
 *
 * @experimental
 */
export type TaskSource = {
  readonly randomBytes: (count: number) => Uint8Array;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/**
 * Makes a task that nobody has tried yet; its id has 32 hexadecimal digits.
 *
 * @throws {TypeError} With every finding, where that would be no task.
 * @experimental
 */
export function createTask({ kind, payload = {}, requires = [] }: NewTaskFields, source: TaskSource): Task {
  const id = Array.from(source.randomBytes(ID_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const created_at = wholeSeconds(source.now());
  const task: Task = { kind, id, payload, requires, attempts: 0, created_at, schema_v: TASK_SCHEMA_VERSION };
  const parsed = parseTask(structuredClone(task));
  if (parsed.ok) return Object.freeze(parsed.task);
  throw new TypeError(parsed.kind === 'invalid' ? parsed.findings.map(({ message }) => message).join('; ') : 'newer');
}

const ID_BYTES = 16;
const ID = /^[0-9a-f]{16,}$/u;

type Form = {
  readonly name: 'task' | 'result';
  readonly id: 'TASK_INVALID' | 'RESULT_INVALID';
  readonly schema: () => { readonly Check: (value: unknown) => boolean; readonly Errors: (value: unknown) => Errors };
};
type Errors = readonly {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
}[];

const TASK: Form = { name: 'task', id: 'TASK_INVALID', schema: once(() => Compile(TaskSchema)) };
const RESULT: Form = { name: 'result', id: 'RESULT_INVALID', schema: once(() => Compile(ResultSchema)) };

type Read = { readonly ok: true; readonly value: JsonObject } | InvalidTask;

function readObject(json: unknown, form: Form): Read {
  const value = typeof json === 'string' ? parsedText(json) : json;
  if (!isJsonObject(value)) {
    const found = typeof json === 'string' && value === undefined ? 'no JSON' : shown(value);
    return invalid(finding(form, { path: '', message: `is ${found}; expected an object` }));
  }
  const fault = inspectJson(value, { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.json_keys.value });
  if (fault === undefined) return { ok: true, value };
  const what = fault.kind === 'too_deep' ? 'levels deep' : 'keys and items large';
  return invalid(
    finding(form, { path: '', message: `is ${fault.observed} ${what}; at most ${fault.allowed} are read` }),
  );
}

function parsedText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // No JSON has this value.
  }
}

function invalid(one: Finding): InvalidTask {
  return { ok: false, kind: 'invalid', findings: [one] };
}

/** One finding for each place, whatever all is wrong there. */
function findingsOf(value: JsonObject, form: Form): readonly Finding[] {
  const messages = new Map<string, string>();
  for (const [path, message] of [...schemaFaults(value, form), ...timeFaults(value)]) {
    if (!messages.has(path)) messages.set(path, message);
  }
  const places = [...messages].slice(0, LIMITS.findings.value);
  return places.map(([path, message]) => finding(form, { path, message }));
}

type Fault = readonly [path: string, message: string];

function schemaFaults(value: JsonObject, { schema }: Form): readonly Fault[] {
  if (schema().Check(value)) return [];
  const faults = allErrors(value, schema).flatMap(({ keyword, instancePath, params }): readonly Fault[] => {
    if (keyword === 'required') return missingIn(params).map((name) => [`/${name}`, missing(name)]);
    return [[instancePath, `is ${shown(at(value, instancePath))}; expected ${expectedAt(instancePath)}`]];
  });
  // Whatever the library tells of, what it refused is refused.
  return faults.length > 0 ? faults : [['', 'does not fit its schema']];
}

/** The library stops at 8 errors unless told otherwise, for the whole process; so it is told for this one question. */
function allErrors(value: JsonObject, schema: Form['schema']): Errors {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: LIMITS.json_keys.value });
  try {
    return schema().Errors(value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

function missingIn(params: object): readonly string[] {
  const names: unknown = 'requiredProperties' in params ? params.requiredProperties : undefined;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function missing(name: string): string {
  return `is missing; expected ${expectedAt(`/${name}`)}`;
}

/** A time that the pattern lets pass, such as the 30th of February. */
function timeFaults({ created_at: text }: JsonObject): readonly Fault[] {
  if (typeof text !== 'string') return [];
  const time = Date.parse(text);
  if (!Number.isNaN(time) && wholeSeconds(time) === text) return [];
  return [['/created_at', `is ${shown(text)}; expected ${expectedAt('/created_at')}`]];
}

const ID_WORDS = `16 to ${TASK_BOUNDS.idCharacters} hexadecimal digits in lower case`;
const EXPECTED: ReadonlyMap<string, string> = new Map([
  ['kind', `one of ${TASK_KINDS.join(', ')}`],
  ['id', ID_WORDS],
  ['task_id', ID_WORDS],
  ['payload', 'an object'],
  ['data', 'an object'],
  ['status', `one of ${RESULT_STATUSES.join(', ')}`],
  ['requires', `a list of at most ${TASK_BOUNDS.tags} tags, none twice`],
  ['attempts', 'a whole number, of a task at least 0, of a result at least 1'],
  ['created_at', 'a time in UTC with whole seconds, such as "2026-01-01T12:00:00Z"'],
  ['schema_v', 'a whole number of at least 1'],
]);

function expectedAt(path: string): string {
  const [, name = '', ...inside] = path.split('/');
  if (name === 'requires' && inside.length > 0) {
    return `a tag of a-z, 0-9, "-" and "_" such as "docker", at most ${TASK_BOUNDS.tagCharacters} characters`;
  }
  return EXPECTED.get(name) ?? 'another value';
}

function at(value: JsonObject, path: string): unknown {
  let node: unknown = value;
  for (const key of path.split('/').slice(1)) {
    node = Array.isArray(node) ? node[Number(key)] : isJsonObject(node) ? node[key] : undefined;
  }
  return node;
}

const SHOWN_CHARACTERS = 80;

function shown(value: unknown): string {
  const written = JSON.stringify(value) ?? 'missing';
  return written.length > SHOWN_CHARACTERS ? `${written.slice(0, SHOWN_CHARACTERS)}…` : written;
}

function finding({ name, id }: Form, { path, message }: { readonly path: string; readonly message: string }): Finding {
  const where = path === '' ? `the ${name}` : `field "${path.slice(1).replaceAll('/', '.')}" of the ${name}`;
  return {
    id,
    severity: 'error',
    path: path === '' ? name : `${name}#${path}`,
    line: null,
    message: `${where} ${message}`,
    hint: `${name}.schema.json of @bulkhead/protocol describes it.`,
  };
}

function wholeSeconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
