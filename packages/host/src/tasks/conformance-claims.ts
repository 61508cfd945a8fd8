/**
 * Who is given which task, and in which order; what is refused at the door.
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
  numberOf,
  resultOf,
  sorted,
  type OpenedQueue,
} from './conformance-fixture.ts';
import type { NewTask } from './task-queue.ts';

/** Declares the tests. */
export function claimTests(opened: OpenedQueue): void {
  capabilityTests(opened);
  orderTests(opened);
  turnTests(opened);
  comingTests(opened);
  waitTests(opened);
  doorTests(opened);
}

function capabilityTests(opened: OpenedQueue): void {
  test('a task is claimed only by a worker that has every tag of it [X000-8]', async () => {
    await opened().queue.enqueue([newTask(1, { requires: ['docker', 'cpu'] })]);
    for (const tags of [[], ['cpu'], ['docker'], ['gpu', 'internet']]) {
      expect(await opened().queue.claim(claimOf({ tags }))).toBeUndefined();
    }
    const lease = await claimed(opened(), { tags: ['gpu', 'cpu', 'docker'] });
    expect(lease).toMatchObject({ task: newTask(1, { requires: ['docker', 'cpu'] }).task, tenant_id: 'default' });
  });

  test('a task that requires nothing is for every worker [X000-2]', async () => {
    await opened().queue.enqueue([newTask(1, { requires: [] })]);
    expect(await claimAll(opened(), { tags: [] })).toEqual([1]);
  });

  test('no task waits behind one that this worker cannot do [X000-8]', async () => {
    const hard = [1, 2, 3].map((number) => newTask(number, { requires: ['cpu', 'gpu'], priority: 50 }));
    await opened().queue.enqueue([...hard, newTask(4)]);
    expect(await claimAll(opened())).toEqual([4]);
    expect(await claimAll(opened(), { tags: ['cpu', 'gpu'] })).toEqual([1, 2, 3]);
  });

  test('a worker is given only the kinds that it wants, and not the tasks that it does not want', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2, { kind: 'render' }), newTask(3, { kind: 'render' })]);
    expect(await claimAll(opened(), { kinds: ['mutate'] })).toEqual([]);
    expect(await claimAll(opened(), { kinds: ['mutate', 'render'], not: [idOf(2)] })).toEqual([3]);
    expect(await claimAll(opened())).toEqual([1, 2]);
  });
}

function orderTests(opened: OpenedQueue): void {
  test('the highest priority goes first, whatever it requires, and of one the task that waited longest', async () => {
    const priorities = [0, -100, 7, 100, 7, undefined];
    const tasks = priorities.map((priority, index) =>
      newTask(index, { requires: index % 2 === 0 ? ['cpu'] : [], ...(priority !== undefined && { priority }) }),
    );
    for (const task of tasks) await opened().queue.enqueue([task]);
    expect(await claimAll(opened())).toEqual([3, 2, 4, 0, 5, 1]);
  });

  test('tasks of one enqueue keep their order', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => 20 - index);
    await opened().queue.enqueue(numbers.map((number) => newTask(number)));
    expect(await claimAll(opened())).toEqual(numbers);
  });

  test('two workers are never given the same task [X000-9]', async () => {
    await opened().queue.enqueue(Array.from({ length: 10 }, (_, number) => newTask(number)));
    const workers = Array.from({ length: 20 }, (_, index) => opened().queue.claim(claimOf({ worker_id: `w${index}` })));
    const given = (await Promise.all(workers)).filter((lease) => lease !== undefined);
    expect(sorted(given.map(numberOf))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
}

function turnTests(opened: OpenedQueue): void {
  const of = (tenant_id: string, number: number, change: Partial<NewTask['task']> = {}) =>
    newTask(number, { tenant_id, ...change });

  test('tenants take turns, so that many tasks of one keep no other waiting', async () => {
    const many = Array.from({ length: 6 }, (_, number) => of('many', number));
    await opened().queue.enqueue([...many, of('few', 10), of('few', 11), of('one', 20)]);
    const order = await claimAll(opened());
    expect(sorted(order.slice(0, 3))).toEqual([0, 10, 20]);
    expect(sorted(order.slice(3, 5))).toEqual([1, 11]);
    expect(order.slice(5)).toEqual([2, 3, 4, 5]);
  });

  test('tenants take turns over all that they require, too', async () => {
    const many = Array.from({ length: 6 }, (_, number) =>
      of('many', number, { requires: number % 2 === 0 ? ['cpu'] : [] }),
    );
    await opened().queue.enqueue([...many, of('few', 10), of('few', 11)]);
    const order = await claimAll(opened());
    expect(sorted(order.slice(0, 4))).toEqual([0, 1, 10, 11]);
  });
}

function comingTests(opened: OpenedQueue): void {
  test('a tenant that comes with one task at a time is not served more often than those that wait', async () => {
    const { queue } = opened();
    const waiting = Array.from({ length: 40 }, (_, number) =>
      newTask(number, { tenant_id: number % 2 === 0 ? 'a' : 'b' }),
    );
    await queue.enqueue(waiting);
    for (let count = 0; count < 6; count += 1) await claimed(opened());
    const order: string[] = [];
    for (let count = 0; count < 9; count += 1) {
      if (order.at(-1) !== 'a' && order.at(-1) !== 'b') await queue.enqueue([newTask(100 + count, { tenant_id: 'c' })]);
      const lease = await claimed(opened());
      order.push(lease.tenant_id);
      await queue.complete(lease.lease, resultOf(lease, 'ok'));
    }
    expect(order.filter((tenant) => tenant === 'c').length).toBeLessThanOrEqual(4);
    expect(new Set(order)).toEqual(new Set(['a', 'b', 'c']));
  });
}

function waitTests(opened: OpenedQueue): void {
  test('a worker that waits is woken by a task that it can do, and by no other', async () => {
    const waiting = opened().queue.claim(claimOf({ wait_ms: LEASE_MS }));
    await opened().queue.enqueue([newTask(1, { requires: ['gpu'] })]);
    await opened().queue.enqueue([newTask(2)]);
    expect((await waiting)?.task.id).toBe(idOf(2));
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued', worker_id: null });
  });

  test('a worker that waits in vain is told so after its time, or when it gives up', async () => {
    const giveUp = new AbortController();
    const long = opened().queue.claim(claimOf({ wait_ms: LEASE_MS, signal: giveUp.signal }));
    const short = opened().queue.claim(claimOf({ worker_id: 'w2', wait_ms: 200 }));
    await opened().advance(300);
    expect(await short).toBeUndefined();
    giveUp.abort();
    expect(await long).toBeUndefined();
    await opened().queue.enqueue([newTask(1)]);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued' });
  });

  test('each of several workers that wait is given one task', async () => {
    const waiting = [1, 2, 3].map((worker) =>
      opened().queue.claim(claimOf({ worker_id: `w${worker}`, wait_ms: LEASE_MS })),
    );
    await opened().queue.enqueue([1, 2, 3].map((number) => newTask(number)));
    expect(sorted((await Promise.all(waiting)).map(numberOf))).toEqual([1, 2, 3]);
  });

  test('a claim whose signal is aborted already takes nothing', async () => {
    await opened().queue.enqueue([newTask(1)]);
    expect(await opened().queue.claim(claimOf({ signal: AbortSignal.abort() }))).toBeUndefined();
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued' });
  });
}

function doorTests(opened: OpenedQueue): void {
  const tags = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `tag-${index}`);

  test.each<readonly [string, NewTask]>([
    ['17 tags', newTask(2, { requires: tags(17) })],
    ['a tag with a space', newTask(2, { requires: ['big gpu'] })],
    ['a tag in capitals', newTask(2, { requires: ['GPU'] })],
    ['an empty tag', newTask(2, { requires: [''] })],
    ['a tag twice', newTask(2, { requires: ['cpu', 'cpu'] })],
    ['a priority above 100', newTask(2, { priority: 101 })],
    ['a priority below -100', newTask(2, { priority: -101 })],
    ['half a priority', newTask(2, { priority: 0.5 })],
    ['a deadline that is no time', newTask(2, { deadline: 'tomorrow' })],
    ['fewer than no retries', newTask(2, { max_retry: -1 })],
  ])('a task with %s is refused, and all that came with it [X000-7]', async (_what, wrong) => {
    const attempt = opened().queue.enqueue([newTask(1), wrong]);
    await expect(attempt).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await opened().queue.list({ rowsMax: 10 })).toEqual([]);
  });

  test('a task with 16 tags is taken', async () => {
    await opened().queue.enqueue([newTask(1, { requires: tags(16) })]);
    expect(await claimAll(opened(), { tags: tags(17) })).toEqual([1]);
  });

  test('1,000 sets of tags are taken, in any order of their tags, and no other', async () => {
    const sets = Array.from({ length: 1_000 }, (_, number) => newTask(number, { requires: ['cpu', `set-${number}`] }));
    await opened().queue.enqueue(sets);
    const other = opened().queue.enqueue([newTask(2_000, { requires: ['cpu', 'set-1000'] })]);
    await expect(other).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await opened().queue.enqueue([newTask(2_001, { requires: ['set-7', 'cpu'] })]);
    expect(await claimAll(opened(), { tags: ['cpu', 'set-7'] })).toEqual([7, 2_001]);
  });

  test('a task whose id is there already is left as it is, also once it is done [X000-9]', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await opened().queue.enqueue([newTask(1, { payload: { number: 'other' } }), newTask(2)]);
    const lease = await claimed(opened());
    expect(lease.task.payload).toEqual({ number: 1 });
    await opened().queue.complete(lease.lease, resultOf(lease, 'ok'));
    await opened().queue.enqueue([newTask(1)]);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'done' });
    expect(await claimAll(opened())).toEqual([2]);
  });

  test('what is given to the queue is not changed by whoever gave it', async () => {
    const payload = { number: 1, list: [1, 2] };
    await opened().queue.enqueue([newTask(1, { payload })]);
    payload.list.push(3);
    expect((await claimed(opened())).task.payload).toEqual({ number: 1, list: [1, 2] });
  });
}
