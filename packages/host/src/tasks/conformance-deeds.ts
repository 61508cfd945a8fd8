/**
 * What the audit log says of tasks: who cancelled one and who sent dead letters back, and nothing of what did not happen.
 */
import { expect, test } from 'vitest';
import { claimed, failOnce, idOf, kept, newTask, resultOf, type OpenedQueue } from './conformance-fixture.ts';

const BY = { actor: 'token t1', at: '2026-01-01T12:00:02.000Z' };
const NEVER = { message: 'the patch does not apply' };

/** Declares the tests. */
export function deedTests(opened: OpenedQueue): void {
  test('whoever cancels a task is in the audit log, with the task, its tenant and the state that it was in [X003-6]', async () => {
    const { queue, lines } = opened();
    await queue.enqueue([newTask(1, { tenant_id: 'acme' }), newTask(2), newTask(3, { kind: 'render' })]);
    await queue.cancel(idOf(1), BY);
    await claimed(opened());
    await queue.cancel(idOf(2), BY);
    await failOnce(opened(), NEVER);
    await queue.cancel(idOf(3), BY);
    const line = { ...BY, action: 'task.cancel', tenant_id: 'default' };
    expect(await lines()).toEqual([
      { ...line, tenant_id: 'acme', resource: `task ${idOf(1)}`, details: { kind: 'execute', state: 'queued' } },
      { ...line, resource: `task ${idOf(2)}`, details: { kind: 'execute', state: 'active' } },
      { ...line, resource: `task ${idOf(3)}`, details: { kind: 'render', state: 'dead' } },
    ]);
  });

  test('nothing is written of a task that had ended, of one that is nowhere, and where nobody is named', async () => {
    const { queue, lines } = opened();
    await queue.enqueue([newTask(1), newTask(2), newTask(3)]);
    const lease = await claimed(opened());
    await queue.complete(lease.lease, resultOf(lease, 'ok'));
    await queue.cancel(idOf(2));
    for (const number of [1, 2, 99]) await queue.cancel(idOf(number), BY);
    await failOnce(opened(), NEVER);
    expect(await queue.retryDead({ ids: [idOf(1), idOf(99)] }, BY)).toBe(0);
    expect(await queue.retryDead({ kind: 'render' }, BY)).toBe(0);
    expect(await queue.retryDead({ ids: [idOf(3)] })).toBe(1);
    expect(await lines()).toEqual([]);
  });

  test('whoever sends dead letters back is in the audit log, in one line for each tenant [X003-6] [X000-12]', async () => {
    const { queue, lines } = opened();
    await queue.enqueue([newTask(1), newTask(2, { kind: 'render' }), newTask(3, { tenant_id: 'acme' })]);
    for (let count = 0; count < 3; count += 1) await failOnce(opened(), NEVER);
    expect(await queue.retryDead({ ids: [1, 2, 3].map(idOf) }, BY)).toBe(3);
    const line = { ...BY, action: 'task.retry' };
    const both = {
      kinds: expect.arrayContaining(['execute', 'render']),
      ids: expect.arrayContaining([1, 2].map(idOf)),
    };
    const written = await lines();
    expect(written).toHaveLength(2);
    expect(written).toContainEqual({ ...line, tenant_id: 'default', resource: '2 tasks', details: both });
    expect(written).toContainEqual({
      ...{ ...line, tenant_id: 'acme', resource: `task ${idOf(3)}` },
      details: { kind: 'execute' },
    });
    expect(await kept(opened(), 3)).toMatchObject({ state: 'queued' });
  });

  test('a line of many dead letters says how many, and is no longer than a line may be [X003-8]', async () => {
    const { queue, lines } = opened();
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
    await queue.enqueue(numbers.map((number) => newTask(number)));
    for (let count = 0; count < numbers.length; count += 1) await failOnce(opened(), NEVER);
    expect(await queue.retryDead({ kind: 'execute' }, BY)).toBe(40);
    const [line] = await lines();
    expect(line).toMatchObject({ resource: '40 tasks', details: { kinds: ['execute'] } });
    expect(JSON.stringify(line?.details).length).toBeLessThanOrEqual(500);
  });
}
