/**
 * Leases: how long a worker has a task, and what becomes of one whose worker is silent.
 */
import { expect, test } from 'vitest';
import {
  LEASE_MS,
  claimAll,
  claimOf,
  claimed,
  idOf,
  kept,
  newTask,
  resultOf,
  type OpenedQueue,
} from './conformance-fixture.ts';

/** Declares the tests. */
export function leaseTests(opened: OpenedQueue): void {
  reclaimTests(opened);
  heartbeatTests(opened);
  poisonTests(opened);
}

function reclaimTests(opened: OpenedQueue): void {
  test('a task whose lease has ended goes to the front of its line, with its attempts unchanged [X000-10]', async () => {
    const { queue, advance } = opened();
    await queue.enqueue([1, 2, 3, 4].map((number) => newTask(number)));
    await claimed(opened());
    await claimed(opened());
    expect(await queue.reclaim()).toBe(0);
    await advance(LEASE_MS + 1);
    expect(await queue.reclaim()).toBe(2);
    expect(await queue.reclaim()).toBe(0);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued', task: { attempts: 0 }, lease_until: null });
    expect(await claimAll(opened(), { worker_id: 'w2' })).toEqual([1, 2, 3, 4]);
  });

  test('at most so many leases are reclaimed at a time, 50 where nothing is said [X000-9]', async () => {
    await opened().queue.enqueue(Array.from({ length: 60 }, (_, number) => newTask(number)));
    await claimAll(opened());
    await opened().advance(LEASE_MS + 1);
    expect(await opened().queue.reclaim(3)).toBe(3);
    expect(await opened().queue.reclaim()).toBe(50);
    expect(await opened().queue.reclaim()).toBe(7);
  });

  test('a worker that was thought dead loses the task, which is done again, and its result is not kept [X000-9] [X000-14]', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const first = await claimed(opened());
    await opened().advance(LEASE_MS + 1);
    await opened().queue.reclaim();
    expect(await opened().queue.heartbeat(first.lease, LEASE_MS)).toBe('lost');
    expect(await opened().queue.complete(first.lease, resultOf(first, 'ok', { by: 'first' }))).toBe('lost');
    const second = await claimed(opened(), { worker_id: 'w2' });
    expect(second.lease).not.toBe(first.lease);
    expect(await opened().queue.complete(first.lease, resultOf(first, 'ok', { by: 'first' }))).toBe('lost');
    expect(await opened().queue.complete(second.lease, resultOf(second, 'ok', { by: 'second' }))).toBe('held');
    expect((await kept(opened(), 1)).result?.data).toEqual({ by: 'second' });
  });

  test('a worker that waits is woken by a task whose lease has ended', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await claimed(opened(), { lease_ms: 1_000 });
    const waiting = opened().queue.claim(claimOf({ worker_id: 'w2', wait_ms: LEASE_MS }));
    await opened().advance(1_001);
    await opened().queue.reclaim();
    expect((await waiting)?.task.id).toBe(idOf(1));
  });
}

function heartbeatTests(opened: OpenedQueue): void {
  test('a heartbeat holds the lease for as long as it says, from then on', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    for (let beat = 0; beat < 3; beat += 1) {
      await opened().advance(LEASE_MS * 0.75);
      expect(await opened().queue.heartbeat(lease.lease, LEASE_MS)).toBe('held');
      expect(await opened().queue.reclaim()).toBe(0);
    }
    await opened().advance(LEASE_MS + 1);
    expect(await opened().queue.reclaim()).toBe(1);
  });

  test('a task says who has it, and until when', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await claimed(opened(), { worker_id: 'w7' });
    const { worker_id, lease_until } = await kept(opened(), 1);
    expect(worker_id).toBe('w7');
    const leftMs = Date.parse(lease_until ?? '') - opened().now();
    expect(leftMs).toBeGreaterThan(LEASE_MS / 2);
    expect(leftMs).toBeLessThanOrEqual(LEASE_MS);
  });

  test('a lease that nobody has is lost', async () => {
    const lease = { task: newTask(1).task, tenant_id: 'default', lease: '01900000-0000-7000-8000-000000000000' };
    expect(await opened().queue.heartbeat(lease.lease, LEASE_MS)).toBe('lost');
    expect(await opened().queue.complete(lease.lease, resultOf(lease, 'ok'))).toBe('lost');
  });
}

function poisonTests(opened: OpenedQueue): void {
  test('a task on which five leases have ended is dead, for it may be what kills its workers', async () => {
    await opened().queue.enqueue([newTask(1)]);
    for (let count = 0; count < 5; count += 1) {
      await claimed(opened(), { worker_id: `w${count}`, lease_ms: 1_000 });
      await opened().advance(1_001);
      expect(await opened().queue.reclaim()).toBe(1);
    }
    const dead = await kept(opened(), 1);
    expect(dead).toMatchObject({ state: 'dead', task: { attempts: 0 }, result: null });
    expect(dead.reason).toMatch(/lease/);
  });
}
