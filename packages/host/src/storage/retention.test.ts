import { expect, test } from 'vitest';
import type { Retention } from './records-port.ts';
import { retentionAt, startRetention } from './retention.ts';

const NOW = Date.UTC(2026, 6, 31);

/** Retention whose timer elapses when the test says so. */
function start(prune: (retention: Retention) => Promise<void>) {
  const timers: (() => void)[] = [];
  const warned: unknown[] = [];
  const end = startRetention({
    storage: {
      prune,
      sweepArtifacts: async () => undefined,
      forgetNodes: async () => undefined,
      trimEvents: async () => undefined,
      pruneAgentRuns: async () => undefined,
      pruneEvaluations: async () => undefined,
    },
    clock: { now: () => 0, wallTime: () => NOW },
    log: { warn: (fields) => void warned.push(fields) },
    startTimer: (_ms, didElapse) => {
      timers.push(didElapse);
      return () => void timers.splice(timers.indexOf(didElapse), 1);
    },
  });
  return { end, timers, warned };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('calls are kept for seven days, transitions for thirty and at most 200 of a plugin and scope, sums of a day for 400', () => {
  expect(retentionAt(NOW)).toEqual({
    now: '2026-07-31T00:00:00.000Z',
    ledgerSince: '2026-07-24T00:00:00.000Z',
    transitionsSince: '2026-07-01T00:00:00.000Z',
    transitionsMax: 200,
    usageSince: '2025-06-26',
  });
});

test('it removes at start and again each time that its timer elapses, until it is ended', async () => {
  let count = 0;
  const { end, timers } = start(async () => void (count += 1));
  await settled();
  expect([count, timers.length]).toEqual([1, 1]);
  timers.splice(0)[0]?.();
  await settled();
  expect([count, timers.length]).toEqual([2, 1]);
  await end();
  expect(timers).toEqual([]);
});

test('a storage that is away is told of and asked again', async () => {
  const { end, timers, warned } = start(() => Promise.reject(new Error('away')));
  await settled();
  expect([warned.length, timers.length]).toEqual([1, 1]);
  await end();
});

test('its end waits for a removal that is under way, and starts no other', async () => {
  const gate = Promise.withResolvers<void>();
  const { end, timers } = start(() => gate.promise);
  let isOver = false;
  const over = end().then(() => (isOver = true));
  await settled();
  expect(isOver).toBe(false);
  gate.resolve();
  await over;
  expect(timers).toEqual([]);
});
