/**
 * What is read of tasks, waiting for their ends, cancelling them, and removing those that ended long ago.
 */
import { expect, test } from 'vitest';
import {
  LEASE_MS,
  claimAll,
  claimed,
  failOnce,
  idOf,
  kept,
  newTask,
  resultOf,
  type OpenedQueue,
} from './conformance-fixture.ts';
import type { TaskQuery } from './task-queue.ts';

/** Declares the tests. */
export function readTests(opened: OpenedQueue): void {
  listTests(opened);
  largeTests(opened);
  waitTests(opened);
  cancelTests(opened);
  pruneTests(opened);
}

function listTests(opened: OpenedQueue): void {
  test('a task that is not there is undefined', async () => {
    expect(await opened().queue.get(idOf(1))).toBeUndefined();
    expect(await opened().queue.cancel(idOf(1))).toBeUndefined();
    expect(await opened().queue.waitFor(idOf(1), 0)).toBeUndefined();
  });

  test('tasks are listed newest first, so many, and on from the last one seen [X000-9]', async () => {
    for (const number of [3, 1, 4, 2]) await opened().queue.enqueue([newTask(number)]);
    const listed = async (query: TaskQuery): Promise<readonly unknown[]> =>
      (await opened().queue.list(query)).map(({ task }) => task.payload['number']);
    expect(await listed({ rowsMax: 10 })).toEqual([2, 4, 1, 3]);
    expect(await listed({ rowsMax: 2 })).toEqual([2, 4]);
    expect(await listed({ rowsMax: 2, before: idOf(4) })).toEqual([1, 3]);
    expect(await listed({ rowsMax: 2, before: idOf(3) })).toEqual([]);
  });

  test('tasks are listed by tenant, state and kind', async () => {
    const { queue } = opened();
    await queue.enqueue([
      newTask(1, { tenant_id: 'acme' }),
      newTask(2, { kind: 'render' }),
      newTask(3, { tenant_id: 'acme', kind: 'render' }),
    ]);
    await claimed(opened());
    const listed = async (query: Partial<TaskQuery>): Promise<readonly unknown[]> =>
      (await queue.list({ rowsMax: 10, ...query })).map(({ task }) => task.payload['number']);
    expect(await listed({ tenant: 'acme' })).toEqual([3, 1]);
    expect(await listed({ kind: 'render' })).toEqual([3, 2]);
    expect(await listed({ state: 'active' })).toEqual([1]);
    expect(await listed({ state: 'queued', tenant: 'acme' })).toEqual([3]);
  });
}

function largeTests(opened: OpenedQueue): void {
  test('a result that is large is kept whole, and read back as it was, also beside another that is the same', async () => {
    const { queue } = opened();
    const text = 'ä"\\0'.repeat(60_000);
    await queue.enqueue([1, 2, 3].map((number) => newTask(number)));
    for (const status of ['ok', 'ok', 'error'] as const) {
      const lease = await claimed(opened());
      expect(await queue.complete(lease.lease, resultOf(lease, status, { text }))).toBe('held');
    }
    for (const number of [1, 2, 3]) {
      const { result } = await kept(opened(), number);
      expect(result?.data).toEqual({ text });
    }
    await queue.prune({ ended: '2999-01-01T00:00:00Z', dead: '2000-01-01T00:00:00Z' });
    expect((await kept(opened(), 3)).result?.data).toEqual({ text });
    expect(await queue.get(idOf(1))).toBeUndefined();
  });

  test('a list that is brief leaves out payloads and the data of results, and nothing else', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1), newTask(2, { requires: ['gpu', 'cpu'], priority: 3 })]);
    await failOnce(opened(), { message: 'no', more: [1] });
    const whole = await queue.list({ rowsMax: 10 });
    expect(whole.map(({ result }) => result?.data)).toEqual([undefined, { message: 'no', more: [1] }]);
    expect(await queue.list({ rowsMax: 10, isBrief: true })).toEqual(
      whole.map(({ task, result, ...rest }) => ({
        ...{ ...rest, task: { ...task, payload: {} } },
        result: result === null ? null : { ...result, data: {} },
      })),
    );
  });
}

function waitTests(opened: OpenedQueue): void {
  test('whoever waits for a task is told when it ends [X000-9]', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const waiting = [opened().queue.waitFor(idOf(1), LEASE_MS), opened().queue.waitFor(idOf(1), LEASE_MS)];
    const lease = await claimed(opened());
    await opened().queue.complete(lease.lease, resultOf(lease, 'ok', { score: 1 }));
    for (const ended of await Promise.all(waiting)) {
      expect(ended).toMatchObject({ state: 'done', result: { data: { score: 1 } } });
    }
    expect(await opened().queue.waitFor(idOf(1), LEASE_MS)).toMatchObject({ state: 'done' });
  });

  test('whoever waits is told of a task that is dead or cancelled, and not of one that is tried again', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2, { kind: 'render' })]);
    const [dead, cancelled] = [1, 2].map((number) => opened().queue.waitFor(idOf(number), 100 * LEASE_MS));
    await failOnce(opened(), { retryable: true });
    expect(await opened().queue.waitFor(idOf(1), 0)).toMatchObject({ state: 'queued' });
    await opened().queue.cancel(idOf(2));
    await opened().advance(opened().retryMs + 1);
    await failOnce(opened(), { retryable: false });
    expect(await cancelled).toMatchObject({ state: 'cancelled' });
    expect(await dead).toMatchObject({ state: 'dead' });
  });

  test('whoever waits in vain is answered the task as it is, after the time or when the signal is aborted', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const giveUp = new AbortController();
    const long = opened().queue.waitFor(idOf(1), 100 * LEASE_MS, giveUp.signal);
    const short = opened().queue.waitFor(idOf(1), 200);
    await opened().advance(300);
    expect(await short).toMatchObject({ state: 'queued' });
    giveUp.abort();
    expect(await long).toMatchObject({ state: 'queued' });
  });
}

function cancelTests(opened: OpenedQueue): void {
  test('a queued task that is cancelled is given to nobody', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2)]);
    expect(await opened().queue.cancel(idOf(1))).toMatchObject({ state: 'cancelled', task: { id: idOf(1) } });
    expect(await claimAll(opened())).toEqual([2]);
  });

  test('a worker that has a task that is cancelled learns of it, and its result is not kept', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    expect(await opened().queue.cancel(idOf(1))).toMatchObject({ state: 'cancelled', worker_id: null });
    expect(await opened().queue.heartbeat(lease.lease, LEASE_MS)).toBe('cancelled');
    expect(await opened().queue.complete(lease.lease, resultOf(lease, 'ok'))).toBe('cancelled');
    expect(await kept(opened(), 1)).toMatchObject({ state: 'cancelled', result: null });
    await opened().advance(LEASE_MS + 1);
    expect(await opened().queue.reclaim()).toBe(0);
  });

  test('a task that is cancelled stays cancelled when the lease on it has ended', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    await opened().queue.cancel(idOf(1));
    await opened().advance(LEASE_MS + 1);
    expect(await opened().queue.reclaim()).toBe(0);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'cancelled' });
    expect(await opened().queue.complete(lease.lease, resultOf(lease, 'ok'))).not.toBe('held');
    expect(await claimAll(opened())).toEqual([]);
  });

  test('a task that is done stays done, and one that is dead can be cancelled', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2)]);
    const lease = await claimed(opened());
    await opened().queue.complete(lease.lease, resultOf(lease, 'ok'));
    await failOnce(opened(), {});
    expect(await opened().queue.cancel(idOf(1))).toMatchObject({ state: 'done', result: { status: 'ok' } });
    expect(await opened().queue.cancel(idOf(2))).toMatchObject({ state: 'cancelled' });
    expect(await opened().queue.retryDead({ ids: [idOf(2)] })).toBe(0);
  });

  test('a task that waits for another attempt can be cancelled', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await failOnce(opened(), { retryable: true });
    await opened().queue.cancel(idOf(1));
    await opened().advance(opened().retryMs + 1);
    expect(await claimAll(opened())).toEqual([]);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'cancelled' });
  });
}

function pruneTests(opened: OpenedQueue): void {
  const timeOf = (): string => new Date(opened().now()).toISOString();

  test('what ended before a time is removed, dead tasks by a time of their own, and nothing else', async () => {
    const { queue, advance } = opened();
    await queue.enqueue([1, 2, 3, 4, 5].map((number) => newTask(number)));
    const done = await claimed(opened());
    await queue.complete(done.lease, resultOf(done, 'ok'));
    await failOnce(opened(), {});
    await queue.cancel(idOf(3));
    await claimed(opened(), { lease_ms: 10 * LEASE_MS });
    const start = new Date(opened().now() - LEASE_MS).toISOString();
    expect(await queue.prune({ ended: start, dead: start })).toBe(0);
    await advance(LEASE_MS);
    expect(await queue.prune({ ended: timeOf(), dead: start })).toBe(2);
    expect((await queue.list({ rowsMax: 10 })).map(({ task }) => task.payload['number'])).toEqual([5, 4, 2]);
    expect(await queue.prune({ ended: timeOf(), dead: timeOf() })).toBe(1);
    expect((await queue.list({ rowsMax: 10 })).map(({ state }) => state)).toEqual(['queued', 'active']);
  });
}
