/**
 * How a call ended: a value, never thrown, the same over HTTP, MCP, the command line and the embedding API (DESIGN 4).
 */
import type { JsonObject, JsonValue } from './json.ts';
import type { Tier } from './receipt.ts';

/**
 * Closed list in its contractual order; the command line's exit codes count from it. Append only.
 *
 * @public
 */
export const OUTCOME_KINDS = [
  'tool_error',
  'invalid_input',
  'invalid_output',
  'output_too_large',
  'denied',
  'over_quota',
  'overloaded',
  'timeout',
  'out_of_memory',
  'crashed',
  'cancelled',
  'protocol_violation',
  'breaker_open',
  'unavailable',
  'disabled',
  'not_found',
  'host_restart',
] as const;

/**
 * A word of {@link OUTCOME_KINDS}.
 *
 * @public
 */
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/**
 * A bound that was reached: which, what it allows, what was seen, in which unit.
 *
 * @public
 */
export type LimitReached = {
  readonly name: string;
  readonly allowed: number;
  readonly observed: number;
  readonly unit: string;
};

/**
 * Why a call did not end well. `code` is of the error table; `message` names the value; `hint` is the next step;
 * `retry_after_ms` is when it is worth another try, in whole milliseconds, where that is known.
 *
 * @public
 */
export type CallError = {
  readonly kind: OutcomeKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly limit?: LimitReached;
  readonly retry_after_ms?: number;
};

/**
 * What was measured of a call. Times are milliseconds of the host's monotonic clock; `cpu_ms` and `peak_rss_bytes` are
 * the instance's over the time of the call, from the watchdog's samples, and null where no sample fell inside.
 * `stdout` and `stderr` are clipped and hold no control codes. Fields that no instance ever had are null.
 *
 * @public
 */
export type CallReport = {
  readonly call_id: string;
  readonly plugin: string;
  readonly version: string | null;
  readonly digest: string | null;
  readonly tenant: string;
  readonly target: string;
  readonly instance_id: string | null;
  readonly tier: Tier | null;
  readonly duration_ms: number;
  readonly queue_ms: number;
  readonly cpu_ms: number | null;
  readonly peak_rss_bytes: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly metadata?: JsonObject;
};

/**
 * Makes the report of a call that no instance ran, or of which nobody knows more.
 *
 * @internal
 */
export function unrunReport(about: Pick<CallReport, 'call_id' | 'plugin' | 'tenant' | 'target'>): CallReport {
  const { call_id, plugin, tenant, target } = about;
  return {
    call_id,
    plugin,
    version: null,
    digest: null,
    tenant,
    target,
    instance_id: null,
    tier: null,
    duration_ms: 0,
    queue_ms: 0,
    cpu_ms: null,
    peak_rss_bytes: null,
    stdout: '',
    stderr: '',
  };
}

/**
 * How a call ended: a value, never thrown.
 *
 * @public
 */
export type Outcome<T = JsonValue> =
  | { readonly ok: true; readonly value: T; readonly call: CallReport }
  | { readonly ok: false; readonly error: CallError; readonly call: CallReport };

/** What of an outcome decides the exit code. */
type Ending = { readonly ok: true } | { readonly ok: false; readonly error: Pick<CallError, 'kind'> };

/**
 * Exit code of `bulkhead call`: 0 for ok, else 10 for `tool_error` and one more for each kind in order (DESIGN 14).
 *
 * @public
 */
export function exitCodeOf(outcome: Outcome | Ending): number {
  return outcome.ok ? 0 : 10 + OUTCOME_KINDS.indexOf(outcome.error.kind);
}
