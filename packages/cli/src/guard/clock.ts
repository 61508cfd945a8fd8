/**
 * Time as guard takes it: the machine's.
 */
import type { EvaluationClock } from '@bulkhead/guard';

/** The clock of this process. */
export const CLOCK: EvaluationClock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  startTimer: (delayMs, didElapse) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};
