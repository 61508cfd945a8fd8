import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@bulkhead/store/testing';
import { expect, test, vi } from 'vitest';
import { makeFolder, serve, type Served } from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

type Answer = {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
};

/** A client of one server, with its platform token; its requests are those of a worker or of whoever gives tasks. */
async function clientOf(served: Served, data: string) {
  const token = (await readFile(join(data, 'token'), 'utf8')).trim();
  async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(served.ready.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const read = text === '' ? {} : (JSON.parse(text) as Answer['body']); // Tests look at what is inside.
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: read };
  }
  const claim = (worker: string, more: object = {}): Promise<Answer> =>
    ask('POST', '/v1/worker/claim', { worker_id: worker, tags: ['cpu'], lease_ms: 10_000, wait_ms: 0, ...more });
  const complete = (lease: unknown, id: string, by: string): Promise<Answer> => {
    const result = { task_id: id, status: 'ok', data: { by }, created_at: '2026-01-01T12:00:00Z', attempts: 1 };
    const who = { worker_id: by, handler_version: 'fixture 1.0.0', image_tag: 'test' };
    return ask('POST', '/v1/worker/complete', { lease, result: { ...result, ...who } });
  };
  const give = async (n: number): Promise<string> =>
    String((await ask('POST', '/v1/tasks', { kind: 'execute', payload: { n }, requires: ['cpu'] })).body['id']);
  return { ask, claim, complete, give };
}

/** From the task that is given to its result, over a kill, with two workers that race for each task. */
async function assertWholeWay(data: string, env: Readonly<Record<string, string>>): Promise<void> {
  const first = await serve(['--data', data], { env });
  const one = await clientOf(first, data);
  const ids = [await one.give(1), await one.give(2), await one.give(3)];
  const waiting = await one.claim('w1', { wait_ms: 30_000 });
  expect(waiting).toMatchObject({ status: 200, body: { task: { id: ids[0], payload: { n: 1 } } } });
  const { lease } = waiting.body;
  expect((await one.ask('POST', '/v1/worker/heartbeat', { lease, lease_ms: 10_000 })).body).toEqual({ lease: 'held' });
  const completed = await Promise.all(['w1', 'w2'].map((by) => one.complete(lease, ids[0] ?? '', by)));
  expect(completed.map(({ body }) => String(body['lease'])).toSorted()).toEqual(['held', 'lost']);
  const held = await one.claim('w1', { lease_ms: 1_000 });
  expect(held.body).toMatchObject({ task: { id: ids[1] } });
  const cancelled = await one.ask('DELETE', `/v1/tasks/${ids[2]}`);
  expect(cancelled.body).toMatchObject({ state: 'cancelled' });
  first.child.kill('SIGKILL');
  await first.ended;

  await using second = await serve(['--data', data], { env });
  const two = await clientOf(second, data);
  expect((await two.ask('GET', `/v1/tasks/${ids[0]}`)).body).toMatchObject({ state: 'done' });
  // Its lease ended while no server was there: the upkeep returns it, and whoever waits is given it.
  const again = await two.claim('w2', { wait_ms: 30_000 });
  expect(again.body).toMatchObject({ task: { id: ids[1], attempts: 0 } });
  expect((await two.complete(held.body['lease'], ids[1] ?? '', 'w1')).body).toEqual({ lease: 'lost' });
  expect((await two.complete(again.body['lease'], ids[1] ?? '', 'w2')).body).toEqual({ lease: 'held' });
  expect((await two.ask('GET', `/v1/tasks/${ids[1]}`)).body).toMatchObject({ result: { data: { by: 'w2' } } });
  expect((await two.claim('w2')).status).toBe(204);
  const page = await (await fetch(`${second.ready.url}/metrics`)).text();
  // A database that is killed may go on up to 32 later in each count.
  const acknowledged = Number(/^queue_ack_total (\d+)$/m.exec(page)?.[1]);
  expect(acknowledged).toBeGreaterThanOrEqual(2);
  expect(acknowledged).toBeLessThanOrEqual(34);
}

test('a task that was given is done once, over a kill of the server, in the data directory [X000-9]', async () => {
  await using folder = await makeFolder();
  await assertWholeWay(join(folder.path, 'data'), {});
});

test('with BULKHEAD_DATABASE_URL tasks are on that server [X000-9]', async () => {
  await using folder = await makeFolder();
  await using postgres = await startPostgres();
  await assertWholeWay(join(folder.path, 'data'), { BULKHEAD_DATABASE_URL: postgres.url });
});

test('while the database is away tasks are refused with 503 and Retry-After, and all goes on by itself, nothing twice [X000-32]', async () => {
  await using folder = await makeFolder();
  await using postgres = await startPostgres();
  const data = join(folder.path, 'data');
  await using served = await serve(['--data', data], { env: { BULKHEAD_DATABASE_URL: postgres.url } });
  const { ask, claim, complete, give } = await clientOf(served, data);
  const ids = [await give(1), await give(2)];
  const held = await claim('w1');
  const waiting = claim('w3', { tags: [], wait_ms: 30_000 });
  await postgres.stop();
  const away = { status: 503, retryAfter: expect.stringMatching(/^\d+$/), body: { code: 'STORAGE_UNAVAILABLE' } };
  expect(await ask('POST', '/v1/tasks', { kind: 'execute', requires: ['cpu'] })).toMatchObject(away);
  expect(await claim('w2')).toMatchObject(away);
  expect(await ask('GET', `/v1/tasks/${ids[0]}`)).toMatchObject(away);
  expect(await complete(held.body['lease'], ids[0] ?? '', 'w1')).toMatchObject(away);
  expect(await waiting).toMatchObject(away);
  const page = await (await fetch(`${served.ready.url}/metrics`)).text();
  expect(page).toContain('result_backend_fail_total 1');
  expect(page).not.toContain('queue_pending_total');
  await postgres.start();
  await vi.waitUntil(async () => (await claim('w2', { tags: [] })).status === 204, { timeout: 60_000, interval: 200 });
  expect((await complete(held.body['lease'], ids[0] ?? '', 'w1')).body).toMatchObject({ lease: expect.any(String) });
  const done: string[] = [];
  await vi.waitUntil(
    async () => {
      const { status, body } = await claim('w2', { wait_ms: 1_000 });
      if (status !== 200) return (await ask('GET', `/v1/tasks/${ids[1]}`)).body['state'] === 'done';
      const { id } = body['task'] as { readonly id: string };
      done.push(id);
      return (await complete(body['lease'], id, 'w2')).status === 0;
    },
    { timeout: 60_000 },
  );
  expect(new Set(done).size).toBe(done.length);
  for (const id of ids) expect((await ask('GET', `/v1/tasks/${id}`)).body).toMatchObject({ state: 'done' });
  expect((await ask('GET', '/api/v1/tasks?state=dead')).body).toEqual({ tasks: [], next: null });
  expect((await ask('GET', '/api/v1/tasks')).body).toMatchObject({ tasks: [{}, {}] });
});

test('a worker that waits when the server is told to end is answered 204, and the server ends with 0', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  const served = await serve(['--data', data]);
  const { ask, claim } = await clientOf(served, data);
  const { body } = await ask('POST', '/v1/tasks', { kind: 'execute', requires: ['gpu'] });
  const unschedulable = async (): Promise<unknown> => {
    const backlog = (await ask('GET', '/api/v1/tasks/backlog')).body as unknown as readonly Answer['body'][];
    return backlog[0]?.['unschedulable'];
  };
  expect(await unschedulable()).toBe(1);
  // It could do the task, which is how the backlog says that it waits, but does not want it.
  const waiting = claim('w1', { tags: ['gpu'], not: [body['id']], wait_ms: 30_000 });
  await vi.waitUntil(async () => (await unschedulable()) === 0);
  served.child.kill('SIGTERM');
  expect((await waiting).status).toBe(204);
  expect((await served.ended).code).toBe(0);
});
