/**
 * The five states of a plugin for one scope, as a pure step function (X001-1, DESIGN 3). It holds no clock, no reason and
 * no breaker; the registry owns the value and keeps the history.
 *
 *              loaded                initialized
 *   (any) ──────────────▶ LOADED ─────────────────▶ INITIALIZED
 *                            │                        ▲      │
 *                 failed     │                        │ good │ bad call, failed
 *            ┌───────────────┘                        │ call ▼
 *            ▼        a good call, breaker not open   │
 *         FAILED ─────────────────────────────────────┘         unavailable
 *                                                      (any) ──────────────▶ UNAVAILABLE
 *   RUNNING is shown over each of them while at least one call is in flight; when the last one ends, the standing shows.
 *
 * I1: RUNNING is shown exactly while `callsInFlight` is at least 1.
 * I2: `callsInFlight` is never negative, and goes up and down by one.
 * I3: UNAVAILABLE is left by `loaded`, `initialized` or `failed` alone, never by a call: somebody has to provide something.
 * I4: A call that was not judged (cancelled, denied, lost with its guest) changes nothing but the count.
 */
import type { LifecycleState } from '@bulkhead/protocol';

/** Where a plugin stands when no call is in flight. */
export type Standing = Exclude<LifecycleState, 'RUNNING'>;

/** The whole state; `callsInFlight` is of one plugin and scope. */
export type Lifecycle = { readonly standing: Standing; readonly callsInFlight: number };

/** What can happen; also the `cause` of a transition. */
export type LifecycleEvent =
  | 'loaded'
  | 'initialized'
  | 'failed'
  | 'unavailable'
  | 'call_started'
  | 'call_succeeded'
  | 'call_succeeded_breaker_open'
  | 'call_failed'
  | 'call_unavailable'
  | 'call_unjudged';

/** Known, and nothing of it has been run yet. */
export const LOADED: Lifecycle = { standing: 'LOADED', callsInFlight: 0 };

/** Returns the state after an event. Every event is legal in every state: a late one must not throw on the call path. */
export function next(lifecycle: Lifecycle, event: LifecycleEvent): Lifecycle {
  switch (event) {
    case 'loaded':
      return { ...lifecycle, standing: 'LOADED' };
    case 'initialized':
      return { ...lifecycle, standing: 'INITIALIZED' };
    case 'failed':
      return { ...lifecycle, standing: 'FAILED' };
    case 'unavailable':
      return { ...lifecycle, standing: 'UNAVAILABLE' };
    case 'call_started':
      return { standing: lifecycle.standing, callsInFlight: lifecycle.callsInFlight + 1 };
    default:
      return {
        standing: standingAfterCall(lifecycle.standing, event),
        callsInFlight: Math.max(0, lifecycle.callsInFlight - 1),
      };
  }
}

/** Returns the state as every plane shows it (I1). */
export function stateOf(lifecycle: Lifecycle): LifecycleState {
  return lifecycle.callsInFlight > 0 ? 'RUNNING' : lifecycle.standing;
}

type CallEnd = Exclude<LifecycleEvent, 'loaded' | 'initialized' | 'failed' | 'unavailable' | 'call_started'>;

function standingAfterCall(standing: Standing, event: CallEnd): Standing {
  if (event === 'call_unavailable') return 'UNAVAILABLE';
  if (standing === 'UNAVAILABLE' || event === 'call_unjudged') return standing;
  if (event === 'call_failed') return 'FAILED';
  return event === 'call_succeeded' || standing === 'LOADED' ? 'INITIALIZED' : standing;
}
