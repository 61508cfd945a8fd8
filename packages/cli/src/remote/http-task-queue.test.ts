import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AuditedResult, TaskClaim } from '@bulkhead/host';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { idOf, newTasks, openQueueServer, QUEUE_TOKEN, type QueueServer } from '../worker/queue-server.fixture.ts';
import { createHttpTaskQueue } from './http-task-queue.ts';

let server: QueueServer;
beforeEach(async () => {
  server = await openQueueServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const open = (token: string | undefined = QUEUE_TOKEN) =>
  createHttpTaskQueue({ server: server.url, token, tenant: undefined });
const claimOf = (more: Partial<TaskClaim> = {}): TaskClaim => ({
  ...{ worker_id: 'w1', tags: ['cpu'], lease_ms: 10_000, wait_ms: 0, kinds: ['execute'] },
  ...more,
});
const resultOf = (number: number): AuditedResult => ({
  ...{ task_id: idOf(number), status: 'ok', data: { by: 'w1' }, created_at: '2026-01-01T12:00:01Z', attempts: 1 },
  ...{ worker_id: 'w1', handler_version: 'echo 1.0.0', image_tag: 'test' },
});

test('a task is claimed, held and completed over HTTP as it is by the queue itself', async () => {
  const queue = open();
  expect(await queue.claim(claimOf())).toBeUndefined();
  await server.queue.enqueue(newTasks([1]));
  const lease = await queue.claim(claimOf());
  expect(lease).toMatchObject({ task: { id: idOf(1), kind: 'execute' }, tenant_id: 'default' });
  expect(await queue.heartbeat(lease?.lease ?? '', 10_000)).toBe('held');
  expect(await queue.complete(lease?.lease ?? '', resultOf(1))).toBe('held');
  expect(await queue.complete(lease?.lease ?? '', resultOf(1))).toBe('lost');
  expect(await server.queue.get(idOf(1))).toMatchObject({ state: 'done', result: resultOf(1) });
});

test('a claim waits for a task that comes, at most half a minute, and sends no more than a claim has', async () => {
  const waiting = open().claim(claimOf({ wait_ms: 600_000, not: [idOf(9)] }));
  await expect.poll(() => server.claims.length).toBe(1);
  await server.queue.enqueue(newTasks([2]));
  expect(await waiting).toMatchObject({ task: { id: idOf(2) } });
  expect(server.claims).toEqual([claimOf({ wait_ms: 30_000, not: [idOf(9)] })]);
});

test('whoever stops waiting is given nothing, and neither is anybody else kept from it', async () => {
  const stopping = new AbortController();
  const waiting = open().claim(claimOf({ wait_ms: 30_000, signal: stopping.signal }));
  await expect.poll(() => server.claims.length).toBe(1);
  stopping.abort();
  expect(await waiting).toBeUndefined();
  expect(await open().claim(claimOf({ signal: stopping.signal }))).toBeUndefined();
  expect(server.claims).toHaveLength(1);
});

test('a server that is away is told as a queue that is away, and one that refuses by its code', async () => {
  server.state.isAway = true;
  await expect(open().claim(claimOf())).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  await expect(open('none').heartbeat('x', 1_000)).rejects.toMatchObject({ code: 'AUTH_REQUIRED' });
  await server[Symbol.asyncDispose]();
  await expect(open().complete('x', resultOf(1))).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('does not answer'),
  });
});

test.for(['{}', 'no JSON', '{"task":{"id":"x"},"tenant_id":"default","lease":"l"}'])(
  'what is no answer of a queue is refused, and not tried again: %s',
  async (said) => {
    const foreign = createServer((_request, response) => response.end(said));
    onTestFinished(() => void foreign.close());
    foreign.listen({ host: '127.0.0.1', port: 0 });
    await once(foreign, 'listening');
    const address = foreign.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const queue = createHttpTaskQueue({ server: `http://127.0.0.1:${port}`, token: 'x', tenant: undefined });
    await expect(queue.claim(claimOf())).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(queue.heartbeat('l', 1_000)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  },
);

test('a task of a later schema reaches the worker, which answers for it [X000-5]', async () => {
  const later = { task: { id: idOf(1), schema_v: 2, kind: 'dream' }, tenant_id: 'default', lease: 'l' };
  const newer = createServer((_request, response) => response.end(JSON.stringify(later)));
  onTestFinished(() => void newer.close());
  newer.listen({ host: '127.0.0.1', port: 0 });
  await once(newer, 'listening');
  const address = newer.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const queue = createHttpTaskQueue({ server: `http://127.0.0.1:${port}`, token: 'x', tenant: undefined });
  expect(await queue.claim(claimOf())).toMatchObject({ task: { id: idOf(1), schema_v: 2 }, lease: 'l' });
});
