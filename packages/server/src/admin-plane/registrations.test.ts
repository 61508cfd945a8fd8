import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, STORAGES, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = `export default { tools: [{ name: 'config', description: 'Its configuration.', parameters: { type: 'object' },
  execute: (_, context) => context.config }] };`;
const MANIFEST = {
  config: { precision: 2 },
  config_schema: { type: 'object', properties: { precision: { type: 'integer' } }, additionalProperties: false },
  required_permissions: ['internet'],
  optional_permissions: ['events'],
};
const CALL = '/v1/tools/configured/config/call';

describe.each(STORAGES)('registrations %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  let plugin: TestPlugin;
  beforeAll(async () => {
    plugin = await writePlugin('configured', MAIN, MANIFEST);
    started = await startServer({ storage: await open() });
    await started.host.install(plugin.dir, { tenant: 'default', grant: ['internet'] });
    admin = adminOf(started.url);
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
    await plugin[Symbol.asyncDispose]();
  });

  /** A new tenant, and requests of its admin. */
  async function newTenant(name: string): Promise<{ readonly id: string; readonly ask: Admin['ask'] }> {
    const id = await admin.makeTenant(name);
    const token = await admin.makeToken(id, 'admin');
    return { id, ask: (method, path, request = {}) => admin.ask(method, path, { token, ...request }) };
  }

  const AVAILABLE = {
    ...{ name: 'configured', version: '1.0.0', author: 'A test', description: 'configured.' },
    ...{ required_permissions: ['internet'], optional_permissions: ['events'], compatible_versions: null },
  };

  test('[F003-32] [X003-6] the list says what the tenant may enable and what it has; refused folders are the platform’s to see', async () => {
    const { id, ask } = await newTenant('lists');
    expect((await ask('GET', '/api/v1/plugins')).body).toEqual({ available: [AVAILABLE], registered: [], refused: [] });
    await ask('POST', '/api/v1/plugins/configured/enable', { body: { grant: ['internet'] } });
    const { body } = await ask('GET', '/api/v1/plugins');
    expect(body).toMatchObject({ registered: [{ tenant_id: id, plugin_name: 'configured', enabled: true }] });
    const [row] = body['registered'] as readonly object[]; // Its schema.
    expect(Object.keys(row ?? {}).toSorted()).toEqual([
      ...['config', 'enabled', 'granted_permissions', 'id', 'installed_at', 'plugin_name', 'plugin_version'],
      ...['tenant_id', 'updated_at'],
    ]);
    const one = await ask('GET', '/api/v1/plugins/configured');
    expect(one.body).toEqual({ ...AVAILABLE, registration: row });
    expect((await admin.ask('GET', '/api/v1/plugins')).body).toMatchObject({ registered: [{ tenant_id: 'default' }] });
  });

  test('[F003-33] enabling makes a registration, or enables it again with its config, and says what the release asks for', async () => {
    const { ask } = await newTenant('enables');
    expect(await ask('POST', CALL, { body: {} })).toMatchObject({
      status: 404,
      body: { error: { code: 'PLUGIN_NOT_FOUND' } },
    });
    const first = await ask('POST', '/api/v1/plugins/configured/enable');
    expect(first).toMatchObject({
      status: 200,
      body: {
        enabled: true,
        granted_permissions: [],
        required_permissions: ['internet'],
        optional_permissions: ['events'],
      },
    });
    expect(await ask('POST', CALL, { body: {} })).toMatchObject({
      status: 403,
      body: { error: { code: 'PERMISSION_NOT_GRANTED' } },
    });
    const body = { grant: ['internet'], config: { precision: 5 } };
    await ask('POST', '/api/v1/plugins/configured/enable', { body });
    await ask('POST', '/api/v1/plugins/configured/disable');
    const again = await ask('POST', '/api/v1/plugins/configured/enable');
    expect(again.body).toMatchObject({
      id: first.body['id'],
      enabled: true,
      config: { precision: 5 },
      granted_permissions: ['internet'],
    });
    expect(await ask('POST', CALL, { body: {} })).toMatchObject({ status: 200, body: { value: { precision: 5 } } });
  });

  test('[F003-33] of first enables at the same time all are 200, and there is one registration', async () => {
    const { ask } = await newTenant('hasty');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask('POST', '/api/v1/plugins/configured/enable')),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    const { body } = await ask('GET', '/api/v1/plugins');
    expect(body).toMatchObject({ registered: [{ id: answers[0]?.body['id'] }] });
  });

  test('[F003-34] a disabled plugin is 409 for its tenant, and nobody else’s', async () => {
    const { ask } = await newTenant('disables');
    await ask('POST', '/api/v1/plugins/configured/enable', { body: { grant: ['internet'] } });
    expect(await ask('POST', '/api/v1/plugins/configured/disable')).toMatchObject({
      status: 200,
      body: { enabled: false },
    });
    expect(await ask('POST', CALL, { body: {} })).toMatchObject({
      status: 409,
      body: { error: { code: 'PLUGIN_DISABLED' } },
    });
    expect(await admin.ask('POST', CALL, { body: {} })).toMatchObject({ status: 200 });
  });

  test('[F003-35] [F003-36] a config is read and written as a bare object, with an ETag that a writer may insist on', async () => {
    const { ask } = await newTenant('configures');
    await ask('POST', '/api/v1/plugins/configured/enable', { body: { grant: ['internet'], config: { precision: 1 } } });
    const read = await ask('GET', '/api/v1/plugins/configured/config');
    expect([read.status, read.body]).toEqual([200, { precision: 1 }]);
    const etag = read.headers.get('etag') ?? '';
    const write = (precision: number, ifMatch: string) =>
      ask('PUT', '/api/v1/plugins/configured/config', {
        body: { config: { precision } },
        headers: { 'if-match': ifMatch },
      });
    const written = await write(3, etag);
    expect([written.status, written.body]).toEqual([200, { precision: 3 }]);
    expect(written.headers.get('etag')).not.toBe(etag);
    for (const stale of [etag, '"none"', `W/${written.headers.get('etag')}`])
      expect(await write(4, stale)).toMatchObject({ status: 412, body: { code: 'REVISION_CONFLICT' } });
    expect(await write(5, '*')).toMatchObject({ status: 200, body: { precision: 5 } });
    expect(await ask('POST', CALL, { body: {} })).toMatchObject({ body: { value: { precision: 5 } } });
  });

  test('of several writers with the same ETag exactly one writes, and of several first enables one row comes', async () => {
    const { ask } = await newTenant('races');
    const enables = await Promise.all(
      [1, 2, 3].map(() => ask('POST', '/api/v1/plugins/configured/enable', { body: { grant: ['internet'] } })),
    );
    expect(enables.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(enables.map(({ body }) => body['id'])).size).toBe(1);
    const etag = (await ask('GET', '/api/v1/plugins/configured/config')).headers.get('etag') ?? '';
    const writes = await Promise.all(
      [1, 2, 3].map((precision) =>
        ask('PUT', '/api/v1/plugins/configured/config', {
          body: { config: { precision } },
          headers: { 'if-match': etag },
        }),
      ),
    );
    expect(writes.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412]);
  });

  test('what does not fit is 422, and what is not there 404 in the words of the contract', async () => {
    const { ask } = await newTenant('refusals');
    await ask('POST', '/api/v1/plugins/configured/enable', { body: { grant: ['internet'] } });
    const config = '/api/v1/plugins/configured/config';
    expect(await ask('PUT', config, { body: { config: { precision: 'high' } } })).toMatchObject({
      status: 422,
      body: { code: 'CONFIG_INVALID', detail: 'config: "/precision" must be integer' },
    });
    expect(await ask('PUT', config, { body: { precision: 1 } })).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED' },
    });
    expect(await ask('POST', '/api/v1/plugins/configured/enable', { body: { grant: ['llm'] } })).toMatchObject({
      status: 422,
    });
    expect((await ask('POST', '/api/v1/plugins/ghost/enable')).body).toMatchObject({
      detail: "Plugin 'ghost' not found in registry",
    });
    const other = await newTenant('unregistered');
    for (const [method, path] of [
      ['POST', '/api/v1/plugins/configured/disable'],
      ['GET', config],
    ] as const)
      expect(await other.ask(method, path)).toMatchObject({
        status: 404,
        body: { detail: "Plugin 'configured' is not registered for this tenant" },
      });
  });

  test('a plugin is taken out by the platform alone, for everybody', async () => {
    const { ask } = await newTenant('removals');
    const second = await writePlugin('removable', MAIN);
    await started.host.install(second.dir, { tenant: 'default' });
    await ask('POST', '/api/v1/plugins/removable/enable');
    expect(await ask('DELETE', '/api/v1/plugins/removable')).toMatchObject({
      status: 403,
      body: { code: 'ROLE_TOO_LOW' },
    });
    expect((await admin.ask('DELETE', '/api/v1/plugins/removable')).status).toBe(204);
    expect((await admin.ask('DELETE', '/api/v1/plugins/removable')).status).toBe(404);
    expect((await ask('GET', '/api/v1/plugins')).body).toMatchObject({ registered: [] });
    await second[Symbol.asyncDispose]();
  });

  test('[X003-6] each change is in the audit log with its tenant, who made it, and no configuration', async () => {
    const { id, ask } = await newTenant('audited');
    await ask('POST', '/api/v1/plugins/configured/enable', {
      body: { grant: ['internet'], config: { precision: 770077007 } },
    });
    await ask('PUT', '/api/v1/plugins/configured/config', { body: { config: { precision: 880088008 } } });
    await ask('POST', '/api/v1/plugins/configured/disable');
    const { rows } = await started.storage.readAudit(0, 1_000);
    const lines = rows
      .map(({ text }) => JSON.parse(text) as Readonly<Record<string, unknown>>)
      .filter(({ tenant_id }) => tenant_id === id);
    expect(lines.map(({ action }) => action)).toEqual([
      ...['tenant.create', 'token.create', 'plugin.enable', 'plugin.config_update', 'plugin.disable'],
    ]);
    expect(lines.slice(2).every(({ actor }) => /^token [0-9a-f]{24}$/.test(String(actor)))).toBe(true);
    expect(JSON.stringify(lines)).not.toMatch(/770077007|880088008/);
  });
});
