import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, STORAGES, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = `export default { tools: [{ name: 'half', description: 'Halves.', parameters: { type: 'object' },
  execute: ({ n }) => { if (n % 2 === 1) throw new Error('odd'); return n / 2; } }] };`;
const PATH = '/api/v1/plugins/halves/repair';

describe.each(STORAGES)('what a repair begins with %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  let plugin: TestPlugin;
  beforeAll(async () => {
    plugin = await writePlugin('halves', MAIN);
    started = await startServer({ storage: await open(), lendsRecordings: true });
    await started.host.install(plugin.dir, { tenant: 'default' });
    admin = adminOf(started.url);
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
    await plugin[Symbol.asyncDispose]();
  });

  async function newTenant(name: string, role = 'admin'): Promise<Admin['ask']> {
    const id = await admin.makeTenant(name);
    await started.host.registrations.enable('halves', { tenant: id, isPlatform: true });
    const token = await admin.makeToken(id, role);
    return (method, path, request = {}) => admin.ask(method, path, { token, ...request });
  }

  test('a tenant’s admin is lent its own recorded calls, without secrets, and the audit log says so', async () => {
    const [ask, other] = [await newTenant('lends'), await newTenant('lends nothing')];
    for (const caller of [ask, other]) {
      await caller('PUT', '/api/v1/plugins/halves/recording', { body: { share: 1 } });
    }
    for (const params of [{ n: 4, password: 'hunter22' }, { n: 3 }]) {
      await ask('POST', '/v1/tools/halves/half/call', { body: { params } });
    }
    const { status, body } = await ask('GET', PATH);
    expect(status).toBe(200);
    expect(body).toMatchObject({ plugin_name: 'halves', version: '1.0.0', place: null, versions: ['1.0.0'] });
    expect(body['calls']).toEqual([
      { tool: 'half', params: { n: 3 }, outcome: 'tool_error', code: 'PLUGIN_THREW', result: null },
      { tool: 'half', params: { n: 4, password: '[REDACTED]' }, outcome: 'ok', code: null, result: { value: 2 } },
    ]);
    expect((await other('GET', PATH)).body).toMatchObject({ calls: [] });
    expect(JSON.stringify((await ask('GET', '/api/v1/audit')).body)).toContain('plugin.recording_read');
  });

  test('the platform is told the folder, too', async () => {
    expect((await admin.ask('GET', PATH)).body).toMatchObject({ place: plugin.dir });
  });

  test('others than an admin, and of a plugin that the tenant does not have, are refused', async () => {
    const operator = await newTenant('is operated for repairs', 'operator');
    expect((await operator('GET', PATH)).status).toBe(403);
    expect(await admin.ask('GET', '/api/v1/plugins/nobodys/repair')).toMatchObject({ status: 404 });
  });
});

test('nothing is lent until the operator says so', async () => {
  await using plugin = await writePlugin('halves', MAIN);
  await using started = await startServer();
  await started.host.install(plugin.dir, { tenant: 'default' });
  expect(await adminOf(started.url).ask('GET', PATH)).toMatchObject({
    status: 403,
    body: { code: 'REPAIR_DISABLED' },
  });
});
