/**
 * Time for tests of queues: noon of the 1st of January 2026, and then only what a test lets pass.
 */
import type { Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';

const START = Date.UTC(2026, 0, 1, 12);

/** Time that passes only when it is told to; timers elapse in their order. */
export function createFakeTime() {
  let nowMs = 0;
  const timers = new Set<{ readonly at: number; readonly didElapse: () => void }>();
  const clock: Clock = { now: () => nowMs, wallTime: () => START + nowMs };
  const startTimer: StartTimer = (delayMs, didElapse) => {
    const timer = { at: nowMs + delayMs, didElapse };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  async function advance(ms: number): Promise<void> {
    const until = nowMs + ms;
    for (;;) {
      const [next] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      timers.delete(next);
      nowMs = Math.max(nowMs, next.at);
      next.didElapse();
      await Promise.resolve();
    }
    nowMs = until;
  }
  return { clock, startTimer, advance, timers };
}
