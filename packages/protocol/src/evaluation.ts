/**
 * The words of an evaluation that plugins and the platform share: how one run of an implementation ended, and what monitors are
 * told and tell.
 */
import type { JsonObject, JsonValue } from './json.ts';

/**
 * How one run of an implementation ended (F002-9 to F002-16).
 *
 * @public
 */
export type ExecutionResult = {
  readonly success: boolean;
  /** What the function answered; there where `success` is true. */
  readonly result?: JsonValue;
  /** What went wrong; there where `success` is false. */
  readonly error?: string;
  readonly duration_ms: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Category of the error, such as `timeout`. */
  readonly error_type?: string;
  /** Code of the error, such as `SANDBOX_TIMEOUT` (X002-12). */
  readonly error_code?: string;
};

/**
 * What is about to be evaluated (F002-22, X002-11).
 *
 * @public
 */
export type MonitorContext = { readonly task: string; readonly total_cases: number };

/**
 * One result of one side of one test case (F002-23, X002-11). Monitors of one run share the object, and none may change it.
 *
 * @public
 */
export type MonitorRecord = {
  /** From 0. */
  readonly case_index: number;
  readonly role: 'baseline' | 'candidate';
  readonly duration_ms: number;
  readonly success: boolean;
  /** What the executor answered. */
  readonly result: JsonObject;
};

/**
 * Something that whoever decides should see, such as `{ type: 'latency_regression', ratio: 1.4 }` (X002-10).
 *
 * @public
 */
export type MonitorAlert = JsonObject & { readonly type: string };

/**
 * What a monitor found (F002-24). `alerts` is empty where all is fine.
 *
 * @public
 */
export type MonitorSummary = {
  /** Its identifier. */
  readonly id: string;
  readonly summary: JsonObject;
  readonly alerts: readonly MonitorAlert[];
};

/**
 * What an entry point, or its module, may say of itself as `PLUGIN_METADATA` (F002-26 to F002-29).
 *
 * @public
 */
export type EntryMetadata = {
  readonly name: string;
  readonly version: string;
  /** Asks for a process of its own; every plugin has one anyway. */
  readonly sandbox?: boolean;
};
