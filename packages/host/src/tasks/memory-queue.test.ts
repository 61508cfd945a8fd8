import type { JsonObject } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { taskQueueConformance } from './conformance.ts';
import {
  claimAll,
  claimOf,
  claimed,
  failOnce,
  idOf,
  newTask,
  readLines,
  resultOf,
  type QueueUnderTest,
} from './conformance-fixture.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { createFakeTime } from './fake-time.fixture.ts';
import { createMemoryTaskQueue, type MemoryTaskQueueOptions } from './memory-queue.ts';

const RETRY_MS = 60_000;

function open(options: MemoryTaskQueueOptions = {}): QueueUnderTest & { readonly timers: () => number } {
  const { clock, startTimer, advance, timers } = createFakeTime();
  const catalogue = createMemoryStorage();
  const queue = createMemoryTaskQueue({ clock, startTimer, retryMs: RETRY_MS, catalogue, ...options });
  const lines = () => readLines(catalogue);
  return { queue, retryMs: RETRY_MS, now: clock.wallTime, advance, lines, timers: () => timers.size };
}

taskQueueConformance('memory', async () => open());

test('no timer runs where nobody waits, and none is left by whoever waited', async () => {
  const opened = open();
  await opened.queue.enqueue([newTask(1, { deadline: '2026-01-01T13:00:00Z' })]);
  expect(opened.timers()).toBe(0);
  const waiting = opened.queue.claim(claimOf({ tags: [], wait_ms: 1_000 }));
  const end = opened.queue.waitFor(idOf(1), 5_000);
  expect(opened.timers()).toBe(3);
  await opened.advance(2_000);
  expect(await waiting).toBeUndefined();
  await opened.queue.cancel(idOf(1));
  expect(await end).toMatchObject({ state: 'cancelled' });
  expect(opened.timers()).toBe(0);
});

test('a task that is tried again is behind those that came meanwhile', async () => {
  const opened = open();
  await opened.queue.enqueue([newTask(1)]);
  await failOnce(opened, { retryable: true });
  await opened.queue.enqueue([newTask(2)]);
  await opened.advance(RETRY_MS);
  await opened.queue.enqueue([newTask(3)]);
  expect(await claimAll(opened)).toEqual([2, 1, 3]);
});

test('whoever waits for the end of a task is told of its deadline at that moment', async () => {
  const opened = open();
  await opened.queue.enqueue([newTask(1, { deadline: '2026-01-01T12:00:10Z' })]);
  const end = opened.queue.waitFor(idOf(1), 60_000);
  await opened.advance(10_002);
  expect(await end).toMatchObject({ state: 'dead' });
});

test('a full queue takes no more, and takes some again when others are done', async () => {
  const opened = open({ openMax: 2 });
  await opened.queue.enqueue([newTask(1), newTask(2)]);
  await expect(opened.queue.enqueue([newTask(3)])).rejects.toMatchObject({ code: 'HOST_OVERLOADED' });
  const lease = await claimed(opened);
  await opened.queue.complete(lease.lease, resultOf(lease, 'ok'));
  await opened.queue.enqueue([newTask(3)]);
});

test('of tasks that ended the oldest go, and dead ones do not make room for others', async () => {
  const opened = open({ endedMax: 2 });
  await opened.queue.enqueue([1, 2, 3, 4].map((number) => newTask(number)));
  for (const status of ['error', 'ok', 'ok', 'ok'] as const) {
    const lease = await claimed(opened);
    await opened.queue.complete(lease.lease, resultOf(lease, status));
  }
  const left = await opened.queue.list({ rowsMax: 10 });
  expect(left.map(({ task, state }) => [task.payload['number'], state])).toEqual([
    [4, 'done'],
    [3, 'done'],
    [1, 'dead'],
  ]);
});

test('a task that is nested too deep is refused with all that came with it, and such a result leaves the lease as it is', async () => {
  const opened = open();
  const deep = JSON.parse(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`) as JsonObject; // As just written.
  const refused = opened.queue.enqueue([newTask(1), newTask(2, { payload: deep })]);
  await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(await opened.queue.list({ rowsMax: 10 })).toEqual([]);
  await opened.queue.enqueue([newTask(1)]);
  const lease = await claimed(opened);
  const attempt = opened.queue.complete(lease.lease, resultOf(lease, 'ok', deep));
  await expect(attempt).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(await opened.queue.complete(lease.lease, resultOf(lease, 'ok'))).toBe('held');
});

test('what the queue answers cannot be changed', async () => {
  const opened = open();
  await opened.queue.enqueue([newTask(1, { payload: { number: 1, list: [1] } })]);
  const { task } = await claimed(opened);
  expect([task, task.payload, task.payload['list'], task.requires].map((part) => Object.isFrozen(part))).toEqual([
    true,
    true,
    true,
    true,
  ]);
});
