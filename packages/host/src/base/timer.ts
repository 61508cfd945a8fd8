/**
 * A timer as parts of the host are given it, so that their tests need no sleep; and how long one has to be for a deadline.
 */

/**
 * Calls `didElapse` once after the delay, unless the returned function cancels it first.
 *
 * @public
 */
export type StartTimer = (delayMs: number, didElapse: () => void) => () => void;

/** Timers of this process; each keeps it alive until it elapses or is cancelled. */
export const systemTimer: StartTimer = (delayMs, didElapse) => {
  const timer = setTimeout(didElapse, delayMs);
  return () => clearTimeout(timer);
};

/** Node's own maximum, 24 days: a longer delay would elapse at once, with a warning. No limit of ours comes near it. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * Returns the delay after which a deadline that is `leftMs` away has passed, for `setTimeout`: a whole number that it
 * takes without a warning; 0 where the deadline has passed, or is none.
 *
 * @remarks Node cuts the fraction off a delay and off the time that it counts from, so that a timer of the time left
 *   elapsed up to 1.7 ms early in a measured run, and one rounded up still 0.7 ms.
 */
export function timerDelayMs(leftMs: number): number {
  return leftMs > 0 ? Math.min(Math.ceil(leftMs) + 1, DELAY_MS_MAX) : 0;
}
