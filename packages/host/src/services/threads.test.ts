import { expect, test } from 'vitest';
import { createThreads, type ThreadConcern, type Threads } from './threads.ts';
import type { ServiceResult, Speaker } from './desk.ts';

type Opened = {
  readonly threads: Threads;
  readonly told: (ThreadConcern | undefined)[];
  /** Advances the clock, and lets the timer elapse where it is due. */
  readonly pass: (ms: number) => void;
  readonly timers: () => number;
};

function open(): Opened {
  const told: (ThreadConcern | undefined)[] = [];
  const timers = new Set<{ readonly at: number; readonly didElapse: () => void }>();
  let now = 0;
  const threads = createThreads({
    clock: { now: () => now },
    timing: { silentMs: 30_000, lookEveryMs: 10_000 },
    startTimer: (delayMs, didElapse) => {
      const timer = { at: now + delayMs, didElapse };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    didChange: (_plugin, _tenant, concern) => void told.push(concern),
  });
  function pass(ms: number): void {
    const until = now + ms;
    while (now < until) {
      now += 1_000;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.didElapse();
      }
    }
  }
  return { threads, told, pass, timers: () => timers.size };
}

const speaker = (more: Partial<Speaker> = {}): Speaker => ({
  plugin: 'p',
  tenant: 'acme',
  isTrial: false,
  ...more,
});

function ask(threads: Threads, who: Speaker, method: string, args: object): Promise<ServiceResult> {
  const { plugin, tenant } = who;
  const request = { plugin, tenant, speaker: who, args: { ...args }, call: undefined };
  return threads.methods[method]?.run(request) ?? Promise.reject(new Error(`no ${method}`));
}

test('silence is noticed after 30 s at a look, once, and a beat ends it [X004-7]', async () => {
  const { threads, told, pass } = open();
  const who = speaker();
  await ask(threads, who, 'start', { name: 'one' });
  pass(30_000);
  expect(told).toEqual([]);
  pass(10_000);
  const silent = { word: 'warning', message: 'no heartbeat from thread "one" of plugin "p"' };
  expect(told).toEqual([silent]);
  pass(60_000);
  expect(told).toEqual([silent]);
  expect(threads.of(who)).toEqual([{ name: 'one', state: 'silent', last_beat_seconds: 100 }]);
  await ask(threads, who, 'beat', { name: 'one' });
  expect(told).toEqual([silent, undefined]);
});

test('of many threads the worst is told, all by name [X004-7]', async () => {
  const { threads, told, pass } = open();
  const who = speaker();
  for (const name of ['one', 'two']) await ask(threads, who, 'start', { name });
  pass(40_000);
  expect(told.at(-1)?.message).toBe('no heartbeat from threads "one", "two" of plugin "p"');
  await ask(threads, who, 'end', { name: 'two', has_failed: true });
  expect(told.at(-1)).toMatchObject({ word: 'error', message: expect.stringContaining('"two"') });
  await ask(threads, who, 'end', { name: 'one' });
  expect(threads.isBusy(who)).toBe(false);
  threads.didLeave(who);
  expect(told.at(-1)).toBeUndefined();
});

test('with the last instance the timer goes, and so does all that was kept', async () => {
  const { threads, pass, timers } = open();
  const who = speaker();
  await ask(threads, who, 'start', { name: 'one' });
  expect([timers(), threads.isBusy(who)]).toEqual([1, true]);
  threads.didLeave(who);
  pass(10_000);
  expect([timers(), threads.isBusy(who), threads.of(who)]).toEqual([0, false, []]);
});

test('an instance’s threads are no other’s, and those of a trial concern nobody', async () => {
  const { threads, told } = open();
  const [first, second, trial] = [speaker(), speaker(), speaker({ isTrial: true })];
  for (const who of [first, second, trial]) {
    expect(await ask(threads, who, 'start', { name: 'one' })).toMatchObject({ ok: true });
  }
  await ask(threads, trial, 'end', { name: 'one', has_failed: true });
  expect(told).toEqual([]);
  await ask(threads, second, 'end', { name: 'two', has_failed: true });
  expect(threads.of(second)).toMatchObject([{ name: 'one', state: 'running' }]);
});
