/**
 * A timer as parts of the host are given it, so that their tests need no sleep.
 */

/** Calls `didElapse` once after the delay, unless the returned function cancels it first. */
export type StartTimer = (delayMs: number, didElapse: () => void) => () => void;

/** Timers of this process; each keeps it alive until it elapses or is cancelled. */
export const systemTimer: StartTimer = (delayMs, didElapse) => {
  const timer = setTimeout(didElapse, delayMs);
  return () => clearTimeout(timer);
};
