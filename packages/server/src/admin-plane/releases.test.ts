import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const tool = (more: string): string =>
  `export default { tools: [{ name: 'version', description: 'Its version.', execute: () => ${more} }] };`;
const ONE = tool(`1, parameters: { type: 'object' }`);
const TWO = tool(`2, parameters: { type: 'object', properties: { a: { type: 'number' } } }`);
const BROKEN = `${ONE}\nthrow new Error('no weights in this build');`;

let started: TestServer;
let admin: Admin;
const plugins: TestPlugin[] = [];
beforeAll(async () => {
  started = await startServer();
  admin = adminOf(started.url);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  for (const plugin of plugins) await plugin[Symbol.asyncDispose]();
});

/** Installs 1.0.0 for a new tenant, and later versions for `default`; answers with requests of that tenant's admin. */
async function installed(name: string, later: readonly (readonly [string, string, object?])[]): Promise<Tenant> {
  const id = await admin.makeTenant(`of ${name}`);
  const token = await admin.makeToken(id, 'admin');
  const plugin = await writePlugin(name, ONE);
  plugins.push(plugin);
  await started.host.install(plugin.dir, { tenant: id });
  for (const [version, main, fields = {}] of later) {
    const manifest = { name, version, description: `${name}.`, author: 'A test', ...fields };
    await writeFile(join(plugin.dir, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(plugin.dir, 'main.js'), main);
    await started.host.install(plugin.dir, { tenant: 'default' });
  }
  const ask: Admin['ask'] = (method, path, request = {}) =>
    admin.ask(method, `/api/v1/plugins/${name}${path}`, { token, ...request });
  const call = async (): Promise<unknown> =>
    (await admin.ask('POST', `/v1/tools/${name}/version/call`, { token, body: {} })).body['value'];
  return { id, token, ask, call };
}

type Tenant = {
  readonly id: string;
  readonly token: string;
  readonly ask: Admin['ask'];
  readonly call: () => Promise<unknown>;
};

test('a tenant’s admin moves its own registration to another release and back, and sees how', async () => {
  const { id, token, ask, call } = await installed('moved', [['2.0.0', TWO]]);
  const up = await ask('POST', '/upgrade', { body: { version: '2.0.0' } });
  expect(up).toMatchObject({ status: 200, body: { tenant_id: id, plugin_name: 'moved', plugin_version: '2.0.0' } });
  expect(Object.keys(up.body)).not.toContain('revision');
  expect(await call()).toBe(2);
  const stale = { headers: { 'if-match': '"1"' } };
  expect(await ask('POST', '/rollback', stale)).toMatchObject({ status: 412, body: { code: 'REVISION_CONFLICT' } });
  const fresh = { headers: { 'if-match': up.headers.get('etag') ?? '' } };
  expect(await ask('POST', '/rollback', fresh)).toMatchObject({ status: 200, body: { plugin_version: '1.0.0' } });
  expect(await call()).toBe(1);
  const actor = expect.stringMatching(/^token [0-9a-f]{24}$/) as string;
  expect((await ask('GET', '/releases')).body).toMatchObject({
    plugin_name: 'moved',
    current_version: '1.0.0',
    releases: [
      { version: '2.0.0', is_current: false, is_public: true },
      { version: '1.0.0', is_current: true },
    ],
    moves: [
      { kind: 'rollback', from_version: '2.0.0', to_version: '1.0.0', actor, reason: null },
      { kind: 'upgrade', from_version: '1.0.0', to_version: '2.0.0', actor, reason: null },
    ],
  });
  expect(await admin.ask('GET', '/api/v1/plugins/moved/releases')).toMatchObject({
    body: { current_version: '2.0.0', moves: [], releases: [{ offered_to: [] }, {}] },
  });
  const { rows } = await started.storage.readAudit(0, 1_000);
  const lines = rows.map(({ text }) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  const moves = lines.filter(({ tenant_id, action }) => tenant_id === id && /grade|roll/.test(String(action)));
  expect(moves).toMatchObject([
    { action: 'plugin.upgrade', actor, details: { from_version: '1.0.0', version: '2.0.0' } },
    { action: 'plugin.rollback', actor, details: { from_version: '2.0.0', version: '1.0.0' } },
  ]);
  expect(token).not.toBe('');
});

test('what differs is shown before an upgrade, and what asks for more waits for consent with the same', async () => {
  const asking = { required_permissions: ['llm'], limits: { memory_mb: 128 } };
  const { ask, call } = await installed('asking', [['2.0.0', TWO, asking]]);
  const one = await ask('GET', '/releases/2.0.0');
  expect(one).toMatchObject({
    status: 200,
    body: {
      version: '2.0.0',
      is_current: false,
      asks_for: { permissions: ['llm'], hosts: [], tools: [] },
      differences: {
        permissions: { added: ['llm'], removed: [] },
        limits: [{ name: 'memory_mb', from: 512, to: 128 }],
        tools: { added: [], removed: [], changed: [{ name: 'version', changes: [{ name: 'parameters' }] }] },
      },
    },
  });
  expect((await ask('GET', '/releases/1.0.0')).body).toMatchObject({ is_current: true, differences: null });
  const refused = await ask('POST', '/upgrade', { body: { version: '2.0.0' } });
  expect(refused).toMatchObject({
    status: 409,
    body: {
      code: 'CAPABILITY_CHANGE',
      detail: 'asking 2.0.0 asks for the permissions llm, which 1.0.0 did not',
      asks_for: { permissions: ['llm'] },
    },
  });
  expect(refused.body['differences']).toEqual(one.body['differences']);
  expect(await call()).toBe(1);
  expect(await ask('POST', '/upgrade', { body: { version: '2.0.0', grant: ['llm'] } })).toMatchObject({
    status: 200,
    body: { plugin_version: '2.0.0', granted_permissions: ['llm'] },
  });
  expect(await call()).toBe(2);
});

test('a trial that fails is 422 with the plugin’s reason, and nothing has changed', async () => {
  const { ask, call } = await installed('broken', [['2.0.0', BROKEN]]);
  const before = (await ask('GET', '')).body['registration'];
  expect(await ask('POST', '/upgrade', { body: { version: '2.0.0' } })).toMatchObject({
    status: 422,
    body: { code: 'TRIAL_FAILED', detail: expect.stringContaining('no weights in this build') as string },
  });
  expect((await ask('GET', '')).body['registration']).toEqual(before);
  expect(await call()).toBe(1);
});

test('a gate that is not installed is 503, a body that does not fit 422, and what is not there 404', async () => {
  const { ask } = await installed('refusing', [['2.0.0', TWO]]);
  expect(await ask('POST', '/upgrade', { body: { version: '2.0.0', gate: 'guard' } })).toMatchObject({
    status: 503,
    body: { code: 'GUARD_NOT_INSTALLED' },
  });
  for (const body of [{}, { version: 2 }, { version: '2.0.0', gate: 'canary' }, { version: '2.0.0', other: 1 }])
    expect(await ask('POST', '/upgrade', { body })).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
  expect(await ask('POST', '/upgrade', { body: { version: '9.0.0' } })).toMatchObject({
    status: 404,
    body: { code: 'RELEASE_NOT_FOUND', detail: "Plugin 'refusing' has no release 9.0.0" },
  });
  expect(await ask('POST', '/rollback')).toMatchObject({ status: 404, body: { code: 'RELEASE_NOT_FOUND' } });
  expect(await admin.ask('GET', '/api/v1/plugins/ghost/releases')).toMatchObject({
    status: 404,
    body: { detail: "Plugin 'ghost' not found in registry" },
  });
});

test('a release is offered by the platform alone, and one that is not offered is not there', async () => {
  const { id, ask } = await installed('offered', [['2.0.0', TWO]]);
  const offer = (tenants: readonly string[]) =>
    admin.ask('POST', '/api/v1/plugins/offered/releases/2.0.0/offer', { body: { tenants } });
  expect(await offer(['default'])).toMatchObject({
    status: 200,
    body: { version: '2.0.0', is_public: false, offered_to: ['default'] },
  });
  expect((await ask('GET', '/releases')).body).toMatchObject({ releases: [{ version: '1.0.0' }] });
  expect((await ask('GET', '')).body).toMatchObject({ version: '1.0.0' });
  for (const [method, path, body] of [
    ['GET', '/releases/2.0.0', undefined],
    ['POST', '/upgrade', { version: '2.0.0' }],
    ['POST', '/rollback', { version: '2.0.0' }],
  ] as const) {
    const hidden = await ask(method, path, { body });
    const nowhere = await ask(method, path.replace('2.0.0', '7.0.0'), {
      body: body === undefined ? undefined : { version: '7.0.0' },
    });
    expect([hidden.status, String(hidden.body['detail']).replace('2.0.0', '7.0.0')]).toEqual([
      404,
      nowhere.body['detail'],
    ]);
  }
  expect(await ask('POST', '/releases/1.0.0/offer', { body: { tenants: [] } })).toMatchObject({ status: 403 });
  await offer(['default', id]);
  const seen = await ask('GET', '/releases');
  expect(seen.body).toMatchObject({ releases: [{ version: '2.0.0', is_public: false }, { version: '1.0.0' }] });
  expect(JSON.stringify(seen.body)).not.toContain('offered_to');
  expect(await offer(['nobody'])).toMatchObject({ status: 404, body: { code: 'TENANT_NOT_FOUND' } });
});

test('a rollout is the platform’s: it moves whoever has the plugin enabled, and leaves out who would have to consent', async () => {
  const asking = { required_permissions: ['llm'] };
  const { id, token, call } = await installed('rolled', [
    ['2.0.0', TWO],
    ['3.0.0', TWO, asking],
  ]);
  const path = '/api/v1/plugins/rolled/rollout';
  expect(await admin.ask('GET', path)).toMatchObject({ status: 404, body: { code: 'ROLLOUT_NOT_FOUND' } });
  for (const method of ['GET', 'POST', 'DELETE'])
    expect(await admin.ask(method, path, { token, ...(method === 'POST' && { body: {} }) })).toMatchObject({
      status: 403,
      body: { code: 'ROLE_TOO_LOW' },
    });
  const begun = await admin.ask('POST', path, { body: { version: '2.0.0', steps: [1], wait_ms: 0 } });
  expect(begun).toMatchObject({ status: 202, body: { version: '2.0.0', gate: 'trial', steps: [1], state: 'running' } });
  await expect.poll(async () => (await admin.ask('GET', path)).body['state'], { timeout: 10_000 }).toBe('done');
  expect(await call()).toBe(2);
  await admin.ask('POST', path, { body: { version: '3.0.0', steps: [1] } });
  await expect.poll(async () => (await admin.ask('GET', path)).body['state'], { timeout: 10_000 }).toBe('done');
  const { body } = await admin.ask('GET', path);
  expect(body['left_out']).toContainEqual({ tenant_id: id, code: 'CAPABILITY_CHANGE' });
  expect(await call()).toBe(2);
});

test('one rollout of a plugin runs at a time, waits between its steps, and can be ended', async () => {
  await installed('waiting', [['2.0.0', TWO]]);
  const path = '/api/v1/plugins/waiting/rollout';
  const body = { version: '2.0.0', steps: [0.000_001, 1] };
  expect((await admin.ask('POST', path, { body })).body).toMatchObject({ wait_ms: 600_000 });
  await expect.poll(async () => (await admin.ask('GET', path)).body['steps_done']).toBe(1);
  expect(await admin.ask('POST', path, { body })).toMatchObject({ status: 409, body: { code: 'ROLLOUT_RUNNING' } });
  expect(await admin.ask('DELETE', path)).toMatchObject({ status: 200, body: { state: 'cancelled', steps_done: 1 } });
  expect(await admin.ask('DELETE', path)).toMatchObject({ status: 404, body: { code: 'ROLLOUT_NOT_FOUND' } });
  for (const wrong of [{ steps: [] }, { steps: [2] }, { steps: [0.5, 0.1] }, { wait_ms: -1 }, { other: 1 }])
    expect(await admin.ask('POST', path, { body: { version: '2.0.0', ...wrong } })).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED' },
    });
  expect(await admin.ask('POST', path, { body: { version: '2.0.0', gate: 'guard' } })).toMatchObject({ status: 503 });
});
