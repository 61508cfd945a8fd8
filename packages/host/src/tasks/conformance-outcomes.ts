/**
 * What becomes of a task by its result: done, tried again, dead; and what an administrator does with dead ones.
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

const AGAIN = { retryable: true, message: 'the provider is down' };
const NEVER = { retryable: false, message: 'the patch does not apply' };

/** Declares the tests. */
export function outcomeTests(opened: OpenedQueue): void {
  okTests(opened);
  retryTests(opened);
  deadTests(opened);
  deadlineTests(opened);
}

function okTests(opened: OpenedQueue): void {
  test('ok ends a task, and its result is kept with who made it [X000-3] [X000-10]', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    expect(await kept(opened(), 1)).toMatchObject({ state: 'active', worker_id: 'w1', result: null });
    const result = resultOf(lease, 'ok', { score: 0.5, text: 'Zürich' });
    expect(await opened().queue.complete(lease.lease, result)).toBe('held');
    expect(await kept(opened(), 1)).toEqual({
      task: newTask(1).task,
      tenant_id: 'default',
      state: 'done',
      priority: 0,
      deadline: null,
      max_retry: 3,
      available_at: expect.any(String),
      worker_id: null,
      lease_until: null,
      reason: null,
      result,
    });
    expect(await claimAll(opened())).toEqual([]);
  });

  test('exactly one result of a task is kept, the first [X000-9]', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    const first = resultOf(lease, 'ok', { score: 1 });
    expect(await opened().queue.complete(lease.lease, first)).toBe('held');
    expect(await opened().queue.complete(lease.lease, resultOf(lease, 'ok', { score: 2 }))).toBe('lost');
    expect(await opened().queue.complete(lease.lease, resultOf(lease, 'error', NEVER))).toBe('lost');
    expect((await kept(opened(), 1)).result).toEqual(first);
  });

  test('a result of another task than the lease is refused, and the lease goes on', async () => {
    await opened().queue.enqueue([newTask(1)]);
    const lease = await claimed(opened());
    const other = { ...resultOf(lease, 'ok'), task_id: idOf(2) };
    await expect(opened().queue.complete(lease.lease, other)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await opened().queue.complete(lease.lease, resultOf(lease, 'ok'))).toBe('held');
  });
}

function retryTests(opened: OpenedQueue): void {
  test('an error that is worth it is tried again after waits that double, and is dead after that [X000-10]', async () => {
    const { queue, advance, retryMs } = opened();
    await queue.enqueue([newTask(1)]);
    for (const [index, waitMs] of [retryMs, 2 * retryMs, 4 * retryMs].entries()) {
      await failOnce(opened(), AGAIN);
      expect(await kept(opened(), 1)).toMatchObject({
        state: 'queued',
        task: { attempts: index + 1 },
        worker_id: null,
      });
      await advance(waitMs * 0.75);
      expect(await queue.claim(claimOf())).toBeUndefined();
      await advance(waitMs * 0.25 + 1);
    }
    await failOnce(opened(), AGAIN);
    const dead = { state: 'dead', task: { attempts: 4 }, reason: 'the provider is down', result: { status: 'error' } };
    expect(await kept(opened(), 1)).toMatchObject(dead);
    await advance(100 * retryMs);
    expect(await queue.claim(claimOf())).toBeUndefined();
  });

  test('an error that says when to come again is not tried again before that [X000-10] [X000-19]', async () => {
    const { queue, advance, retryMs } = opened();
    await queue.enqueue([newTask(1)]);
    await failOnce(opened(), { ...AGAIN, retry_after_ms: 8 * retryMs });
    await advance(6 * retryMs);
    expect(await queue.claim(claimOf())).toBeUndefined();
    await advance(2 * retryMs + 1);
    expect((await queue.claim(claimOf()))?.task).toMatchObject({ id: idOf(1), attempts: 1 });
  });

  test.each([['soon'], [-1], [null]])('what is no wait is as if it were not said: %j [X000-10]', async (said) => {
    const { queue, advance, retryMs } = opened();
    await queue.enqueue([newTask(1)]);
    await failOnce(opened(), { ...AGAIN, retry_after_ms: said });
    await advance(retryMs + 1);
    expect(await queue.claim(claimOf())).toBeDefined();
  });

  test('max_retry 0 means one attempt [X000-10]', async () => {
    await opened().queue.enqueue([newTask(1, { max_retry: 0 })]);
    await failOnce(opened(), AGAIN);
    expect(await kept(opened(), 1)).toMatchObject({ state: 'dead', max_retry: 0, task: { attempts: 1 } });
  });

  test('a worker that waits is woken when the wait of a task is over', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await failOnce(opened(), AGAIN);
    const waiting = opened().queue.claim(claimOf({ wait_ms: 10 * opened().retryMs }));
    await opened().advance(opened().retryMs + 1);
    expect((await waiting)?.task).toMatchObject({ id: idOf(1), attempts: 1 });
  });

  test('while a task waits for its next attempt, others of its line go on', async () => {
    await opened().queue.enqueue([newTask(1), newTask(2)]);
    await failOnce(opened(), AGAIN);
    expect(await claimAll(opened())).toEqual([2]);
  });
}

function deadTests(opened: OpenedQueue): void {
  test.each([
    ['says that it is not worth another attempt', NEVER],
    ['does not say', { message: 'the patch does not apply' }],
    ['says it in another way than true', { retryable: 'yes', message: 'the patch does not apply' }],
  ])('an error that %s is dead at once [X000-10]', async (_how, data) => {
    await opened().queue.enqueue([newTask(1)]);
    await failOnce(opened(), data);
    expect(await kept(opened(), 1)).toMatchObject({
      state: 'dead',
      reason: 'the patch does not apply',
      task: { attempts: 1 },
    });
    expect(await claimAll(opened())).toEqual([]);
  });

  test('an error without a message has a reason, too', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await failOnce(opened(), {});
    expect((await kept(opened(), 1)).reason).toMatch(/\w/);
  });

  test('dead tasks are sent back by their ids or by their kind, with attempts 0 [X000-12]', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1), newTask(2, { kind: 'render' }), newTask(3, { kind: 'render' }), newTask(4)]);
    for (let count = 0; count < 3; count += 1) await failOnce(opened(), NEVER);
    expect(await queue.retryDead({ ids: [idOf(1), idOf(4), idOf(99)] })).toBe(1);
    expect(await kept(opened(), 1)).toMatchObject({
      state: 'queued',
      task: { attempts: 0 },
      reason: null,
      result: null,
    });
    expect(await queue.retryDead({ kind: 'render' })).toBe(2);
    expect(await queue.retryDead({ kind: 'render' })).toBe(0);
    expect(sorted(await claimAll(opened()))).toEqual([1, 2, 3, 4]);
  });

  test('a worker that waits is woken by a dead task that is sent back', async () => {
    await opened().queue.enqueue([newTask(1)]);
    await failOnce(opened(), NEVER);
    const waiting = opened().queue.claim(claimOf({ wait_ms: LEASE_MS }));
    await opened().queue.retryDead({ ids: [idOf(1)] });
    expect((await waiting)?.task.id).toBe(idOf(1));
  });
}

function deadlineTests(opened: OpenedQueue): void {
  const inMs = (ms: number): string => new Date(opened().now() + ms).toISOString();

  test('a task whose deadline is over is given to nobody, and is dead', async () => {
    const deadline = inMs(120_000);
    await opened().queue.enqueue([newTask(1, { deadline }), newTask(2)]);
    await opened().advance(120_001);
    expect(await claimAll(opened())).toEqual([2]);
    const dead = await kept(opened(), 1);
    expect(dead).toMatchObject({ state: 'dead', result: null });
    expect(dead.reason).toMatch(/deadline/);
  });

  test('a task that a worker has is not ended by its deadline, but is not tried again after it', async () => {
    await opened().queue.enqueue([1, 2, 3].map((number) => newTask(number, { deadline: inMs(120_000) })));
    const [done, failed] = [await claimed(opened()), await claimed(opened())];
    await claimed(opened(), { lease_ms: 1_000 });
    await opened().advance(120_001);
    expect(await opened().queue.complete(done.lease, resultOf(done, 'ok'))).toBe('held');
    expect(await opened().queue.complete(failed.lease, resultOf(failed, 'error', AGAIN))).toBe('held');
    await opened().queue.reclaim();
    expect(await kept(opened(), 1)).toMatchObject({ state: 'done' });
    for (const number of [2, 3]) expect(await kept(opened(), number)).toMatchObject({ state: 'dead' });
  });

  test('a dead task that is sent back after its deadline has none', async () => {
    await opened().queue.enqueue([newTask(1, { deadline: inMs(120_000) })]);
    await opened().advance(120_001);
    expect(await opened().queue.get(idOf(1))).toMatchObject({ state: 'dead' });
    await opened().queue.retryDead({ ids: [idOf(1)] });
    expect(await kept(opened(), 1)).toMatchObject({ state: 'queued', deadline: null });
    expect(await claimAll(opened())).toEqual([1]);
  });
}
