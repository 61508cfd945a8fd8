import { LIMITS } from '@bulkhead/protocol';
import { expect, test, vi } from 'vitest';
import { claimOf, idOf, newTask, resultOf } from './conformance-fixture.ts';
import { createFakeTime } from './fake-time.fixture.ts';
import { createMemoryTaskQueue } from './memory-queue.ts';
import { tendQueue } from './tend-queue.ts';

const DAY_MS = 86_400_000;

function openTended(over: object = {}) {
  const time = createFakeTime();
  const queue = Object.assign(createMemoryTaskQueue(time), over);
  const warn = vi.fn<(fields: object, message: string) => void>();
  const tending = tendQueue(queue, { ...time, log: { warn, info: () => undefined } });
  return { time, queue, warn, tending };
}

/** Lets what has come due run to its end. */
async function pass({ advance, timers }: ReturnType<typeof createFakeTime>, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await vi.waitUntil(() => timers.size === 1);
    await advance(LIMITS.task_reclaim_ms.value);
  }
  await vi.waitUntil(() => timers.size === 1);
}

test('a lease that has ended is returned within a second, and all of many at once [X000-10]', async () => {
  const { time, queue, tending } = openTended();
  await queue.enqueue(Array.from({ length: 120 }, (_, number) => newTask(number)));
  for (let count = 0; count < 120; count += 1) await queue.claim(claimOf({ lease_ms: 1_500 }));
  await pass(time, 1);
  expect(await queue.list({ state: 'queued', rowsMax: 200 })).toHaveLength(0);
  await pass(time, 1);
  expect(await queue.list({ state: 'queued', rowsMax: 200 })).toHaveLength(120);
  await tending.stop();
});

test('done tasks are kept for 14 days and dead ones for 30, as tasks that wait are for ever [X000-11]', async () => {
  const time = createFakeTime();
  const queue = createMemoryTaskQueue(time);
  await queue.enqueue([1, 2, 3].map((number) => newTask(number)));
  for (const status of ['ok', 'error'] as const) {
    const lease = await queue.claim(claimOf());
    if (lease !== undefined) await queue.complete(lease.lease, resultOf(lease, status));
  }
  const thereAfter = async (days: number): Promise<readonly boolean[]> => {
    await time.advance(days * DAY_MS);
    const tending = tendQueue(queue, { ...time, log: { warn: () => undefined, info: () => undefined } });
    await tending.stop();
    return Promise.all([1, 2, 3].map(async (number) => (await queue.get(idOf(number))) !== undefined));
  };
  expect(await thereAfter(13)).toEqual([true, true, true]);
  expect(await thereAfter(2)).toEqual([false, true, true]);
  expect(await thereAfter(16)).toEqual([false, false, true]);
});

test('a queue that does not answer is tried again, which is said once, and once more when it happens again', async () => {
  let isAway = true;
  const reclaim = vi.fn<() => Promise<number>>(async () => {
    if (isAway) throw new Error('away');
    return 0;
  });
  const { time, warn, tending } = openTended({ reclaim });
  await pass(time, 3);
  expect(reclaim.mock.calls.length).toBe(4);
  expect(warn).toHaveBeenCalledTimes(1);
  isAway = false;
  await pass(time, 2);
  isAway = true;
  await pass(time, 2);
  expect(warn).toHaveBeenCalledTimes(2);
  await tending.stop();
  await tending.stop();
  expect(time.timers.size).toBe(0);
});
