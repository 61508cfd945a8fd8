/**
 * What waits, how long it has, and what nobody who is there can do.
 */
import { expect, test } from 'vitest';
import {
  LEASE_MS,
  claimOf,
  claimed,
  failOnce,
  idOf,
  newTask,
  resultOf,
  type OpenedQueue,
} from './conformance-fixture.ts';
import type { TaskBacklog } from './task-queue.ts';

/** Declares the tests. */
export function backlogTests(opened: OpenedQueue): void {
  countTests(opened);
  unschedulableTests(opened);
  totalTests(opened);
}

async function backlogOf(opened: OpenedQueue): Promise<readonly TaskBacklog[]> {
  const lines = await opened().queue.backlog();
  const keyOf = ({ kind, requires }: TaskBacklog): string => `${kind} ${requires.join(' ')}`;
  return lines.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function countTests(opened: OpenedQueue): void {
  test('the backlog counts by kind and tags, in whatever order they were written [X000-9]', async () => {
    const { queue } = opened();
    expect(await queue.backlog()).toEqual([]);
    await queue.enqueue([
      newTask(1),
      newTask(2, { requires: ['gpu', 'cpu'] }),
      newTask(3, { requires: ['cpu', 'gpu'] }),
      newTask(4, { kind: 'render' }),
    ]);
    await claimed(opened());
    expect(await backlogOf(opened)).toMatchObject([
      { kind: 'execute', requires: ['cpu'], queued: 0, active: 1 },
      { kind: 'execute', requires: ['cpu', 'gpu'], queued: 2, active: 0 },
      { kind: 'render', requires: ['cpu'], queued: 1, active: 0 },
    ]);
  });

  test('what is done, dead or cancelled is no backlog, and what waits for another attempt is', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1), newTask(2), newTask(3)]);
    const done = await claimed(opened());
    await queue.complete(done.lease, resultOf(done, 'ok'));
    await failOnce(opened(), {});
    await failOnce(opened(), { retryable: true });
    expect(await queue.backlog()).toMatchObject([{ queued: 1, active: 0, oldest_ms: 0 }]);
  });

  test('the backlog says how long the oldest task has waited', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await opened().advance(30_000);
    await opened().queue.enqueue([newTask(2)]);
    await opened().advance(5_000);
    const [line] = await opened().queue.backlog();
    expect(line?.oldest_ms).toBeGreaterThanOrEqual(35_000);
    expect(line?.oldest_ms).toBeLessThan(60_000);
  });
}

function unschedulableTests(opened: OpenedQueue): void {
  test('tasks that no worker which is there could do are told at once [X000-8]', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1), newTask(2, { requires: ['gpu'] }), newTask(3, { requires: ['gpu'] })]);
    expect(await backlogOf(opened)).toMatchObject([
      { requires: ['cpu'], unschedulable: 1 },
      { requires: ['gpu'], unschedulable: 2 },
    ]);
    await claimed(opened());
    await queue.enqueue([newTask(4)]);
    expect(await backlogOf(opened)).toMatchObject([
      { requires: ['cpu'], queued: 1, active: 1, unschedulable: 0 },
      { requires: ['gpu'], unschedulable: 2 },
    ]);
    await queue.claim(claimOf({ worker_id: 'w2', tags: ['gpu'], kinds: ['render'] }));
    expect(await backlogOf(opened)).toMatchObject([{ unschedulable: 0 }, { unschedulable: 2 }]);
    await claimed(opened(), { worker_id: 'w2', tags: ['gpu'] });
    expect(await backlogOf(opened)).toMatchObject([{ unschedulable: 0 }, { unschedulable: 0 }]);
  });

  test('a worker that is not heard for a minute is not there, and one that holds a lease or waits is', async () => {
    const { queue, advance } = opened();
    await queue.enqueue([newTask(1), newTask(2)]);
    const lease = await claimed(opened());
    for (let beat = 0; beat < 3; beat += 1) {
      await advance(LEASE_MS * 0.75);
      await queue.heartbeat(lease.lease, LEASE_MS);
    }
    expect(await queue.backlog()).toMatchObject([{ queued: 1, unschedulable: 0 }]);
    await advance(60_001);
    expect(await queue.backlog()).toMatchObject([{ queued: 1, unschedulable: 1 }]);
  });

  test('a worker that waits in a claim is there, however long it waits', async () => {
    const { queue, advance } = opened();
    const giveUp = new AbortController();
    const waiting = queue.claim(claimOf({ kinds: ['render'], wait_ms: 600_000, signal: giveUp.signal }));
    await queue.enqueue([newTask(1)]);
    await advance(120_000);
    await claimed(opened(), { worker_id: 'w2', lease_ms: 1_000 });
    await advance(120_000);
    const held = newTask(2, { kind: 'mutate' });
    await queue.enqueue([held, newTask(3, { kind: 'render', requires: ['gpu'] })]);
    expect(await backlogOf(opened)).toMatchObject([
      { kind: 'execute', queued: 0, active: 1, unschedulable: 0 },
      { kind: 'mutate', unschedulable: 1 },
      { kind: 'render', unschedulable: 1 },
    ]);
    const other = queue.claim(claimOf({ worker_id: 'w3', kinds: ['mutate'], not: [held.task.id], wait_ms: 600_000 }));
    await advance(120_000);
    expect(await backlogOf(opened)).toMatchObject([
      { kind: 'execute' },
      { kind: 'mutate', queued: 1, unschedulable: 0 },
      { kind: 'render', unschedulable: 1 },
    ]);
    giveUp.abort();
    expect(await waiting).toBeUndefined();
    await queue.enqueue([newTask(4, { kind: 'mutate' })]);
    expect((await other)?.task.id).toBe(newTask(4).task.id);
  });
}

function totalTests(opened: OpenedQueue): void {
  test('what was done and what went to the dead letters is counted for ever, and the dead letters that are there by kind', async () => {
    const { queue } = opened();
    const before = await queue.totals();
    expect(before.dead).toEqual([]);
    await queue.enqueue([1, 2, 3].map((number) => newTask(number)));
    await queue.enqueue([newTask(4, { kind: 'render' }), newTask(5)]);
    const done = await claimed(opened());
    await queue.complete(done.lease, resultOf(done, 'ok'));
    expect(await queue.complete(done.lease, resultOf(done, 'error'))).toBe('lost');
    for (let count = 0; count < 3; count += 1) await failOnce(opened(), {});
    await queue.cancel(idOf(5));
    const after = await queue.totals();
    expect([after.done - before.done, after.buried - before.buried]).toEqual([1, 3]);
    expect(after.dead.toSorted((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual([
      { kind: 'execute', count: 2 },
      { kind: 'render', count: 1 },
    ]);
    await queue.retryDead({ kind: 'execute' });
    expect(await queue.totals()).toEqual({ ...after, dead: [{ kind: 'render', count: 1 }] });
  });

  test('the tasks of a tenant that are queued or active are counted', async () => {
    const { queue } = opened();
    expect(await queue.countOpen('acme')).toBe(0);
    await queue.enqueue([1, 2, 3, 4].map((number) => newTask(number, { tenant_id: number === 4 ? 'other' : 'acme' })));
    const first = await claimed(opened());
    expect(await queue.countOpen('acme')).toBe(3);
    await queue.complete(first.lease, resultOf(first, 'ok'));
    await queue.cancel(idOf(2));
    expect([await queue.countOpen('acme'), await queue.countOpen('other')]).toEqual([1, 1]);
  });
}
