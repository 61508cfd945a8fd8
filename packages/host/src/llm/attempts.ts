/**
 * Whether a request that a backend did not answer is tried again, and when; and which backends are left alone for a while. Pure: time
 * and randomness are given.
 *
 *   closed --5 failures in a row--> open (30 s, doubling to 10 min) --time over--> half-open --good--> closed
 *                                     ^------------------------------- bad ----------'
 */
import { LIMITS, type CallError, type JsonObject } from '@bulkhead/protocol';

/** How an attempt failed, and what the backend said beside. */
export type FailedAttempt = { readonly error: CallError; readonly metadata: JsonObject | undefined };

const FIRST_WAIT_MS = 500;
const RETRIED_STATUSES: readonly number[] = [408, 409, 429];

/**
 * Tells whether another attempt may help: what the provider may answer later, and what is the plugin's end and not the request's.
 * What is wrong with the request, the key or the plugin's code stays wrong.
 */
export function mayHelpAgain({ error, metadata }: FailedAttempt): boolean {
  if (error.code !== 'PROVIDER_REFUSED') return error.retryable && error.kind !== 'cancelled';
  const status = numberOf(metadata, 'status');
  return status === undefined || status >= 500 || RETRIED_STATUSES.includes(status);
}

/**
 * How long to wait before attempt `next`, 1 for the second: what the provider asks for, or a random time up to a bound that doubles
 * ("full jitter"), so that those who failed together do not come again together. Milliseconds; undefined where the provider asks
 * for longer than anybody waits.
 */
export function waitBefore(next: number, { metadata }: FailedAttempt, random: number): number | undefined {
  const asked = numberOf(metadata, 'retry_after_ms');
  const longest = LIMITS.llm_wait_ms.value;
  if (asked !== undefined) return asked <= longest ? Math.max(0, asked) : undefined;
  return random * Math.min(longest, FIRST_WAIT_MS * 2 ** (next - 1));
}

const FAILURES_TO_OPEN = 5;
const FIRST_REST_MS = 30_000;
const REST_MS_MAX = 600_000;

/** What is known of a backend for a tenant; monotonic milliseconds. */
export type BackendRest = { readonly failures: number; readonly openings: number; readonly restsUntil: number };

/** Of a backend that nothing is known of. */
export const RESTED: BackendRest = { failures: 0, openings: 0, restsUntil: Number.NEGATIVE_INFINITY };

/** The next state after an attempt that went well, or that failed in a way which another one may mend. */
export function afterAttempt(rest: BackendRest, isGood: boolean, now: number): BackendRest {
  if (isGood) return RESTED;
  const failures = rest.failures + 1;
  if (failures < FAILURES_TO_OPEN && rest.openings === 0) return { ...rest, failures };
  const forMs = Math.min(REST_MS_MAX, FIRST_REST_MS * 2 ** rest.openings);
  return { failures: 0, openings: rest.openings + 1, restsUntil: now + forMs };
}

/** Milliseconds until a backend may be asked again; 0 where it may be now. */
export function restMs({ restsUntil }: BackendRest, now: number): number {
  return Math.max(0, restsUntil - now);
}

/** While one request finds out whether a backend is there again, others leave it alone: for as long as an attempt may take. */
export function whileProbing(rest: BackendRest, now: number, timeoutMs: number): BackendRest {
  return rest.openings === 0 ? rest : { ...rest, restsUntil: now + timeoutMs };
}

function numberOf(metadata: JsonObject | undefined, name: string): number | undefined {
  const value = metadata?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
