import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `export default { tools: [
  { name: 'work', description: 'Takes a while.', parameters: { type: 'object' }, execute: () => {
    const end = Date.now() + 300;
    while (Date.now() < end) {}
    return {};
  } },
  { name: 'fail', description: 'Throws.', parameters: { type: 'object' }, execute: () => { throw new Error('no such city'); } },
] };`;
const DEBUG = '/api/v1/plugins/debugged/debug';

let started: TestServer;
let admin: Admin;
let plugin: TestPlugin;
beforeAll(async () => {
  plugin = await writePlugin('debugged', MAIN);
  started = await startServer();
  await started.host.install(plugin.dir, { tenant: 'default' });
  admin = adminOf(started.url);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

async function newTenant(name: string): Promise<{ readonly id: string; readonly token: string }> {
  const id = await admin.makeTenant(name);
  const token = await admin.makeToken(id, 'admin');
  await admin.ask('POST', '/api/v1/plugins/debugged/enable', { token });
  return { id, token };
}

const call = (tool: string, token: string) =>
  admin.ask('POST', `/v1/tools/debugged/${tool}/call`, { token, body: { params: {} } });

test('a tenant’s admin sees its own instances, what they use, its last errors and its last calls [F004-26]', async () => {
  const { id, token } = await newTenant('acme');
  const other = await newTenant('paper');
  await call('work', token);
  await call('fail', token);
  await call('work', other.token);
  const read = async () => (await admin.ask('GET', DEBUG, { token })).body;
  await expect.poll(async () => (await read())['last_calls']).toHaveLength(2);
  const body = await read();
  const known = expect.any(Number) as number;
  const text = expect.any(String) as string;
  const figures = { calls_in_flight: 0, cpu_ms: known, rss_bytes: known, peak_rss_bytes: known, uptime_seconds: known };
  expect(body).toMatchObject({
    plugin: 'debugged',
    tenant_id: id,
    status: { state: 'FAILED', success_count: 1, error_count: 1, breaker: 'closed' },
    waiting_calls: 0,
    thread_count: known,
    error_log: [{ text: expect.stringContaining('no such city'), call_id: text }, { source: 'state' }],
    last_calls: [
      { target: 'fail', outcome: 'tool_error', code: 'PLUGIN_THREW' },
      { target: 'work', outcome: 'ok' },
    ],
  });
  expect(body['instances']).toEqual([
    {
      instance_id: text,
      scope: 'tenant',
      version: '1.0.0',
      digest: text,
      tier: text,
      state: 'serving',
      ...figures,
      thread_count: known,
      open_handles: expect.anything(),
    },
  ]);
  const [instance] = body['instances'] as readonly { readonly rss_bytes: number; readonly peak_rss_bytes: number }[]; // As above.
  expect(body['memory_usage']).toEqual({ rss_bytes: instance?.rss_bytes, peak_rss_bytes: instance?.peak_rss_bytes });
  expect(instance?.peak_rss_bytes).toBeGreaterThanOrEqual(instance?.rss_bytes ?? 0);
  const scopes = (body['transitions'] as readonly { readonly scope: string }[]).map(({ scope }) => scope);
  expect(new Set(scopes)).toEqual(new Set(['*', id]));
});

test('processes and folders are the platform’s to see, for the tenant that it names', async () => {
  const { id, token } = await newTenant('named');
  await call('work', token);
  const headers = { 'x-bulkhead-tenant': 'named' };
  const { body } = await admin.ask('GET', DEBUG, { headers });
  expect(body).toMatchObject({ tenant_id: id, instances: [{ pid: expect.any(Number) as number }] });
  expect((await admin.ask('GET', DEBUG)).body).toMatchObject({ tenant_id: 'default', instances: [] });
});

test('a storage that is away takes the calls out of the answer, and nothing else', async () => {
  const { token } = await newTenant('away');
  await call('work', token);
  started.storage.fail();
  const { status, body } = await admin.ask('GET', DEBUG, { token });
  started.storage.mend();
  expect(status).toBe(200);
  expect(body).toMatchObject({ last_calls: null, instances: [{ state: 'serving' }] });
});

test('an unknown plugin is 404, a lower role 403', async () => {
  const { id, token } = await newTenant('refused');
  expect(await admin.ask('GET', '/api/v1/plugins/ghost/debug', { token })).toMatchObject({
    status: 404,
    body: { detail: "Plugin 'ghost' is not registered for this tenant" },
  });
  for (const role of ['viewer', 'operator', 'worker'])
    expect(await admin.ask('GET', DEBUG, { token: await admin.makeToken(id, role) })).toMatchObject({ status: 403 });
});
