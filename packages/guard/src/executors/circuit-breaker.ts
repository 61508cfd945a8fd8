/**
 * Leaves a service alone that fails again and again (X002-12). Pure: time is given, and whoever asks keeps the state.
 *
 *   closed --5 failures in a row--> open --60 s over, asked--> probing --2 successes in a row--> closed
 *                                    ^------------ failed ------'
 *
 * B1: While open, nobody is let through; while probing, one at a time.
 * B2: What says nothing of the service (`left`) moves no count, and frees the probe's place.
 * B3: What was let through before it opened, and ends later, is not counted.
 */

/**
 * A breaker; milliseconds are of one monotonic clock.
 *
 * @public
 */
export type Breaker =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'probing'; readonly successes: number; readonly isTaken: boolean };

/** What happens to it: somebody asks, and what was let through ends well, badly, or so that nothing is known. */
export type BreakerEvent = {
  readonly kind: 'asked' | 'succeeded' | 'failed' | 'left';
  readonly nowMs: number;
};

const FAILURES_TO_OPEN = 5;
const SUCCESSES_TO_CLOSE = 2;
/** How long nobody is let through, in milliseconds. */
export const OPEN_MS = 60_000;

/** Where it begins. */
export const CLOSED: Breaker = { kind: 'closed', failures: 0 };

/** Milliseconds for which nobody is let through; 0 where whoever asks now is. While a probe is under way that is unknown: 1 second. */
export function breakerWaitMs(breaker: Breaker, nowMs: number): number {
  switch (breaker.kind) {
    case 'closed':
      return 0;
    case 'open':
      return Math.max(0, breaker.untilMs - nowMs);
    case 'probing':
      return breaker.isTaken ? PROBE_WAIT_MS : 0;
  }
}

const PROBE_WAIT_MS = 1_000;

/** The state after an event. `asked` is told only where {@link breakerWaitMs} is 0, and every one is followed by one of the others. */
export function nextBreaker(breaker: Breaker, { kind, nowMs }: BreakerEvent): Breaker {
  switch (breaker.kind) {
    case 'closed':
      return afterClosed(breaker.failures, kind, nowMs);
    case 'open':
      return kind === 'asked' && nowMs >= breaker.untilMs ? { kind: 'probing', successes: 0, isTaken: true } : breaker; // B1, B3
    case 'probing':
      return afterProbing(breaker.successes, kind, nowMs);
  }
}

function afterClosed(failures: number, kind: BreakerEvent['kind'], nowMs: number): Breaker {
  if (kind === 'succeeded') return CLOSED;
  if (kind !== 'failed') return { kind: 'closed', failures }; // B2
  return failures + 1 < FAILURES_TO_OPEN ? { kind: 'closed', failures: failures + 1 } : opened(nowMs);
}

function afterProbing(successes: number, kind: BreakerEvent['kind'], nowMs: number): Breaker {
  if (kind === 'failed') return opened(nowMs);
  if (kind !== 'succeeded') return { kind: 'probing', successes, isTaken: kind === 'asked' }; // B1, B2
  return successes + 1 < SUCCESSES_TO_CLOSE ? { kind: 'probing', successes: successes + 1, isTaken: false } : CLOSED;
}

function opened(nowMs: number): Breaker {
  return { kind: 'open', untilMs: nowMs + OPEN_MS };
}
