import { join } from 'node:path';
import { queryServer, startPostgres, type PostgresServer, type QueriedRow } from '@bulkhead/store/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { answering, makeFolder, run, serve, writePlugin, type Served } from './cli-fixture.ts';

// Three servers and a database start on what may be a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PLATFORM = 'a-platform-token-that-all-nodes-have';
/** What is decided on one node holds on the others within a second (issue 3). */
const HOLDS = { timeout: 1_000, interval: 20 };

const CONFIGURED = `const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('answer', (_params, context) => context.config.answer),
  tool('hold', (params) => new Promise((resolve) => setTimeout(() => resolve('held'), params.ms))),
] };`;

let cleanup: AsyncDisposableStack;
let postgres: PostgresServer;
let plugins: string;
let here: Served;
let there: Served;

beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await makeFolder());
  postgres = cleanup.use(await startPostgres());
  plugins = join(folder.path, 'plugins');
  await writePlugin(plugins, { name: 'kept', main: CONFIGURED, manifest: { config: { answer: 1 } } });
  await writePlugin(plugins, { name: 'strict', main: CONFIGURED, manifest: { ledger: 'strict' } });
  await writePlugin(plugins, { name: 'changing', main: `${CONFIGURED} // 1`, manifest: { config: { answer: 'old' } } });
  await writePlugin(plugins, { name: 'leaving', main: answering(1) });
  here = await startNode(['--plugins', plugins]);
  there = await startNode([]);
});
afterAll(() => cleanup.disposeAsync());

/** Starts a node; only the first has plugin folders. */
async function startNode(args: readonly string[]): Promise<Served> {
  const folder = cleanup.use(await makeFolder());
  const env = { BULKHEAD_TOKEN: PLATFORM, BULKHEAD_DATABASE_URL: postgres.url };
  return cleanup.use(await serve(['--data', join(folder.path, 'data'), ...args], { env }));
}

type Answer = {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
};
type Asked = { readonly token?: string; readonly body?: unknown };

async function ask(node: Served, [method, path]: readonly [string, string], asked: Asked = {}): Promise<Answer> {
  const { token = PLATFORM, body } = asked;
  const response = await fetch(node.ready.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const read = text === '' ? {} : (JSON.parse(text) as Answer['body']); // Tests look at what is inside.
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: read };
}

const call = (node: Served, tool: string, asked: Asked = {}): Promise<Answer> =>
  ask(node, ['POST', `/v1/tools/${tool}/call`], { body: { params: {} }, ...asked });
const admin = (node: Served, path: string, body: unknown = {}): Promise<Answer> =>
  ask(node, ['POST', `/api/v1/plugins/${path}`], { body });
const healthOf = (node: Served, plugin: string): Promise<Answer> => ask(node, ['GET', `/v1/plugins/${plugin}/health`]);

/** Asks the database itself. */
const query = (text: string, values: readonly unknown[] = []): Promise<readonly QueriedRow[]> =>
  queryServer(postgres.url, text, values);

test('plugins of one node’s folders are called on the other, which has none', async () => {
  expect(await call(there, 'kept/answer')).toMatchObject({ status: 200, body: { value: 1 } });
  expect(await healthOf(there, 'kept')).toMatchObject({ status: 200, body: { state: 'INITIALIZED' } });
});

test('a config holds within a second, also for the guest that runs', async () => {
  const before = await call(there, 'kept/answer');
  await ask(here, ['PUT', '/api/v1/plugins/kept/config'], { body: { config: { answer: 2 } } });
  await expect.poll(() => call(there, 'kept/answer'), HOLDS).toMatchObject({ body: { value: 2 } });
  const instanceOf = ({ body }: Answer): unknown => (body['call'] as Record<string, unknown>)['instance_id'];
  expect(instanceOf(await call(there, 'kept/answer'))).toBe(instanceOf(before));
});

test('disable and enable hold within a second', async () => {
  await admin(here, 'kept/disable');
  await expect.poll(() => call(there, 'kept/answer'), HOLDS).toMatchObject({ status: 409 });
  await admin(here, 'kept/enable');
  await expect.poll(() => call(there, 'kept/answer'), HOLDS).toMatchObject({ status: 200 });
});

test('a tenant, its token, its quota and the end of its token hold within a second', async () => {
  const { body: tenant } = await ask(here, ['POST', '/api/v1/tenants'], { body: { name: 'acme' } });
  const id = String(tenant['id']);
  const { body: made } = await ask(here, ['POST', `/api/v1/tenants/${id}/tokens`], { body: { role: 'admin' } });
  const token = String(made['token']);
  await expect.poll(() => ask(there, ['GET', '/v1/tools'], { token }), HOLDS).toMatchObject({ status: 200 });
  await ask(here, ['POST', '/api/v1/plugins/kept/enable'], { token, body: {} });
  await expect
    .poll(() => call(there, 'kept/answer', { token }), { ...HOLDS, timeout: 10_000 })
    .toMatchObject({ status: 200 });
  await ask(here, ['PUT', `/api/v1/tenants/${id}`], { body: { quota: { calls_per_second: 0.001 } } });
  await expect.poll(() => call(there, 'kept/answer', { token }), HOLDS).toMatchObject({ status: 429 });
  await ask(here, ['DELETE', `/api/v1/tokens/${String(made['id'])}`]);
  await expect.poll(() => ask(there, ['GET', '/v1/tools'], { token }), HOLDS).toMatchObject({ status: 401 });
});

test('a plugin that is taken out on one is gone on the other within a second', async () => {
  expect(await call(there, 'leaving/answer')).toMatchObject({ status: 200 });
  expect(await ask(here, ['DELETE', '/api/v1/plugins/leaving'])).toMatchObject({ status: 204 });
  await expect.poll(() => healthOf(there, 'leaving'), HOLDS).toMatchObject({ status: 404 });
  expect(await call(there, 'leaving/answer')).toMatchObject({ status: 404 });
  expect(await healthOf(here, 'leaving')).toMatchObject({ status: 404 });
});

test('a new release takes new calls of the other, and those in flight there end well on the old one', async () => {
  expect(await call(there, 'changing/answer')).toMatchObject({ body: { value: 'old' } });
  const held = call(there, 'changing/hold', { body: { params: { ms: 8_000 } } });
  await expect.poll(() => healthOf(there, 'changing')).toMatchObject({ body: { state: 'RUNNING' } });
  const changed = { name: 'changing', main: `${CONFIGURED} // 2`, manifest: { config: { answer: 'new' } } };
  await writePlugin(plugins, { ...changed, manifest: { ...changed.manifest, version: '2.0.0' } });
  expect(await admin(here, 'changing/reload')).toMatchObject({ status: 200, body: { version: '2.0.0' } });
  await expect
    .poll(() => call(there, 'changing/answer'), { ...HOLDS, timeout: 10_000 })
    .toMatchObject({ body: { value: 'new', call: { version: '2.0.0' } } });
  expect(await held).toMatchObject({ status: 200, body: { value: 'held', call: { version: '1.0.0' } } });
  expect(await admin(here, 'changing/rollback', { version: '1.0.0' })).toMatchObject({ status: 200 });
  await expect
    .poll(() => call(there, 'changing/answer'), { ...HOLDS, timeout: 10_000 })
    .toMatchObject({ body: { value: 'old', call: { version: '1.0.0' } } });
});

test('a node that missed a notice is late and not wrong', async () => {
  expect(await call(there, 'kept/answer')).toMatchObject({ status: 200 });
  const cut = await query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %' or query = 'select 1'`,
  );
  expect(cut.length).toBeGreaterThanOrEqual(2);
  await admin(here, 'kept/disable');
  await expect.poll(() => call(there, 'kept/answer'), HOLDS).toMatchObject({ status: 409 });
  await admin(there, 'kept/enable');
  await expect.poll(() => call(here, 'kept/answer'), HOLDS).toMatchObject({ status: 200 });
});

type NodeRow = { readonly id: string; readonly state: string; readonly is_self: boolean };

async function nodesOf(node: Served): Promise<readonly NodeRow[]> {
  return (await ask(node, ['GET', '/api/v1/nodes'])).body as unknown as readonly NodeRow[]; // Its schema.
}

test('a node that is killed loses its calls in flight and nothing else, and both survivors end them once', async () => {
  const third = await startNode([]);
  const own = (await nodesOf(third)).find(({ is_self }) => is_self);
  await expect.poll(async () => (await nodesOf(here)).length, { timeout: 10_000 }).toBe(3);
  const lost = call(third, 'strict/hold', { body: { params: { ms: 60_000 } } }).catch(() => 'lost');
  await expect
    .poll(() => query('select call_id from call_ledger where node = $1 and ended_at is null', [own?.id]))
    .toHaveLength(1);
  third.child.kill('SIGKILL');
  expect(await lost).toBe('lost');
  expect(await call(here, 'strict/answer')).toMatchObject({ status: 200 });
  const stateOn = async (node: Served): Promise<string | undefined> =>
    (await nodesOf(node)).find(({ id }) => id === own?.id)?.state;
  await expect.poll(() => stateOn(here), { timeout: 30_000, interval: 100 }).toBe('lost');
  const ended = await query('select outcome, code, ended_at from call_ledger where node = $1', [own?.id]);
  expect(ended).toMatchObject([{ outcome: 'host_restart', code: 'HOST_CLOSED' }]);
  await expect.poll(() => stateOn(there), { timeout: 30_000, interval: 100 }).toBe('lost');
  expect(await query('select outcome, code, ended_at from call_ledger where node = $1', [own?.id])).toEqual(ended);
  expect((await nodesOf(there)).filter(({ state }) => state === 'ready')).toHaveLength(2);
  // Nobody closed the third; the next start on its machine finds and removes what it left.
  expect((await run(['doctor', '--json'])).code).toBe(0);
});

const AWAY_MS = 10_000;

test('ten seconds without PostgreSQL: health and calls go on, changes are refused, and then all continues', async () => {
  const nodes = [here, there];
  for (const node of nodes) expect(await call(node, 'strict/answer')).toMatchObject({ status: 200 });
  const before = await nodesOf(here);
  await postgres.stop();
  const callIds: string[] = [];
  const until = performance.now() + AWAY_MS;
  while (performance.now() < until) {
    for (const node of nodes) {
      expect(await ask(node, ['GET', '/v1/plugins'])).toMatchObject({ status: 200 });
      const { status, body } = await call(node, 'kept/answer');
      expect(status).toBe(200);
      callIds.push(String((body['call'] as Record<string, unknown>)['call_id']));
      const refused = { status: 503, retryAfter: '5' };
      const unavailable = { kind: 'unavailable', code: 'STORAGE_UNAVAILABLE', retryable: true };
      expect(await call(node, 'strict/answer')).toMatchObject({ ...refused, body: { error: unavailable } });
      const code = { code: 'STORAGE_UNAVAILABLE', hint: expect.stringContaining('try again') };
      expect(await admin(node, 'kept/disable')).toMatchObject({ ...refused, body: code });
    }
  }
  expect((await nodesOf(here)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  await postgres.start();
  await expect.poll(async () => (await call(there, 'strict/answer')).status, { timeout: 10_000 }).toBe(200);
  await expect
    .poll(async () => (await query('select call_id from call_ledger where call_id = any($1)', [callIds])).length, {
      timeout: 10_000,
    })
    .toBe(callIds.length);
  const put = { body: { config: { answer: 'after' } } };
  await expect
    .poll(() => ask(here, ['PUT', '/api/v1/plugins/kept/config'], put), { timeout: 10_000 })
    .toMatchObject({ status: 200 });
  await expect.poll(() => call(there, 'kept/answer'), HOLDS).toMatchObject({ body: { value: 'after' } });
  const ready = (await nodesOf(there)).filter(({ state }) => state === 'ready').map(({ id }) => id);
  expect(ready).toEqual(before.filter(({ state }) => state === 'ready').map(({ id }) => id));
});
