import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, STORAGES, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = `export default { tools: [
  { name: 'ask', description: 'Answers.', parameters: { type: 'object' }, execute: () => 'answered' },
  { name: 'fail', description: 'Throws all that it can reach.', parameters: { type: 'object' }, execute: (_, context) => {
    console.error(JSON.stringify(context.config), JSON.stringify(Object.keys(process.env)));
    throw new Error(JSON.stringify([context.config, context.tenantId]));
  } },
] };`;
const MANIFEST = { secrets: { API_KEY: { hosts: ['api.example.com:443'] }, OTHER: { hosts: ['b.example.com:443'] } } };
const SECRETS = '/api/v1/plugins/weather/secrets';

describe.each(STORAGES)('secrets %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  let plugin: TestPlugin;
  beforeAll(async () => {
    plugin = await writePlugin('weather', MAIN, MANIFEST);
    started = await startServer({ storage: await open() });
    await started.host.install(plugin.dir, { tenant: 'default' });
    admin = adminOf(started.url);
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
    await plugin[Symbol.asyncDispose]();
  });

  /** A new tenant that has the plugin, and requests of its admin. */
  async function newTenant(name: string): Promise<{ readonly id: string; readonly ask: Admin['ask'] }> {
    const id = await admin.makeTenant(name);
    const token = await admin.makeToken(id, 'admin');
    await admin.ask('POST', '/api/v1/plugins/weather/enable', { token });
    return { id, ask: (method, path, request = {}) => admin.ask(method, path, { token, ...request }) };
  }

  test('a tenant’s admin sets a secret, sees that it is set and where it may go, and removes it', async () => {
    const { ask } = await newTenant('sets');
    const unset = { is_declared: true, is_set: false, updated_at: null, in: ['header'] };
    const listed = [
      { name: 'API_KEY', hosts: ['api.example.com:443'], ...unset },
      { name: 'OTHER', hosts: ['b.example.com:443'], ...unset },
    ];
    expect(await ask('GET', SECRETS)).toMatchObject({ status: 200, body: listed });
    const put = await ask('PUT', `${SECRETS}/API_KEY`, { body: { value: 'a-value' } });
    const entry = { ...listed[0], is_set: true, updated_at: expect.stringMatching(/^\d{4}-/) };
    expect([put.status, put.body]).toEqual([200, entry]);
    expect((await ask('GET', SECRETS)).body).toEqual([put.body, listed[1]]);
    expect((await ask('DELETE', `${SECRETS}/API_KEY`)).status).toBe(204);
    expect((await ask('DELETE', `${SECRETS}/API_KEY`)).status).toBe(204);
    expect((await ask('GET', SECRETS)).body).toEqual(listed);
  });

  test('calls of a tenant are 503 SECRET_MISSING, with the cure, until it has set what the plugin declares', async () => {
    const { ask } = await newTenant('calls');
    const call = () => ask('POST', '/v1/tools/weather/ask/call', { body: {} });
    expect(await call()).toMatchObject({
      status: 503,
      body: { error: { code: 'SECRET_MISSING', hint: 'Set it: `bulkhead secrets set weather API_KEY`.' } },
    });
    await ask('PUT', `${SECRETS}/API_KEY`, { body: { value: 'a-value' } });
    expect(await call()).toMatchObject({ status: 503, body: { error: { message: expect.stringContaining('OTHER') } } });
    await ask('PUT', `${SECRETS}/OTHER`, { body: { value: 'a-value' } });
    expect(await call()).toMatchObject({ status: 200, body: { value: 'answered' } });
  });

  test.each([
    ['a name that is not declared', 'NOPE', { value: 'CANARY' }, 422, 'SECRET_UNDECLARED'],
    ['no value', 'API_KEY', {}, 422, 'VALIDATION_FAILED'],
    ['a value that is no text', 'API_KEY', { value: { deep: 'CANARY' } }, 422, 'VALIDATION_FAILED'],
    ['a field that is not known', 'API_KEY', { value: 'CANARY', more: 'CANARY' }, 422, 'VALIDATION_FAILED'],
    ['an empty value', 'API_KEY', { value: '' }, 422, 'SECRET_REFUSED'],
    ['a value that is too large', 'API_KEY', { value: 'CANARY'.repeat(4_000) }, 422, 'SECRET_REFUSED'],
  ])('%s is refused, and nothing of the value is answered', async (_what, name, body, status, code) => {
    const answer = await admin.ask('PUT', `${SECRETS}/${name}`, { body });
    expect(answer).toMatchObject({ status, body: { code } });
    expect(JSON.stringify(answer.body)).not.toContain('CANARY');
  });

  test('a body that is no JSON is refused without being quoted, in the answer and in the log', async () => {
    const body = '{"value": "CANARY';
    const headers = {
      authorization: 'Bearer a-platform-token-that-is-long-enough',
      'content-type': 'application/json',
    };
    const response = await fetch(`${started.url}${SECRETS}/API_KEY`, { method: 'PUT', body, headers });
    expect(await response.text()).not.toContain('CANARY');
    expect(response.status).toBe(400);
    expect(JSON.stringify(started.logged.map(logText))).not.toContain('CANARY');
  });

  test('a tenant without the plugin, and roles below admin, set nothing', async () => {
    const id = await admin.makeTenant('without');
    const body = { value: 'a-value' };
    const own = await admin.makeToken(id, 'admin');
    expect(await admin.ask('PUT', `${SECRETS}/API_KEY`, { token: own, body })).toMatchObject({
      status: 404,
      body: { detail: "Plugin 'weather' is not registered for this tenant" },
    });
    for (const role of ['viewer', 'operator', 'worker']) {
      const token = await admin.makeToken(id, role);
      expect((await admin.ask('PUT', `${SECRETS}/API_KEY`, { token, body })).status).toBe(403);
      expect((await admin.ask('GET', SECRETS, { token })).status).toBe(403);
    }
    expect((await admin.ask('POST', '/api/v1/secrets/rotate', { token: own })).status).toBe(403);
  });

  test('the platform rotates the key, and is told how many secrets were encrypted anew', async () => {
    const { ask } = await newTenant('rotated');
    await ask('PUT', `${SECRETS}/API_KEY`, { body: { value: 'a-value' } });
    const first = await admin.ask('POST', '/api/v1/secrets/rotate');
    expect(first).toMatchObject({
      status: 200,
      body: { is_given: false, key_id: expect.stringMatching(/^[0-9a-f]{16}$/) },
    });
    const second = await admin.ask('POST', '/api/v1/secrets/rotate');
    expect(second.body['secrets']).toBe(first.body['secrets']);
    expect(second.body['key_id']).not.toBe(first.body['key_id']);
  });

  test('[FAULTS-112] a value is in no answer, error, log, metric, line of the audit log or row, in any encoding', async () => {
    const value = 'CANARY +/%ü "§$&=?" 8c1f5e0d9b7a';
    const { id, ask } = await newTenant('canary');
    const answers = [
      await ask('PUT', `${SECRETS}/API_KEY`, { body: { value } }),
      await ask('PUT', `${SECRETS}/OTHER`, { body: { value } }),
      await ask('PUT', `${SECRETS}/NOPE`, { body: { value } }),
      await ask('PUT', `${SECRETS}/API_KEY`, { body: { value: { value } } }),
      await ask('POST', '/v1/tools/weather/fail/call', { body: {} }),
      await ask('POST', '/v1/tools/weather/ask/call', { body: { params: {} } }),
      await admin.ask('POST', '/api/v1/secrets/rotate'),
    ];
    started.storage.fail();
    answers.push(await ask('PUT', `${SECRETS}/API_KEY`, { body: { value } }));
    started.storage.mend();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 422, 422, 502, 200, 200, 503]);
    const read = [answers.map(({ body }) => body), await readAllRoutes(ask), await readAllRoutes(admin.ask)];
    const kept = [
      started.logged.map(logText),
      await rowsOf(started),
      await (await fetch(`${started.url}/metrics`)).text(),
    ];
    const text = JSON.stringify([read, kept]);
    expect(text).toContain(id);
    for (const form of formsOf(value)) expect(text).not.toContain(form);
  });

  /** Every GET of the document that needs no more than the plugin's name. */
  async function readAllRoutes(ask: Admin['ask']): Promise<readonly unknown[]> {
    const document = await ask('GET', '/openapi.json');
    const paths = document.body['paths'] as Readonly<Record<string, object>>; // The document's own form.
    const readable = Object.entries(paths).filter(([, methods]) => 'get' in methods);
    const filled = readable.map(([path]) => path.replaceAll('{name}', 'weather').replaceAll(/\{\w+\}/g, 'default'));
    expect(filled.length).toBeGreaterThan(10);
    const asked = filled.filter((path) => path !== '/metrics');
    return Promise.all(asked.map(async (path) => (await ask('GET', path)).body));
  }
});

/** Parts of the value that are as they stand in no encoding but their own. */
function formsOf(value: string): readonly string[] {
  const base64 = Buffer.from(value).toString('base64');
  const part = '8c1f5e0d9b7a';
  return [
    part,
    'CANARY',
    base64.slice(4, 24),
    Buffer.from(part).toString('base64').slice(0, 12),
    Buffer.from(part).toString('hex'),
  ];
}

function logText({ level, message, fields }: TestServer['logged'][number]): string {
  const { err } = fields;
  return JSON.stringify([
    level,
    message,
    fields,
    err instanceof Error ? [err.message, err.stack, String(err.cause)] : '',
  ]);
}

async function rowsOf({ storage }: TestServer): Promise<readonly unknown[]> {
  return [
    await storage.readCatalogue(),
    await storage.readSteps(0),
    await storage.readAudit(0, 1_000),
    await storage.listSecretsOfOtherKeys('', 1_000),
    await storage.listCalls({ plugin: 'weather', rowsMax: 1_000 }),
    await storage.listTransitions({ plugin: 'weather', rowsMax: 1_000 }),
  ];
}
