/**
 * Workers against the real server: what is given to it over HTTP is done by processes that ask it for tasks.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, createMemoryTaskQueue, type Host, type TaskQueue } from '@bulkhead/host';
import { createLog, createServer, type Server } from '@bulkhead/server';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { makeFolder, run, serve, start, writePlugin, type Folder } from './cli-fixture.ts';
import { idOf, newTasks } from './worker/queue-server.fixture.ts';

vi.setConfig({ testTimeout: 120_000 });

const TOKEN = 'the-platform-token-of-a-test-server-000000';
const MAIN = `
export class Echo {
  KIND = 'execute';
  PROVIDES = ['cpu'];
  dispatch() { return true; }
  async handle(task, { tenantId }) {
    const data = { tenantId, said: task.payload.say ?? null, large: 'x'.repeat(task.payload.large ?? 0) };
    return { task_id: task.id, status: 'ok', data, created_at: '2026-01-01T00:00:00Z', attempts: 1 };
  }
}`;

let folder: Folder;
let plugin: string;
let host: Host;
let queue: TaskQueue;
let server: Server;
let url: string;
let acme: string;
beforeAll(async () => {
  folder = await makeFolder();
  const manifest = { entry_points: { task_handlers: { echo: './main.js#Echo' } } };
  plugin = await writePlugin(folder.path, { name: 'echo_task', main: MAIN, manifest });
  host = await createHost({ spareCount: 0, tierMax: 'process', tenants: 'explicit' });
  queue = createMemoryTaskQueue();
  server = await createServer({ host, log: createLog('silent', 2), token: TOKEN, tasks: queue });
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
  const tenant = await host.tenants.create({ name: 'acme' });
  acme = tenant.id;
});
afterAll(async () => {
  await server.close();
  await host.close();
  await queue.close();
  await folder[Symbol.asyncDispose]();
});

function startWorker(token: string, ...more: readonly string[]) {
  const options = ['--server', url, '--plugins', plugin, '--data', join(folder.path, 'data')];
  const running = start(['worker', 'start', '--json', ...options, ...more], { env: { BULKHEAD_TOKEN: token } });
  onTestFinished(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
  });
  return running;
}

const ask = (path: string, init: RequestInit & { readonly tenant?: string } = {}): Promise<Response> =>
  fetch(new URL(path, url), {
    ...init,
    headers: {
      ...{ authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(init.tenant !== undefined && { 'x-bulkhead-tenant': init.tenant }),
    },
  });

test('a task that is given over HTTP is done by a worker that asks over HTTP, for its tenant', async () => {
  startWorker(TOKEN);
  const body = JSON.stringify({ kind: 'execute', payload: { say: 'hello' }, requires: ['cpu'] });
  const given = await ask('/v1/tasks', { method: 'POST', body, tenant: acme });
  expect(given.status).toBe(202);
  const { id } = (await given.json()) as { readonly id: string }; // The route's schema.
  expect(await queue.waitFor(id, 60_000)).toMatchObject({ state: 'done' });
  const read = await ask(`/v1/tasks/${id}`, { tenant: acme });
  expect(await read.json()).toMatchObject({
    ...{ state: 'done', result: { status: 'ok', data: { tenantId: acme, said: 'hello' } } },
  });
});

test('a worker with a token of one tenant is given its tasks alone', async () => {
  const { text: token } = await host.tokens.issue({ tenant: acme, role: 'worker' });
  await queue.enqueue(newTasks([1]));
  await queue.enqueue(newTasks([2]).map((task) => ({ ...task, tenant_id: acme })));
  startWorker(token);
  expect(await queue.waitFor(idOf(2), 60_000)).toMatchObject({ state: 'done' });
  expect(await queue.get(idOf(1))).toMatchObject({ state: 'queued' });
  await queue.cancel(idOf(1));
});

test('a result that is larger than the server takes is an error of its task, and the worker goes on', async () => {
  await queue.enqueue(newTasks([3], { payload: { large: 3_000_000 } }));
  await queue.enqueue(newTasks([4]));
  startWorker(TOKEN);
  expect(await queue.waitFor(idOf(4), 60_000)).toMatchObject({ state: 'done' });
  expect(await queue.waitFor(idOf(3), 60_000)).toMatchObject({ state: 'dead', result: { status: 'error' } });
});

test('a spawner asks the server what waits', async () => {
  startWorker(TOKEN, '--warm-pool', '1', '--max-parallel', '2');
  await queue.enqueue(newTasks([5, 6]));
  for (const number of [5, 6]) expect(await queue.waitFor(idOf(number), 60_000)).toMatchObject({ state: 'done' });
});

test('a viewer is no worker, and is told so', async () => {
  const { text: token } = await host.tokens.issue({ tenant: acme, role: 'viewer' });
  const options = ['--server', url, '--plugins', plugin, '--data', join(folder.path, 'data')];
  const { code, stderr, stdout } = await run(['worker', 'start', ...options], { env: { BULKHEAD_TOKEN: token } });
  expect(code).toBe(1);
  expect(`${stdout}${stderr}`).toContain('this needs the role worker');
});

test('`serve` and a worker on one data folder do a task together, with nothing else named', async () => {
  const data = join(folder.path, 'served');
  await using served = await serve(['--data', data]);
  const token = (await readFile(served.ready.token_file ?? '', 'utf8')).trim();
  const options = ['--server', served.ready.url, '--data', data, '--plugins', plugin];
  const worker = start(['worker', 'start', '--once', '--json', ...options]);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ kind: 'execute', payload: { say: 'hello' }, requires: ['cpu'] });
  const given = await fetch(new URL('/v1/tasks', served.ready.url), { method: 'POST', headers, body });
  const { id } = (await given.json()) as { readonly id: string }; // The route's schema.
  expect(await worker.ended).toMatchObject({ code: 0 });
  const read = await fetch(new URL(`/v1/tasks/${id}`, served.ready.url), { headers });
  expect(await read.json()).toMatchObject({ state: 'done', result: { data: { said: 'hello' } } });
});
