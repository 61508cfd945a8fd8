/**
 * One timer for many deadlines. Most calls end long before theirs: a timer for each, made and cleared, cost a busy host a fiftieth of its
 * time. This one is left as it is when a call ends, and looks at what is left when it elapses.
 */
import type { Clock } from './clock.ts';
import { timerDelayMs, type StartTimer } from './timer.ts';

/** The timer; deadlines are of the host's monotonic clock. */
export type DeadlineTimer = {
  /** Has it elapse at that deadline at the latest. O(1). */
  readonly watch: (deadline: number) => void;
  /** Lets it elapse no more. */
  readonly stop: () => void;
};

/** What it works with. */
export type DeadlineTimerOptions = {
  readonly clock: Pick<Clock, 'now'>;
  readonly startTimer: StartTimer;
  /** Ends what is over by now, and returns the earliest deadline that is left; Infinity where none is. */
  readonly didElapse: (now: number) => number;
};

/** Makes a timer that waits for nothing yet. */
export function createDeadlineTimer({ clock, startTimer, didElapse }: DeadlineTimerOptions): DeadlineTimer {
  let watched = Infinity;
  let cancel: (() => void) | undefined;

  function watch(deadline: number): void {
    if (deadline >= watched) return;
    cancel?.();
    watched = deadline;
    cancel = startTimer(timerDelayMs(deadline - clock.now()), elapse);
  }

  function elapse(): void {
    watched = Infinity;
    cancel = undefined;
    watch(didElapse(clock.now()));
  }

  function stop(): void {
    cancel?.();
    cancel = undefined;
    watched = Infinity;
  }

  return { watch, stop };
}
