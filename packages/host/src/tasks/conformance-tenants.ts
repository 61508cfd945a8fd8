/**
 * What a worker of one tenant is given, and what it may do to the tasks of others: nothing.
 */
import { expect, test } from 'vitest';
import {
  LEASE_MS,
  claimAll,
  claimOf,
  claimed,
  failOnce,
  idOf,
  kept,
  newTask,
  resultOf,
  sorted,
  type OpenedQueue,
} from './conformance-fixture.ts';

/** A tenant as most are: named by a UUID, where `default` is a word. */
const ACME = '6f1d5c0e-7a4b-4b0e-9d0c-2f4a8b6e1d3f';

/** Declares the tests. */
export function tenantTests(opened: OpenedQueue): void {
  givenTests(opened);
  leaseTests(opened);
  releaseTests(opened);
  removeTests(opened);
}

function givenTests(opened: OpenedQueue): void {
  const theirs = (number: number, change: object = {}) => newTask(number, { tenant_id: ACME, ...change });

  test('a worker of a tenant is given its tasks only, in their order, and one of none those of all', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1, { priority: 9 }), theirs(2), newTask(3), theirs(4, { priority: 9 }), theirs(5)]);
    expect(await claimAll(opened(), { tenant: 'nobody' })).toEqual([]);
    expect(await claimAll(opened(), { tenant: ACME, not: [idOf(5)] })).toEqual([4, 2]);
    expect(await claimAll(opened(), { tenant: 'default' })).toEqual([1, 3]);
    expect(await claimAll(opened())).toEqual([5]);
  });

  test('a worker of a tenant that waits is woken by a task of that tenant, and by no other', async () => {
    const { queue } = opened();
    const waiting = queue.claim(claimOf({ tenant: ACME, wait_ms: LEASE_MS }));
    await queue.enqueue([newTask(1)]);
    await queue.enqueue([theirs(2)]);
    expect((await waiting)?.task.id).toBe(idOf(2));
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued' });
  });

  test('a worker of another tenant is none that could do a task, whatever its tags and its name', async () => {
    const { queue } = opened();
    await queue.claim(claimOf({ tenant: ACME }));
    await queue.claim(claimOf({ tenant: 'nobody' }));
    await queue.enqueue([newTask(1), newTask(2), theirs(3)]);
    expect(await queue.backlog()).toMatchObject([{ queued: 3, unschedulable: 2 }]);
    await queue.claim(claimOf({ tags: [] }));
    expect(await queue.backlog()).toMatchObject([{ queued: 3, unschedulable: 2 }]);
    await queue.claim(claimOf({ worker_id: 'w2', tenant: 'default' }));
    expect(await queue.backlog()).toMatchObject([{ queued: 2, active: 1, unschedulable: 0 }]);
  });
}

function leaseTests(opened: OpenedQueue): void {
  test('for whoever names a tenant the lease of another tenant’s task is lost, and goes on for its worker', async () => {
    const { queue, advance } = opened();
    await queue.enqueue([newTask(1)]);
    const lease = await claimed(opened(), { tenant: 'default' });
    const result = resultOf(lease, 'ok');
    expect(await queue.heartbeat(lease.lease, 100 * LEASE_MS, ACME)).toBe('lost');
    for (const status of ['ok', 'error', 'skip'] as const) {
      expect(await queue.complete(lease.lease, resultOf(lease, status), ACME)).toBe('lost');
    }
    expect(await queue.complete(lease.lease, { ...result, task_id: idOf(2) }, ACME)).toBe('lost');
    expect(await queue.heartbeat(lease.lease, LEASE_MS, 'default')).toBe('held');
    expect(await queue.complete(lease.lease, result, 'default')).toBe('held');
    await queue.enqueue([newTask(3)]);
    const cancelled = await claimed(opened());
    await queue.cancel(idOf(3));
    expect(await queue.heartbeat(cancelled.lease, LEASE_MS, ACME)).toBe('lost');
    expect(await queue.heartbeat(cancelled.lease, LEASE_MS, 'default')).toBe('cancelled');
    await advance(LEASE_MS + 1);
    expect(await queue.reclaim()).toBe(0);
  });
}

function releaseTests(opened: OpenedQueue): void {
  test('a task that is given back is the next to be claimed, by whom ever, and nothing is counted', async () => {
    const { queue, advance } = opened();
    await queue.enqueue([1, 2, 3].map((number) => newTask(number)));
    // More often than leases may end until a task is dead.
    for (let count = 0; count < 6; count += 1) {
      const { lease, task } = await claimed(opened());
      expect(task).toEqual(newTask(1).task);
      expect(await queue.release(lease)).toBe(true);
      expect(await queue.release(lease)).toBe(false);
      expect(await queue.heartbeat(lease, LEASE_MS)).toBe('lost');
    }
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued', worker_id: null, lease_until: null });
    await advance(LEASE_MS + 1);
    expect(await queue.reclaim()).toBe(0);
    expect(sorted(await claimAll(opened()))).toEqual([1, 2, 3]);
  });

  test('who waits is woken by a task that is given back', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1)]);
    const { lease } = await claimed(opened());
    const waiting = queue.claim(claimOf({ worker_id: 'w2', wait_ms: LEASE_MS }));
    await queue.release(lease);
    expect((await waiting)?.task.id).toBe(idOf(1));
  });

  test('a task that is cancelled or done is not given back', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1), newTask(2)]);
    const [first, second] = [await claimed(opened()), await claimed(opened())];
    await queue.cancel(first.task.id);
    await queue.complete(second.lease, resultOf(second, 'ok'));
    for (const { lease } of [first, second]) expect(await queue.release(lease)).toBe(false);
    expect(await queue.release('01900000-0000-7000-8000-000000000000')).toBe(false);
    expect(await claimAll(opened())).toEqual([]);
  });
}

function removeTests(opened: OpenedQueue): void {
  test('the tasks of a tenant are removed in whatever state they are, and nobody else’s', async () => {
    const { queue } = opened();
    const theirs = [1, 2, 3, 4, 5].map((number) => newTask(number, { tenant_id: ACME }));
    await queue.enqueue([...theirs, newTask(6), newTask(7, { kind: 'render' })]);
    const done = await claimed(opened(), { tenant: ACME });
    await queue.complete(done.lease, resultOf(done, 'ok'));
    const dead = await claimed(opened(), { tenant: ACME });
    await queue.complete(dead.lease, resultOf(dead, 'error'));
    await queue.cancel(idOf(3));
    const active = await claimed(opened(), { tenant: ACME });
    expect(await queue.removeTenant('nobody')).toBe(0);
    expect(await queue.removeTenant(ACME)).toBe(5);
    expect(await queue.heartbeat(active.lease, LEASE_MS)).toBe('lost');
    expect(await queue.complete(active.lease, resultOf(active, 'ok'))).toBe('lost');
    expect(sorted((await queue.list({ rowsMax: 10 })).map(({ task }) => Number(task.payload['number'])))).toEqual([
      6, 7,
    ]);
    expect(await claimAll(opened())).toEqual([6, 7]);
    await queue.enqueue(theirs);
    expect(await claimAll(opened())).toEqual([1, 2, 3, 4, 5]);
  });

  test('dead tasks of one tenant are sent back alone', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1), newTask(2, { tenant_id: ACME })]);
    await failOnce(opened(), {});
    await failOnce(opened(), {});
    expect(await queue.retryDead({ ids: [idOf(1)], tenant: ACME })).toBe(0);
    expect(await queue.retryDead({ kind: 'execute', tenant: ACME })).toBe(1);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'dead' });
    expect(await kept(opened(), 2)).toMatchObject({ state: 'queued' });
  });
}
