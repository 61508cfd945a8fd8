import { expect, test } from 'vitest';
import { createDeadlineTimer, type DeadlineTimer } from './deadline-timer.ts';

type Watching = {
  readonly timer: DeadlineTimer;
  readonly add: (deadline: number) => void;
  readonly end: (deadline: number) => void;
  /** Moves the clock on, and has every timer elapse that is due by then, in their order. */
  readonly passTo: (now: number) => void;
  /** When each deadline was told to be over. */
  readonly over: readonly (readonly [deadline: number, now: number])[];
  readonly timersStarted: () => number;
  readonly timersRunning: () => number;
};

function startWatching(): Watching {
  let now = 0;
  let started = 0;
  const deadlines = new Set<number>();
  const timers = new Set<{ readonly at: number; readonly elapse: () => void }>();
  const over: [number, number][] = [];
  const timer = createDeadlineTimer({
    clock: { now: () => now },
    startTimer: (delayMs, elapse) => {
      const entry = { at: now + delayMs, elapse };
      started += 1;
      timers.add(entry);
      return () => void timers.delete(entry);
    },
    didElapse: (at) => {
      for (const deadline of deadlines) if (deadline <= at && deadlines.delete(deadline)) over.push([deadline, at]);
      return Math.min(...deadlines);
    },
  });
  return {
    timer,
    add: (deadline) => {
      deadlines.add(deadline);
      timer.watch(deadline);
    },
    end: (deadline) => void deadlines.delete(deadline),
    passTo: (to) => {
      for (;;) {
        const [due] = [...timers].filter(({ at }) => at <= to).toSorted((one, other) => one.at - other.at);
        if (due === undefined) break;
        now = due.at;
        timers.delete(due);
        due.elapse();
      }
      now = to;
    },
    over,
    timersStarted: () => started,
    timersRunning: () => timers.size,
  };
}

test('each deadline is told within two milliseconds of it, in whatever order they came', () => {
  const { add, passTo, over } = startWatching();
  for (const deadline of [500, 100, 300, 301, 900]) add(deadline);
  passTo(2_000);
  expect(over.map(([deadline]) => deadline)).toEqual([100, 300, 301, 500, 900]);
  for (const [deadline, now] of over) {
    expect(now).toBeGreaterThanOrEqual(deadline);
    expect(now - deadline).toBeLessThanOrEqual(2);
  }
});

test('calls that end in time share one timer', () => {
  const { add, end, passTo, over, timersStarted, timersRunning } = startWatching();
  for (let call = 0; call < 1_000; call += 1) {
    passTo(call);
    add(call + 30_000);
    end(call + 30_000);
  }
  expect(timersStarted()).toBe(1);
  passTo(100_000);
  expect([over, timersStarted(), timersRunning()]).toEqual([[], 1, 0]);
});

test('what is left when the first was over is waited for', () => {
  const { add, end, passTo, over } = startWatching();
  add(100);
  add(200);
  end(100);
  passTo(150);
  expect(over).toEqual([]);
  passTo(1_000);
  expect(over).toEqual([[200, 201]]);
});

test('a deadline that has passed is told at once', () => {
  const { add, passTo, over } = startWatching();
  passTo(50);
  add(10);
  passTo(50);
  expect(over).toEqual([[10, 50]]);
});

test('a deadline that is further off than a timer reaches is waited for all the same', () => {
  const { add, passTo, over } = startWatching();
  const far = 2 ** 31 + 1_000;
  add(far);
  passTo(2 ** 32);
  expect(over).toEqual([[far, far + 1]]);
});

test('once it is stopped nothing elapses, until it is asked to watch again', () => {
  const { timer, add, passTo, over, timersRunning } = startWatching();
  add(100);
  timer.stop();
  expect(timersRunning()).toBe(0);
  passTo(500);
  expect(over).toEqual([]);
  add(600);
  passTo(700);
  expect(over.map(([deadline]) => deadline)).toEqual([100, 600]);
});
