/**
 * Calls that a repair is judged by: as somebody writes them, one line of JSON each, or as a host recorded them.
 *
 *   {"tool": "pages", "params": {"items": 41, "size": 10}, "expect": 5}
 *   {"tool": "pages", "params": {"items": 40, "size": 10}}
 *   {"tool": "pages", "params": {"items": -1, "size": 10}, "expect_error": "TOOL_REPORTED_ERROR"}
 */
import type { RecordedCall } from '@bulkhead/host';
import { inspectJson, isJsonObject, type JsonObject, type JsonValue, type OutcomeKind } from '@bulkhead/protocol';
import { quoted } from '../edits/edit-bounds.ts';
import { EvolveError } from '../evolve-error.ts';

/**
 * What a call is to be answered: any value that the tool's schema takes, this value (equal as canonical JSON), or an error of this code.
 *
 * @public
 */
export type Expectation =
  | { readonly kind: 'any' }
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'error'; readonly code: string };

/**
 * A call. Without `expect` it is to be answered as it is now, whatever that is; `recorded` is what it was answered once, which counts
 * where the plugin does not even start.
 *
 * @public
 */
export type RepairCall = {
  readonly tool: string;
  readonly params: JsonObject;
  readonly expect?: Expectation;
  readonly recorded?: Expectation;
};

/**
 * Calls of one repair.
 * @public
 */
export const REPAIR_CALLS_MAX = 2_000;
const LINE_CHARACTERS_MAX = 1_048_576;
const BOUNDS = { depthMax: 64, keysMax: 100_000 };
const TOOL = /^[\w.-]{1,128}$/;
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;
const EXAMPLE =
  'expected {"tool", "params", "expect"?}, where "expect" is the right value or "ok" for any, or "expect_error" with a code';

/**
 * Reads a file of calls; empty lines are passed over. A line without `expect` expects any value.
 *
 * @throws {EvolveError} `REPAIR_INVALID` with which line of `name` is wrong.
 * @public
 */
export function parseRepairCalls(text: string, name: string): readonly RepairCall[] {
  const lines = text.split('\n');
  const calls = lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [callIn(line, `line ${index + 1} of ${name}`)],
  );
  if (calls.length > 0 && calls.length <= REPAIR_CALLS_MAX) return calls;
  throw new EvolveError('REPAIR_INVALID', `${name} has ${calls.length} calls; expected 1 to ${REPAIR_CALLS_MAX}`);
}

/**
 * Calls of recordings, the newest first: those that ended by the plugin's fault are to be answered with a value, those that a tool
 * answered or refused are to be answered as they are now. What ended for another reason, such as a missing permission, says nothing.
 *
 * @public
 */
export function callsOfRecordings(recorded: readonly RepairRecording[]): readonly RepairCall[] {
  return recorded.slice(0, REPAIR_CALLS_MAX).flatMap((one): readonly RepairCall[] => {
    const { tool, params, outcome, code, result } = one;
    if (!isJsonObject(params)) return [];
    if (outcome === 'ok') {
      return [{ tool, params, ...(result !== null && { recorded: { kind: 'value', value: result.value } }) }];
    }
    if (outcome === 'tool_error' && code === REPORTED) return [{ tool, params, recorded: { kind: 'error', code } }];
    return FAULTS.includes(outcome) ? [{ tool, params, expect: { kind: 'any' } }] : [];
  });
}

/**
 * What a repair reads of a recorded call.
 * @public
 */
export type RepairRecording = Pick<RecordedCall, 'tool' | 'params' | 'outcome' | 'code' | 'result'>;

/** What a tool answers where it says no. */
const REPORTED = 'TOOL_REPORTED_ERROR';
/** Ends that are the plugin's own doing. */
const FAULTS: readonly ('ok' | OutcomeKind)[] = [
  'tool_error',
  'invalid_output',
  'output_too_large',
  'timeout',
  'out_of_memory',
  'crashed',
  'protocol_violation',
];

function callIn(line: string, place: string): RepairCall {
  const value = parsed(line, place);
  if (!isJsonObject(value)) throw wrong(place, 'is no object');
  const { tool, params = {}, expect, expect_error: code, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(place, `has a member ${quoted(unknown)}`);
  if (typeof tool !== 'string' || !TOOL.test(tool)) throw wrong(place, 'names no tool');
  if (!isJsonObject(params)) throw wrong(place, 'has params that are no object');
  if (code === undefined) return { tool, params, expect: expectationOf(expect) };
  if (expect !== undefined) throw wrong(place, 'has both expect and expect_error');
  if (typeof code !== 'string' || !CODE.test(code)) throw wrong(place, 'has an expect_error that is no code');
  return { tool, params, expect: { kind: 'error', code } };
}

function expectationOf(expect: JsonValue | undefined): Expectation {
  return expect === undefined || expect === 'ok' ? { kind: 'any' } : { kind: 'value', value: expect };
}

function parsed(line: string, place: string): JsonValue {
  if (line.length > LINE_CHARACTERS_MAX) {
    throw wrong(place, `has ${line.length} characters, more than ${LINE_CHARACTERS_MAX}`);
  }
  try {
    const value = JSON.parse(line) as JsonValue; // JSON.parse gives nothing else.
    if (inspectJson(value, BOUNDS) === undefined) return value;
  } catch (cause) {
    throw wrong(place, 'is not JSON', cause);
  }
  throw wrong(place, 'is nested too deep, or has too many members');
}

function wrong(place: string, what: string, cause?: unknown): EvolveError {
  return new EvolveError('REPAIR_INVALID', `${place} ${what}; ${EXAMPLE}`, { cause });
}
