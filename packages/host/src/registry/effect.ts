/**
 * What an outcome does to the registry (CONTRACTS decision 15), as one table over every code of the error table.
 * It decides; the registry applies. Nothing here allocates: each answer is one of a few constants.
 */
import { ERRORS, isErrorCode, type ErrorCode, type OutcomeKind } from '@bulkhead/protocol';

/**
 * Effect of one call. `standing` is where the call leaves the plugin, undefined where it changes nothing; `counts` is
 * the counter that goes up by one; `endsGuest` says that a guest which died of it counts for the breaker.
 */
export type Effect = {
  readonly standing: 'INITIALIZED' | 'FAILED' | 'UNAVAILABLE' | undefined;
  readonly counts: 'success' | 'error' | undefined;
  readonly endsGuest: boolean;
};

/** Code and kind of a call's error; the rest of a CallError does not matter here. */
export type EffectSource = { readonly code: string; readonly kind: OutcomeKind };

const GOOD: Effect = { standing: 'INITIALIZED', counts: 'success', endsGuest: false };
const FAILED: Effect = { standing: 'FAILED', counts: 'error', endsGuest: false };
const FATAL: Effect = { standing: 'FAILED', counts: 'error', endsGuest: true };
const UNAVAILABLE: Effect = { standing: 'UNAVAILABLE', counts: undefined, endsGuest: false };
/** The effect of a call for which the plugin did not run, however it ended. */
export const NONE: Effect = { standing: undefined, counts: undefined, endsGuest: false };

const BY_KIND: Readonly<Record<OutcomeKind, Effect>> = {
  tool_error: FAILED,
  invalid_input: NONE,
  invalid_output: FAILED,
  output_too_large: FAILED,
  denied: NONE,
  over_quota: NONE,
  overloaded: NONE,
  timeout: FATAL,
  out_of_memory: FATAL,
  crashed: FATAL,
  cancelled: NONE,
  protocol_violation: FATAL,
  breaker_open: NONE,
  unavailable: NONE,
  disabled: NONE,
  not_found: NONE,
  host_restart: NONE,
};

/** Codes whose effect is not their kind's. */
const BY_CODE: Partial<Readonly<Record<ErrorCode, Effect>>> = {
  // Another call ended the guest: this one was not at fault (DESIGN 6).
  GUEST_LOST: NONE,
  // The answer came in time, but the flood itself ended the guest (FAULTS 36).
  LOG_FLOOD: FATAL,
  // Found while a call loaded the plugin; other codes of the kind are the host's trouble, not the plugin's.
  PLUGIN_UNAVAILABLE: UNAVAILABLE,
  SANDBOX_TOO_WEAK: UNAVAILABLE,
  ARTIFACT_CORRUPT: UNAVAILABLE,
};

const TABLE: ReadonlyMap<string, Effect> = new Map(
  Object.entries(ERRORS).map(([code, row]) => [code, isErrorCode(code) ? (BY_CODE[code] ?? BY_KIND[row.kind]) : NONE]),
);

/**
 * Returns what a call's end does to state, counters and breaker.
 *
 * @param error - The call's error, or undefined for a good call. An unknown code has the effect of its kind.
 * @remarks O(1), allocates nothing. A timeout whose deadline the caller shortened has the same effect here; that it
 *   does not count for the breaker is decided where the death is reported.
 */
export function effectOf(error: EffectSource | undefined): Effect {
  if (error === undefined) return GOOD;
  return TABLE.get(error.code) ?? BY_KIND[error.kind];
}
