import { once } from 'node:events';
import { createMemoryTaskQueue, type TaskQueue } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { adminOf, type Admin, type Answer } from '../admin-fixture.ts';
import { TOKEN, send, startServer, statusesOf, type TestServer } from '../server-fixture.ts';
import { claimBody, taskOf, resultBody } from '../tasks.fixture.ts';

const ID = '00000000deadbeef';
const BODIES = {
  '/v1/worker/claim': claimBody(),
  '/v1/worker/heartbeat': { lease: 'x', lease_ms: 1_000 },
  '/v1/worker/complete': { lease: 'x', result: resultBody(ID) },
} as const;

let tasks: TaskQueue;
let started: TestServer;
let admin: Admin;
beforeAll(async () => {
  tasks = createMemoryTaskQueue();
  started = await startServer({ tasks });
  admin = adminOf(started.url);
});
afterEach(async () => {
  for (const { task } of await tasks.list({ rowsMax: 1_000 })) await tasks.cancel(task.id);
  await tasks.prune({ ended: '2999-01-01T00:00:00Z', dead: '2999-01-01T00:00:00Z' });
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await tasks.close();
});

const claim = (body: object = {}, more: object = {}): Promise<Answer> =>
  admin.ask('POST', '/v1/worker/claim', { body: claimBody(body), ...more });
const leaseOf = ({ body }: Answer): string => String(body['lease']);

test.each(Object.entries(BODIES))('%s is for a worker’s token, which opens nothing else', async (path, body) => {
  const tenant = await admin.makeTenant(`tenant of ${path}`);
  for (const role of ['viewer', 'operator', 'admin']) {
    const token = await admin.makeToken(tenant, role);
    expect(await admin.ask('POST', path, { token, body })).toMatchObject({
      status: 403,
      body: { code: 'ROLE_TOO_LOW', detail: `the token has the role ${role}; this needs the role worker` },
    });
  }
  const worker = await admin.makeToken(tenant, 'worker');
  expect((await admin.ask('GET', '/v1/tools', { token: worker })).status).toBe(403);
  expect((await fetch(started.url + path, { method: 'POST' })).status).toBe(401);
  expect(await admin.ask('POST', path, { token: worker, body: {} })).toMatchObject({ status: 422 });
  const answer = await admin.ask('POST', path, { token: worker, body });
  expect(answer).toMatchObject(path.endsWith('claim') ? { status: 204 } : { status: 200, body: { lease: 'lost' } });
});

test.each(Object.entries(BODIES))('%s of a server without a queue says so', async (path, body) => {
  await using bare = await startServer();
  expect(await adminOf(bare.url).ask('POST', path, { body })).toMatchObject({
    status: 503,
    body: { code: 'QUEUE_NOT_INSTALLED' },
  });
});

test('a task is claimed, held and done, and exactly one result of it is kept [X000-9]', async () => {
  await tasks.enqueue([taskOf(ID)]);
  const claimed = await claim({ wait_ms: 0 });
  expect(claimed).toMatchObject({ status: 200, body: { task: taskOf(ID).task, tenant_id: 'default' } });
  const lease = leaseOf(claimed);
  expect(await admin.ask('POST', '/v1/worker/heartbeat', { body: { lease, lease_ms: 60_000 } })).toMatchObject({
    status: 200,
    body: { lease: 'held' },
  });
  const complete = (score: number): Promise<Answer> =>
    admin.ask('POST', '/v1/worker/complete', { body: { lease, result: { ...resultBody(ID, { score }), more: 1 } } });
  expect(await complete(1)).toMatchObject({ status: 200, body: { lease: 'held' } });
  expect(await complete(2)).toMatchObject({ status: 200, body: { lease: 'lost' } });
  expect((await tasks.get(ID))?.result).toEqual(resultBody(ID, { score: 1 }));
});

test('a worker that waits is given a task as it comes, and told of none with 204', async () => {
  expect(await claim({ wait_ms: 1 })).toMatchObject({ status: 204, body: {} });
  const waiting = claim({ wait_ms: 30_000 });
  await tasks.enqueue([taskOf(ID)]);
  expect(await waiting).toMatchObject({ status: 200, body: { task: { id: ID } } });
});

test.each([
  ['a wait of more than 30 s', { wait_ms: LIMITS.task_wait_ms.value + 1 }],
  ['a lease of no time', { lease_ms: 0 }],
  ['a tag with a space', { tags: ['big gpu'] }],
  ['a kind that is none', { kinds: ['cook'] }],
  ['a name that has none', { worker_id: '' }],
  ['a word that it does not know', { tenant: 'default' }],
  ['more tasks that it does not want than are looked at', { not: Array.from({ length: 1_001 }, () => ID) }],
])('a claim with %s is refused', async (_what, wrong) => {
  expect(await claim(wrong)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
});

test.each([
  ['of another task', resultBody('0123456789abcdef')],
  ['at a time that is none', { ...resultBody(ID), created_at: '2026-02-30T12:00:00Z' }],
  ['of more than 1 MiB', resultBody(ID, { text: 'x'.repeat(LIMITS.task_result_bytes.value) })],
  ['with a status that is none', { ...resultBody(ID), status: 'fine' }],
])('a result %s is refused, and the lease goes on', async (_what, result) => {
  await tasks.enqueue([taskOf(ID)]);
  const lease = leaseOf(await claim());
  const answer = await admin.ask('POST', '/v1/worker/complete', { body: { lease, result } });
  expect(answer).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
  expect(await tasks.heartbeat(lease, 60_000)).toBe('held');
});

test('a worker of one tenant reaches no task of another, and the platform’s those of all or of one that it names', async () => {
  const [ours, theirs] = [await admin.makeTenant('ours'), await admin.makeTenant('theirs')];
  const [own, other] = [await admin.makeToken(ours, 'worker'), await admin.makeToken(theirs, 'worker')];
  await tasks.enqueue([taskOf(ID, { tenant_id: ours })]);
  const headers = { 'x-bulkhead-tenant': ours };
  expect((await claim({}, { token: other, headers })).status).toBe(204);
  expect((await claim({}, { headers: { 'x-bulkhead-tenant': theirs } })).status).toBe(204);
  const claimed = await claim({}, { token: own });
  expect(claimed).toMatchObject({ status: 200, body: { tenant_id: ours } });
  const lease = leaseOf(claimed);
  const beat = { body: { lease, lease_ms: 60_000 } };
  const complete = { body: { lease, result: resultBody(ID) } };
  for (const [path, sent] of [
    ['/v1/worker/heartbeat', beat],
    ['/v1/worker/complete', complete],
  ] as const) {
    expect((await admin.ask('POST', path, { ...sent, token: other, headers })).body).toEqual({ lease: 'lost' });
  }
  expect((await admin.ask('POST', '/v1/worker/heartbeat', beat)).body).toEqual({ lease: 'held' });
  expect((await admin.ask('POST', '/v1/worker/complete', { ...complete, token: own })).body).toEqual({ lease: 'held' });
});

test('a worker that goes away while it waits leaves no task without one', async () => {
  const claims = vi.spyOn(tasks, 'claim');
  onTestFinished(() => claims.mockRestore());
  const socket = send(started.port, requestOf('/v1/worker/claim', claimBody({ wait_ms: 30_000 })));
  await vi.waitUntil(() => claims.mock.results.length > 0);
  socket.destroy();
  expect(await claims.mock.results[0]?.value).toBeUndefined();
  await tasks.enqueue([taskOf(ID)]);
  expect(await claim()).toMatchObject({ status: 200, body: { task: { id: ID } } });
});

test('a task that was claimed for a worker that has gone is given back at once, and nothing is counted', async () => {
  const queue = createMemoryTaskQueue();
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  const { promise: isBack, resolve: didComeBack } = Promise.withResolvers<boolean>();
  const slow: TaskQueue = Object.assign(Object.create(queue) as TaskQueue, {
    // The task is taken before the worker goes, and handed on after.
    claim: async (asked: Parameters<TaskQueue['claim']>[0]) => {
      const lease = await queue.claim(asked);
      leave();
      if (asked.signal !== undefined) await once(asked.signal, 'abort');
      return lease;
    },
    release: async (lease: string) => {
      const isReleased = await queue.release(lease);
      didComeBack(isReleased);
      return isReleased;
    },
  } satisfies Partial<TaskQueue>);
  await queue.enqueue([taskOf(ID)]);
  await using server = await startServer({ tasks: slow });
  const giveUp = new AbortController();
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const asking = fetch(`${server.url}/v1/worker/claim`, {
    ...{ method: 'POST', headers, body: JSON.stringify(claimBody({ wait_ms: 0 })), signal: giveUp.signal },
  });
  await gone;
  giveUp.abort();
  await expect(asking).rejects.toThrow('abort');
  expect(await isBack).toBe(true);
  expect(await queue.get(ID)).toMatchObject({ state: 'queued', worker_id: null, task: { attempts: 0 } });
});

test('a worker whose token is revoked while it waits is given nothing', async () => {
  const tenant = await admin.makeTenant('revoked');
  const token = await admin.makeToken(tenant, 'worker');
  const claims = vi.spyOn(tasks, 'claim');
  onTestFinished(() => claims.mockRestore());
  const waiting = claim({ wait_ms: 30_000 }, { token });
  await vi.waitUntil(() => claims.mock.results.length > 0);
  const rows = (await admin.ask('GET', `/api/v1/tenants/${tenant}/tokens`)).body as unknown as readonly {
    id: string;
  }[];
  await admin.ask('DELETE', `/api/v1/tokens/${rows[0]?.id}`);
  await tasks.enqueue([taskOf(ID, { tenant_id: tenant })]);
  expect(await waiting).toMatchObject({ status: 401, body: { code: 'AUTH_REQUIRED' } });
  expect(await tasks.get(ID)).toMatchObject({ state: 'queued' });
});

test('no tenant waits with more claims than its part', async () => {
  const tenant = await admin.makeTenant('many');
  const token = await admin.makeToken(tenant, 'worker');
  const most = LIMITS.task_waits_of_tenant.value;
  const claims = vi.spyOn(tasks, 'claim');
  onTestFinished(() => claims.mockRestore());
  const giveUp = new AbortController();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asked = {
    method: 'POST',
    headers,
    body: JSON.stringify(claimBody({ wait_ms: 30_000 })),
    signal: giveUp.signal,
  };
  const waiting = Array.from({ length: most }, () =>
    fetch(`${started.url}/v1/worker/claim`, asked).catch(() => 'gone'),
  );
  await vi.waitUntil(() => claims.mock.results.length === most);
  expect(await claim({}, { token })).toMatchObject({ status: 429, body: { code: 'HOST_OVERLOADED' } });
  expect(await claim()).toMatchObject({ status: 204 });
  giveUp.abort();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['gone']));
});

test('while the server drains a claim that waits is answered 204, results are taken, and new claims are refused', async () => {
  const queue = createMemoryTaskQueue();
  await queue.enqueue([taskOf(ID)]);
  const { promise: mayComplete, resolve: letComplete } = Promise.withResolvers<void>();
  const { promise: isCompleting, resolve: didCome } = Promise.withResolvers<void>();
  const complete = queue.complete.bind(queue);
  queue.complete = async (lease, result) => {
    didCome();
    await mayComplete;
    return complete(lease, result);
  };
  await using server = await startServer({ tasks: queue });
  const { ask } = adminOf(server.url);
  const lease = leaseOf(await ask('POST', '/v1/worker/claim', { body: claimBody() }));
  const claims = vi.spyOn(queue, 'claim');
  const waiting = ask('POST', '/v1/worker/claim', { body: claimBody({ wait_ms: 30_000 }) });
  await vi.waitUntil(() => claims.mock.results.length > 0);
  const socket = send(server.port, requestOf('/v1/worker/complete', { lease, result: resultBody(ID) }));
  const answers = collect(socket);
  await isCompleting;
  const closed = server.server.close();
  expect(await waiting).toMatchObject({ status: 204 });
  socket.write(requestOf('/v1/worker/claim', claimBody()));
  letComplete();
  await closed;
  expect(statusesOf(await answers)).toEqual([200, 502]);
  expect(await answers).toContain('{"lease":"held"}');
  expect(await answers).toContain('HOST_CLOSED');
  expect(await queue.get(ID)).toMatchObject({ state: 'done' });
});

function requestOf(path: string, body: object): string {
  const text = JSON.stringify(body);
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${TOKEN}\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

function collect(socket: ReturnType<typeof send>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (more: string) => (text += more));
  socket.on('close', () => resolve(text));
  return promise;
}
