/**
 * Reads what an executor answered as if it meant harm: a plugin's, a server's and a container's answers are made by code that nobody
 * here wrote. What comes out holds only known keys, of their types, within bounds; it shares nothing with what came in.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { isPlain } from '../task/json.ts';
import { EXECUTION_ERRORS, failed, type Execution, type ExecutionErrorType } from './executor.ts';
import { cleanText, ERROR_CHARACTERS_MAX, OUTPUT_BYTES_MAX } from './texts.ts';

/**
 * What is known of a run beside its answer.
 *
 * @public
 */
export type MeasuredRun = {
  /** Milliseconds by our clock; an answer that says more is not believed. */
  readonly durationMs: number;
  /** Bytes of JSON that a result may have; {@link RESULT_BYTES_MAX} where not said. */
  readonly resultBytesMax?: number;
};

/** Bytes of JSON of a result: what a plugin may answer by default, too. */
export const RESULT_BYTES_MAX = 1_048_576;
/** Levels of arrays and objects of a result. */
const RESULT_DEPTH_MAX = 64;

const MEASURES = ['cpu_ms', 'peak_rss_bytes', 'tokens_total', 'cost_usd'] as const;
const WORD_CHARACTERS_MAX = 100;

/**
 * An executor's answer as an execution (F002-9 to F002-16). `success` is strictly true or false; a success without `result` has the
 * result null; `result` is JSON of at most 64 levels; `stdout` and `stderr` are clipped to 64 KiB and `error` to 2,000 characters, all
 * without escape codes; `cpu_ms`, `peak_rss_bytes`, `tokens_total` and `cost_usd` are kept, other keys and keys that would reach a
 * prototype dropped. `null` stands for what is left out.
 *
 * @returns An answer of any other shape as `parse_error`, with what is wrong and where; never throws, whatever it is given.
 * @remarks Idempotent for the same `measured`. Work is bounded by `resultBytesMax`, but for what a Proxy does when it is read.
 *
 * @public
 */
export function normalizeExecution(answer: unknown, measured: MeasuredRun): Execution {
  try {
    return read(answer, measured);
  } catch (error) {
    const what = error instanceof Unfit ? error.message : 'the answer cannot be read: reading it throws';
    return failed('parse_error', cleanText(what, ERROR_CHARACTERS_MAX), measured);
  }
}

/** Ends the reading; only its message leaves this file. */
class Unfit extends Error {}

function read(answer: unknown, measured: MeasuredRun): Execution {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw new Unfit(`the answer is ${kindOf(answer)}; expected an object with success`);
  const field = (name: string): unknown =>
    (Object.hasOwn(answer, name) ? Reflect.get(answer, name) : undefined) ?? undefined;
  const success = field('success');
  if (typeof success !== 'boolean') throw new Unfit(`success is ${kindOf(success)}; expected true or false`);
  const told = {
    duration_ms: Math.min(numberAt('duration_ms', field('duration_ms')) ?? measured.durationMs, measured.durationMs),
    stdout: outputOf('stdout', field('stdout')),
    stderr: outputOf('stderr', field('stderr')),
    ...measuresOf(field),
  };
  if (!success) return { success, ...told, ...reasonOf(field) };
  const budget = { bytesLeft: measured.resultBytesMax ?? RESULT_BYTES_MAX };
  return { success, result: copyJson(field('result') ?? null, { place: 'result', depth: 0, budget }), ...told };
}

type Field = (name: string) => unknown;

function measuresOf(field: Field): Readonly<Partial<Record<(typeof MEASURES)[number], number>>> {
  const told = MEASURES.map((name) => [name, numberAt(name, field(name))] as const);
  return Object.fromEntries(told.filter(([, value]) => value !== undefined));
}

/** Why it failed; the code of a known type where none is given. */
function reasonOf(field: Field): Pick<Execution, 'error' | 'error_type' | 'error_code'> {
  const error = textAt('error', field('error')) ?? 'the executor gives no reason';
  const type = textAt('error_type', field('error_type'));
  const code = textAt('error_code', field('error_code')) ?? codeOf(type);
  return {
    error: cleanText(error, ERROR_CHARACTERS_MAX),
    ...(type !== undefined && { error_type: cleanText(type, { characters: WORD_CHARACTERS_MAX }) }),
    ...(code !== undefined && { error_code: cleanText(code, { characters: WORD_CHARACTERS_MAX }) }),
  };
}

function codeOf(type: string | undefined): string | undefined {
  if (type === undefined || !Object.hasOwn(EXECUTION_ERRORS, type)) return undefined;
  return EXECUTION_ERRORS[type as ExecutionErrorType].code; // It is one of the keys.
}

function outputOf(name: string, value: unknown): string {
  return cleanText(textAt(name, value) ?? '', OUTPUT_BYTES_MAX);
}

function textAt(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new Unfit(`${name} is ${kindOf(value)}; expected a text`);
}

function numberAt(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value + 0; // No -0.
  throw new Unfit(`${name} is ${typeof value === 'number' ? value : kindOf(value)}; expected a number from 0 up`);
}

type Spot = { readonly place: string; readonly depth: number; readonly budget: { bytesLeft: number } };

/** A copy that is JSON; each part is read once, so that a Proxy cannot answer differently when it is read again. */
function copyJson(value: unknown, spot: Spot): JsonValue {
  if (spot.depth > RESULT_DEPTH_MAX)
    throw new Unfit(`${spot.place} is nested more than ${RESULT_DEPTH_MAX} levels deep`);
  if (value === null || typeof value === 'boolean') return spend(value, spot);
  if (typeof value === 'string') return spend(value, spot);
  if (typeof value === 'number' && Number.isFinite(value)) return spend(value + 0, spot);
  if (Array.isArray(value)) return copyItems(value, spot);
  if (typeof value !== 'object' || !isPlain(value))
    throw new Unfit(`${spot.place} is ${typeof value === 'number' ? value : kindOf(value)}, which is no JSON`);
  return copyMembers(value, spot);
}

function copyItems(items: readonly unknown[], spot: Spot): readonly JsonValue[] {
  const copy: JsonValue[] = [];
  const count = items.length;
  take(2, spot);
  for (let index = 0; index < count; index += 1) {
    if (index > 0) take(1, spot);
    copy.push(copyJson(items[index], { ...spot, place: `${spot.place}[${index}]`, depth: spot.depth + 1 }));
  }
  return copy;
}

function copyMembers(value: object, spot: Spot): JsonObject {
  const members: [string, JsonValue][] = [];
  take(2, spot);
  for (const key of Object.keys(value)) {
    const member: unknown = Reflect.get(value, key);
    if (isPoisoned(key, member)) continue;
    take(members.length > 0 ? 2 : 1, spot);
    spend(key, spot);
    members.push([key, copyJson(member, { ...spot, place: placeOf(spot.place, key), depth: spot.depth + 1 })]);
  }
  return Object.fromEntries(members);
}

/** The same rule as for what guests of the host send (FAULTS 52). */
function isPoisoned(key: string, member: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype');
}

function placeOf(place: string, key: string): string {
  return `${place}.${key.slice(0, WORD_CHARACTERS_MAX)}`;
}

/** Takes what a value without parts costs as JSON. */
function spend<T extends string | number | boolean | null>(value: T, spot: Spot): T {
  if (typeof value === 'string') take(value.length, { ...spot, budget: { ...spot.budget } }); // Not written where it cannot fit.
  take(Buffer.byteLength(JSON.stringify(value)), spot);
  return value;
}

function take(bytes: number, { budget, place }: Spot): void {
  if (bytes > budget.bytesLeft) throw new Unfit(`the result is larger than it may be; the bytes ran out at ${place}`);
  budget.bytesLeft -= bytes; // The budget is one object for the whole walk.
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
