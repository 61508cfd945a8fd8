import { createMemoryStorage, createMemoryTaskQueue, HostError, type Storage, type TaskQueue } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { adminOf, type Admin, type Answer } from '../admin-fixture.ts';
import { startServer, type TestServer } from '../server-fixture.ts';
import { claimBody, resultBody, taskOf } from '../tasks.fixture.ts';

let storage: Storage;
let tasks: TaskQueue;
let started: TestServer;
let admin: Admin;
beforeAll(async () => {
  storage = createMemoryStorage();
  tasks = createMemoryTaskQueue({ catalogue: storage });
  started = await startServer({ tasks, storage });
  admin = adminOf(started.url);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await tasks.close();
});

/** A tenant of one test, with what its tokens do. */
async function makeTenant(name: string) {
  const tenant = await admin.makeTenant(name);
  const roles = ['viewer', 'operator', 'admin', 'worker'] as const;
  const entries = await Promise.all(roles.map(async (role) => [role, await admin.makeToken(tenant, role)] as const));
  const tokens = new Map<string, string>(entries);
  const as = (role: (typeof roles)[number]) => (method: string, path: string, body?: object) =>
    admin.ask(method, path, { token: tokens.get(role) ?? '', ...(body !== undefined && { body }) });
  const [viewer, operator, ownAdmin, worker] = [as('viewer'), as('operator'), as('admin'), as('worker')];
  const give = async (more: object = {}): Promise<string> =>
    String((await operator('POST', '/v1/tasks', { kind: 'execute', requires: ['cpu'], ...more })).body['id']);
  const end = async (status: string, data: object = {}): Promise<Answer> => {
    const { body } = await worker('POST', '/v1/worker/claim', claimBody());
    const { lease, task } = body as unknown as { readonly lease: string; readonly task: { readonly id: string } };
    const result = { ...resultBody(task.id), status, data };
    return worker('POST', '/v1/worker/complete', { lease, result });
  };
  return { tenant, viewer, operator, admin: ownAdmin, worker, give, end };
}

test('a task is given, done by a worker, and its result read by a viewer', async () => {
  const { viewer, operator, end } = await makeTenant('whole way');
  const given = { kind: 'execute', payload: { n: 7 }, requires: ['cpu'], priority: 3, max_retry: 0 };
  const { status, body } = await operator('POST', '/v1/tasks', given);
  expect([status, body]).toEqual([202, { id: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
  const path = `/v1/tasks/${String(body['id'])}`;
  const before = await viewer('GET', path);
  expect(before).toMatchObject({ status: 200, body: { state: 'queued', priority: 3, max_retry: 0 } });
  expect(before.body).toMatchObject({ task: { payload: { n: 7 }, attempts: 0, schema_v: 1 } });
  for (const field of ['result', 'worker_id', 'lease_until', 'deadline']) {
    expect(before.body).not.toHaveProperty(field);
  }
  await end('ok', { score: 1 });
  expect((await viewer('GET', path)).body).toMatchObject({
    state: 'done',
    result: { status: 'ok', data: { score: 1 }, worker_id: 'w1', handler_version: 'fixture 1.0.0' },
  });
});

test('of a task that no worker takes it is told what it requires, until one is there that does', async () => {
  const { viewer, operator, worker } = await makeTenant('nobody');
  const needs = { kind: 'execute', requires: ['gpu', 'cuda12'] };
  const path = `/v1/tasks/${String((await operator('POST', '/v1/tasks', needs)).body['id'])}`;
  const reason = 'no worker that is there takes it: it is of kind execute and requires gpu, cuda12';
  expect((await viewer('GET', path)).body).toMatchObject({ state: 'queued', reason });
  await worker('POST', '/v1/worker/claim', { ...claimBody(), kinds: ['render'], tags: ['cpu', 'cuda12', 'gpu'] });
  expect((await viewer('GET', `${path}?wait_ms=1`)).body).toMatchObject({ reason });
  const able = {
    ...claimBody(),
    worker_id: 'able',
    tags: ['cpu', 'cuda12', 'gpu'],
    not: [path.slice('/v1/tasks/'.length)],
  };
  await worker('POST', '/v1/worker/claim', able);
  expect((await viewer('GET', path)).body).not.toHaveProperty('reason');
});

test('a result of nearly 1 MiB is read back whole', async () => {
  const { viewer, give, end } = await makeTenant('large');
  const id = await give();
  const text = 'x'.repeat(LIMITS.task_result_bytes.value - 1_000);
  expect((await end('ok', { text })).body).toEqual({ lease: 'held' });
  expect((await viewer('GET', `/v1/tasks/${id}`)).body).toMatchObject({ result: { data: { text } } });
});

test('whoever waits for a task is answered when it ends, or after its time as it then is', async () => {
  const { viewer, give, end } = await makeTenant('waits');
  const id = await give();
  expect((await viewer('GET', `/v1/tasks/${id}?wait_ms=1`)).body).toMatchObject({ state: 'queued' });
  const waiting = viewer('GET', `/v1/tasks/${id}?wait_ms=30000`);
  await end('ok');
  expect((await waiting).body).toMatchObject({ state: 'done' });
  for (const wait of ['30001', '-1', 'long']) {
    expect(await viewer('GET', `/v1/tasks/${id}?wait_ms=${wait}`)).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED' },
    });
  }
});

test('a task that is given twice by its id is there once, as it was first', async () => {
  const { operator, viewer } = await makeTenant('twice');
  const id = '0123456789abcdef0123456789abcdef';
  for (const n of [1, 2]) {
    expect(await operator('POST', '/v1/tasks', { kind: 'render', payload: { n }, id })).toMatchObject({
      status: 202,
      body: { id },
    });
  }
  expect((await viewer('GET', `/v1/tasks/${id}`)).body).toMatchObject({ task: { payload: { n: 1 } } });
  const other = await makeTenant('another one');
  expect(await other.operator('POST', '/v1/tasks', { kind: 'render', id })).toMatchObject({
    status: 409,
    body: { code: 'TASK_ID_TAKEN' },
  });
});

test('a task of another tenant is not there: not to be read, waited for, cancelled, listed or sent back', async () => {
  const [own, other] = [await makeTenant('owner'), await makeTenant('stranger')];
  const id = await own.give();
  await own.end('error');
  for (const path of [
    `/v1/tasks/${id}`,
    `/v1/tasks/${id}?wait_ms=10`,
    '/v1/tasks/0123',
    '/v1/tasks/%00',
    '/v1/tasks/x',
  ]) {
    expect(await other.operator('GET', path)).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
  }
  expect((await other.operator('DELETE', `/v1/tasks/${id}`)).status).toBe(404);
  expect((await other.admin('GET', '/api/v1/tasks')).body).toEqual({ tasks: [], next: null });
  for (const which of [{ ids: [id] }, { kind: 'execute' }]) {
    expect((await other.admin('POST', '/api/v1/tasks/dead/retry', which)).body).toEqual({ retried: 0 });
  }
  expect((await own.admin('POST', '/api/v1/tasks/dead/retry', { ids: [id] })).body).toEqual({ retried: 1 });
});

test.each([
  ['a kind that is none', { kind: 'cook' }],
  ['a tag in capitals', { kind: 'execute', requires: ['GPU'] }],
  ['17 tags', { kind: 'execute', requires: Array.from({ length: 17 }, (_, index) => `tag-${index}`) }],
  ['a tag twice', { kind: 'execute', requires: ['cpu', 'cpu'] }],
  ['a deadline that is no time', { kind: 'execute', deadline: 'tomorrow' }],
  ['a priority above 100', { kind: 'execute', priority: 101 }],
  ['half a retry', { kind: 'execute', max_retry: 0.5 }],
  ['an id in capitals', { kind: 'execute', id: 'ABCDEF0123456789' }],
  ['a payload that is a list', { kind: 'execute', payload: [1] }],
  ['a word that is none of its', { kind: 'execute', tenant_id: 'default' }],
])('a task with %s is refused [X000-7]', async (_what, body) => {
  expect(await admin.ask('POST', '/v1/tasks', { body })).toMatchObject({
    status: 422,
    body: { code: 'VALIDATION_FAILED' },
  });
});

test('whoever gives a task with a wrong value is told the field, the value and what was expected', async () => {
  const refusedFor = async (body: object) => (await admin.ask('POST', '/v1/tasks', { body })).body;
  expect(await refusedFor({ kind: 'execute', requires: ['GPU'] })).toEqual({
    detail: expect.stringContaining('the task’s field "requires" has "GPU"; expected a tag of a-z'),
    code: 'VALIDATION_FAILED',
    hint: expect.stringContaining('give the task again'),
  });
  expect(await refusedFor({ kind: 'execute', tenant_id: 'default' })).toMatchObject({
    detail:
      'the task’s field "tenant_id" is none of its fields; expected kind, payload, requires, priority, deadline, max_retry, id',
  });
  expect(await refusedFor([{ kind: 'execute' }])).toMatchObject({ code: 'VALIDATION_FAILED' });
});

test('a task of more than 2 MiB is refused', async () => {
  const body = { kind: 'execute', payload: { text: 'x'.repeat(LIMITS.http_body_bytes.value) } };
  expect(await admin.ask('POST', '/v1/tasks', { body })).toMatchObject({
    status: 413,
    body: { code: 'REQUEST_TOO_LARGE' },
  });
});

test('a viewer reads tasks and gives none, and a worker neither', async () => {
  const { viewer, worker, give, operator } = await makeTenant('roles');
  const id = await give();
  expect((await viewer('POST', '/v1/tasks', { kind: 'execute' })).status).toBe(403);
  expect((await viewer('DELETE', `/v1/tasks/${id}`)).status).toBe(403);
  expect((await worker('GET', `/v1/tasks/${id}`)).status).toBe(403);
  for (const path of ['/api/v1/tasks', '/api/v1/tasks/backlog']) expect((await operator('GET', path)).status).toBe(403);
});

test('a task that is cancelled while a worker has it is told to the worker, whose result is not kept', async () => {
  const { operator, worker, give } = await makeTenant('cancels');
  const id = await give();
  const { body } = await worker('POST', '/v1/worker/claim', claimBody());
  expect(await operator('DELETE', `/v1/tasks/${id}`)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  const lease = String(body['lease']);
  expect((await worker('POST', '/v1/worker/heartbeat', { lease, lease_ms: 1_000 })).body).toEqual({
    lease: 'cancelled',
  });
  const completed = await worker('POST', '/v1/worker/complete', { lease, result: resultBody(id) });
  expect(completed.body).toEqual({ lease: 'cancelled' });
  expect((await operator('GET', `/v1/tasks/${id}`)).body).not.toHaveProperty('result');
});

test('no tenant has more tasks queued or active than its quota, and has room again when some have ended', async () => {
  const bounded = await makeTenant('bounded');
  const quota = { open_tasks: 2 };
  expect((await admin.ask('PUT', `/api/v1/tenants/${bounded.tenant}`, { body: { quota } })).body).toMatchObject({
    quota,
  });
  const ids = [await bounded.give(), await bounded.give()];
  const refused = await bounded.operator('POST', '/v1/tasks', { kind: 'execute' });
  expect(refused).toMatchObject({ status: 429, body: { code: 'TENANT_QUOTA_EXCEEDED' } });
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await (await makeTenant('beside')).operator('POST', '/v1/tasks', { kind: 'execute' })).status).toBe(202);
  await bounded.operator('DELETE', `/v1/tasks/${ids[0]}`);
  await vi.waitUntil(async () => (await bounded.operator('POST', '/v1/tasks', { kind: 'execute' })).status === 202);
});

test('dead letters are listed, and sent back by kind or by their ids [X000-10]', async () => {
  const { admin: own, viewer, give, end } = await makeTenant('dead letters');
  const ids = [await give({ payload: { n: 1 } }), await give(), await give({ kind: 'render' })];
  for (let count = 0; count < ids.length; count += 1) await end('error', { message: 'no luck' });
  const page = await own('GET', '/api/v1/tasks?state=dead&limit=2');
  expect(page.body).toMatchObject({ tasks: [{ task: { id: ids[2] } }, { task: { id: ids[1] } }], next: ids[1] });
  const rest = await own('GET', `/api/v1/tasks?state=dead&limit=2&before=${ids[1]}`);
  expect(rest.body).toMatchObject({
    tasks: [{ task: { id: ids[0], payload: {} }, reason: 'no luck', result: { status: 'error', data: {} } }],
    next: null,
  });
  expect((await own('GET', '/api/v1/tasks?kind=render')).body).toMatchObject({ tasks: [{ task: { id: ids[2] } }] });
  expect((await own('POST', '/api/v1/tasks/dead/retry', { ids: [ids[0]] })).body).toEqual({ retried: 1 });
  expect((await own('POST', '/api/v1/tasks/dead/retry', { kind: 'execute' })).body).toEqual({ retried: 1 });
  expect((await viewer('GET', `/v1/tasks/${ids[0]}`)).body).toMatchObject({ state: 'queued', task: { attempts: 0 } });
});

test('who cancels a task, and who sends dead letters back, is in the audit log; who gives one is not [X003-6]', async () => {
  const own = await makeTenant('deeds');
  const [cancelled, dead] = [await own.give(), await own.give()];
  await own.operator('DELETE', `/v1/tasks/${cancelled}`);
  await own.operator('DELETE', `/v1/tasks/${cancelled}`);
  await own.end('error', { message: 'no luck' });
  await own.admin('POST', '/api/v1/tasks/dead/retry', { ids: [dead] });
  await own.end('error', { message: 'no luck' });
  await admin.ask('POST', '/api/v1/tasks/dead/retry', { body: { kind: 'execute' } });
  await own.end('ok');
  const { body } = await own.admin('GET', '/api/v1/audit');
  const entries = body['entries'] as readonly { readonly action: string; readonly actor: string }[]; // Its schema.
  const line = { tenant_id: own.tenant, resource: `task ${dead}`, details: { kind: 'execute' } };
  expect(entries.filter(({ action }) => action.startsWith('task.'))).toMatchObject([
    {
      ...{ action: 'task.cancel', actor: expect.stringMatching(/^token [0-9a-f]{24}$/), tenant_id: own.tenant },
      ...{ resource: `task ${cancelled}`, details: { kind: 'execute', state: 'queued' } },
    },
    { ...line, action: 'task.retry', actor: expect.stringMatching(/^token [0-9a-f]{24}$/) },
    { ...line, action: 'task.retry', actor: 'platform' },
  ]);
  expect((await admin.ask('GET', '/api/v1/audit/verify')).body).toMatchObject({ ok: true });
  // The lines were written beside the host, which goes on from them.
  await makeTenant('after deeds');
  expect((await admin.ask('GET', '/api/v1/audit/verify')).body).toMatchObject({ ok: true });
});

test('a task that cannot be written down is neither cancelled nor sent back', async () => {
  const own = await makeTenant('unwritten');
  const [queued, dead] = [await own.give({ requires: ['tpu'] }), await own.give()];
  await own.end('error', { message: 'no luck' });
  const commit = vi.spyOn(storage, 'commit').mockRejectedValue(new HostError('STORAGE_UNAVAILABLE'));
  expect((await own.operator('DELETE', `/v1/tasks/${queued}`)).status).toBe(503);
  expect((await own.admin('POST', '/api/v1/tasks/dead/retry', { ids: [dead] })).status).toBe(503);
  commit.mockRestore();
  expect((await own.viewer('GET', `/v1/tasks/${queued}`)).body).toMatchObject({ state: 'queued' });
  expect((await own.viewer('GET', `/v1/tasks/${dead}`)).body).toMatchObject({ state: 'dead' });
});

test.each(['state=lost', 'kind=cook', 'before=%00', 'limit=many'])('a list with %s is refused', async (query) => {
  expect(await admin.ask('GET', `/api/v1/tasks?${query}`)).toMatchObject({
    status: 422,
    body: { code: 'VALIDATION_FAILED' },
  });
});

test.each([{}, { ids: ['0'.repeat(16)], kind: 'execute' }, { ids: [] }])('a retry of %j is refused', async (body) => {
  expect(await admin.ask('POST', '/api/v1/tasks/dead/retry', { body })).toMatchObject({
    status: 422,
    body: { code: 'VALIDATION_FAILED' },
  });
});

test('the platform reads the tasks of all tenants, or of one that it names, and the backlog', async () => {
  const [one, two] = [await makeTenant('platform one'), await makeTenant('platform two')];
  const ids = [await one.give({ requires: ['gpu'] }), await two.give()];
  const listed = async (headers: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
    const { body } = await admin.ask('GET', '/api/v1/tasks?limit=2', { headers });
    return (body as unknown as { tasks: readonly { task: { id: string } }[] }).tasks.map(({ task }) => task.id);
  };
  expect(await listed()).toEqual(ids.toReversed());
  expect(await listed({ 'x-bulkhead-tenant': one.tenant })).toEqual([ids[0]]);
  expect((await admin.ask('GET', `/v1/tasks/${ids[0]}`)).status).toBe(200);
  expect((await admin.ask('GET', `/v1/tasks/${ids[0]}`, { headers: { 'x-bulkhead-tenant': two.tenant } })).status).toBe(
    404,
  );
  const { body } = await admin.ask('GET', '/api/v1/tasks/backlog');
  expect(body).toContainEqual(expect.objectContaining({ kind: 'execute', requires: ['gpu'], queued: 1, active: 0 }));
});

test('the tasks of a tenant go with it', async () => {
  const gone = await makeTenant('gone');
  const ids = [await gone.give(), await gone.give()];
  await gone.end('ok');
  expect((await admin.ask('DELETE', `/api/v1/tenants/${gone.tenant}`)).status).toBe(204);
  for (const id of ids) expect(await tasks.get(id)).toBeUndefined();
  expect((await admin.ask('DELETE', `/api/v1/tenants/${gone.tenant}`)).status).toBe(404);
});

test('a server without a queue says so on every route of tasks, and has no series of it', async () => {
  await using bare = await startServer();
  const { ask } = adminOf(bare.url);
  const asked = [
    ask('POST', '/v1/tasks', { body: { kind: 'execute' } }),
    ask('GET', '/v1/tasks/0123456789abcdef'),
    ask('DELETE', '/v1/tasks/0123456789abcdef'),
    ask('GET', '/api/v1/tasks'),
    ask('GET', '/api/v1/tasks/backlog'),
    ask('POST', '/api/v1/tasks/dead/retry', { body: { kind: 'execute' } }),
  ];
  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'QUEUE_NOT_INSTALLED' } });
  }
  expect(await (await fetch(`${bare.url}/metrics`)).text()).not.toContain('queue_');
});

test('whoever waits for the end of a task is answered as it is when the server drains', async () => {
  const queue = createMemoryTaskQueue();
  await queue.enqueue([taskOf('0123456789abcdef')]);
  const server = await startServer({ tasks: queue });
  const { ask } = adminOf(server.url);
  const waitFor = vi.spyOn(queue, 'waitFor');
  const waiting = ask('GET', '/v1/tasks/0123456789abcdef?wait_ms=30000');
  await vi.waitUntil(() => waitFor.mock.results.length > 0);
  await server[Symbol.asyncDispose]();
  expect((await waiting).body).toMatchObject({ state: 'queued' });
});
