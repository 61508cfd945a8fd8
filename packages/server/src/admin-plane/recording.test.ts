import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, STORAGES, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = `export default { tools: [{ name: 'echo', description: 'Echo.', parameters: { type: 'object' },
  execute: (params) => params }] };`;
const PATH = '/api/v1/plugins/recorded/recording';

describe.each(STORAGES)('recording %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  let plugin: TestPlugin;
  beforeAll(async () => {
    plugin = await writePlugin('recorded', MAIN);
    started = await startServer({ storage: await open() });
    await started.host.install(plugin.dir, { tenant: 'default' });
    admin = adminOf(started.url);
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
    await plugin[Symbol.asyncDispose]();
  });

  /** A new tenant that has the plugin, and requests of one of its tokens. */
  async function newTenant(name: string, role = 'admin'): Promise<Admin['ask']> {
    const id = await admin.makeTenant(name);
    await started.host.registrations.enable('recorded', { tenant: id, isPlatform: true });
    const token = await admin.makeToken(id, role);
    return (method, path, request = {}) => admin.ask(method, path, { token, ...request });
  }

  test('a tenant’s admin has a share recorded, sees how many were, and forgets them', async () => {
    const [ask, other] = [await newTenant('records'), await newTenant('records nothing')];
    expect(await ask('GET', PATH)).toMatchObject({ status: 200, body: { share: 0, calls: [] } });
    expect(await ask('PUT', PATH, { body: { share: 1 } })).toMatchObject({
      status: 200,
      body: { share: 1, calls: [] },
    });
    for (const caller of [ask, other])
      await caller('POST', '/v1/tools/recorded/echo/call', { body: { params: { a: 1 } } });
    expect((await ask('GET', PATH)).body).toEqual({ share: 1, calls: [{ tool: 'echo', calls: 1 }] });
    expect((await other('GET', PATH)).body).toEqual({ share: 0, calls: [] });
    expect(await ask('DELETE', PATH)).toMatchObject({ status: 204 });
    expect((await ask('GET', PATH)).body).toEqual({ share: 1, calls: [] });
    const { body } = await ask('GET', '/api/v1/audit');
    expect(JSON.stringify(body)).toContain('plugin.recording_update');
    expect(JSON.stringify(body)).toContain('plugin.recording_forget');
  });

  test('a registration does not show what is recorded of it', async () => {
    const ask = await newTenant('shows');
    await ask('PUT', PATH, { body: { share: 0.5 } });
    expect(JSON.stringify((await ask('GET', '/api/v1/plugins/recorded')).body)).not.toContain('share');
  });

  test('others than the tenant’s admin may not record', async () => {
    const operator = await newTenant('is operated', 'operator');
    for (const [method, request] of [['GET'], ['PUT', { body: { share: 1 } }], ['DELETE']] as const)
      expect((await operator(method, PATH, request)).status).toBe(403);
  });

  test('what is no share, and a plugin that the tenant does not have, are refused', async () => {
    const ask = await newTenant('refused');
    for (const body of [{ share: 1.5 }, { share: '1' }, {}, { share: 0.1, tool: 'echo' }])
      expect((await ask('PUT', PATH, { body })).status).toBe(422);
    const nobodys = '/api/v1/plugins/nobodys/recording';
    for (const [method, request] of [['GET'], ['PUT', { body: { share: 1 } }], ['DELETE']] as const)
      expect(await ask(method, nobodys, request)).toMatchObject({
        status: 404,
        body: { code: 'PLUGIN_NOT_FOUND', detail: "Plugin 'nobodys' is not registered for this tenant" },
      });
  });
});
