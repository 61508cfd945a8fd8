/**
 * What a worker skips goes to another at once, never comes back to it, and is told of where nobody is left.
 */
import { expect, test } from 'vitest';
import {
  claimAll,
  claimOf,
  claimed,
  idOf,
  kept,
  newTask,
  numberOf,
  resultOf,
  type OpenedQueue,
  type QueueUnderTest,
} from './conformance-fixture.ts';

/** Declares the tests. */
export function skipTests(opened: OpenedQueue): void {
  orderTests(opened);
  nobodyLeftTests(opened);
}

/** Claims a task as a worker that skips it; answers its number. */
async function skipAs(opened: QueueUnderTest, worker_id: string): Promise<number> {
  const lease = await claimed(opened, { worker_id });
  expect(await opened.queue.complete(lease.lease, resultOf(lease, 'skip'))).toBe('held');
  return numberOf(lease);
}

function orderTests(opened: OpenedQueue): void {
  test('a task that is skipped goes to another worker, with its attempts unchanged [X000-10]', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await skipAs(opened(), 'w1');
    expect(await kept(opened(), 1)).toMatchObject({
      state: 'queued',
      task: { attempts: 0 },
      worker_id: null,
      result: null,
    });
    const lease = await claimed(opened(), { worker_id: 'w2' });
    await opened().queue.complete(lease.lease, resultOf(lease, 'ok'));
    expect(await kept(opened(), 1)).toMatchObject({ state: 'done' });
  });

  test('a task never comes back to a worker that has skipped it, however often that asks [X000-10]', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2)]);
    await skipAs(opened(), 'w1');
    await skipAs(opened(), 'w1');
    for (let count = 0; count < 3; count += 1) {
      expect(await opened().queue.claim(claimOf({ wait_ms: 0 }))).toBeUndefined();
      await opened().advance(30_000);
    }
    await opened().queue.enqueue([newTask(3)]);
    expect(await claimAll(opened())).toEqual([3]);
    expect(await claimAll(opened(), { worker_id: 'w2' })).toEqual([1, 2]);
  });

  test('a task that was skipped keeps its place before those that came after it', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2), newTask(3)]);
    await skipAs(opened(), 'w1');
    expect(await claimAll(opened(), { worker_id: 'w2' })).toEqual([1, 2, 3]);
  });

  test('tasks that are skipped in another order are given in the order in which they came', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2)]);
    const [first, second] = [await claimed(opened()), await claimed(opened())];
    await opened().queue.complete(second.lease, resultOf(second, 'skip'));
    await opened().queue.complete(first.lease, resultOf(first, 'skip'));
    expect(await claimAll(opened(), { worker_id: 'w2' })).toEqual([1, 2]);
  });

  test('a worker that waits is woken by what another skips', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    const waiting = opened().queue.claim(claimOf({ worker_id: 'w2', wait_ms: 60_000 }));
    await opened().queue.complete(lease.lease, resultOf(lease, 'skip'));
    expect((await waiting)?.task.id).toBe(idOf(1));
  });
}

function nobodyLeftTests(opened: OpenedQueue): void {
  const unschedulable = async (): Promise<number> =>
    (await opened().queue.backlog()).reduce((sum, line) => sum + line.unschedulable, 0);

  test('a task that every worker which is there has skipped is told as unschedulable, until another comes', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await opened().queue.claim(claimOf({ worker_id: 'w2', kinds: ['render'] }));
    await opened().queue.claim(claimOf({ worker_id: 'w3', tags: ['gpu'] }));
    await opened().queue.claim(claimOf({ worker_id: 'w4', not: [idOf(1)] }));
    await skipAs(opened(), 'w1');
    expect(await unschedulable()).toBe(0);
    await skipAs(opened(), 'w4');
    expect(await unschedulable()).toBe(1);
    await opened().queue.claim(claimOf({ worker_id: 'w5', not: [idOf(1)] }));
    expect(await unschedulable()).toBe(0);
    expect(await skipAs(opened(), 'w5')).toBe(1);
    expect(await unschedulable()).toBe(1);
  });

  test('a dead task that is sent back is for those who skipped it, too', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await skipAs(opened(), 'w1');
    const lease = await claimed(opened(), { worker_id: 'w2' });
    await opened().queue.complete(lease.lease, resultOf(lease, 'error'));
    expect(await opened().queue.retryDead({ kind: 'execute' })).toBe(1);
    expect(await claimAll(opened())).toEqual([1]);
  });

  test('a task that 100 workers have skipped is dead, so that it cannot keep busy those that come and go', async () => {
    await opened().queue.enqueue([newTask(1)]);
    for (let worker = 0; worker < 100; worker += 1) await skipAs(opened(), `w${worker}`);
    const dead = await kept(opened(), 1);
    expect(dead).toMatchObject({ state: 'dead', task: { attempts: 0 }, result: null });
    expect(dead.reason).toMatch(/skipped/);
  });
}
