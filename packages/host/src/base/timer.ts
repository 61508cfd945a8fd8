/**
 * A timer as parts of the host are given it, so that their tests need no sleep.
 */

/** Calls `didElapse` once after the delay, unless the returned function cancels it first. */
export type StartTimer = (delayMs: number, didElapse: () => void) => () => void;

export const systemTimer: StartTimer = (delayMs, didElapse) => {
  const timer = setTimeout(didElapse, delayMs);
  return () => clearTimeout(timer);
};
