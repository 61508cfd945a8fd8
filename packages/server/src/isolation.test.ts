/**
 * Every route of the OpenAPI document, asked with the tokens of one tenant for what is another's (FAULTS 104, 105).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryTaskQueue, type TaskQueue } from '@bulkhead/host';
import { adminOf, type Admin, type Answer } from './admin-fixture.ts';
import { startServer, writePlugin, type TestPlugin, type TestServer } from './server-fixture.ts';

const MAIN = `export default { tools: [
  { name: 'recall', description: 'Its configuration.', parameters: { type: 'object' }, execute: (_, context) => context.config },
  { name: 'fail', description: 'Throws.', parameters: { type: 'object' }, execute: (_, context) => { throw new Error(context.config.mark); } },
] };`;
/** Stands in everything that is tenant A's, and in nothing else. */
const MARK = 'amethyst-4711';
/** A plugin that the victim alone may see. */
const PRIVATE = 'gem_4711';
/** A task of the victim's, which is dead, and one that waits; in the words of both is the mark. */
const [DEAD_TASK, QUEUED_TASK] = ['4711'.repeat(8), '4712'.repeat(8)];
const SECRET = 'API_KEY';
const SECRET_PATH = `/api/v1/plugins/shared/secrets/${SECRET}`;

type Tenant = { readonly id: string; readonly tokens: readonly string[]; readonly tokenIds: readonly string[] };
type Route = { readonly method: string; readonly path: string };

let started: TestServer;
let tasks: TaskQueue;
let admin: Admin;
let plugin: TestPlugin;
/** Folders of what the victim alone may see: a release of the shared plugin, and a plugin. */
let offered: readonly TestPlugin[];
let victim: Tenant;
let attacker: Tenant;
let routes: readonly Route[];
/** Ids that are the victim's, beside the mark itself. */
let secrets: readonly string[];

beforeAll(async () => {
  plugin = await writePlugin('shared', MAIN, { secrets: { [SECRET]: { hosts: ['a.example.com:443'] } } });
  tasks = createMemoryTaskQueue();
  started = await startServer({ tasks });
  await started.host.install(plugin.dir, { tenant: 'default' });
  admin = adminOf(started.url);
  victim = await makeTenant(`victim-${MARK}`);
  offered = [await offerRelease(victim.id), await offerPlugin(victim)];
  attacker = await makeTenant('attacker');
  for (const { id, tokens } of [victim, attacker]) {
    await ask(tokens.at(-1) ?? '', 'POST', '/api/v1/plugins/shared/enable');
    await admin.ask('PUT', SECRET_PATH, { token: tokens.at(-1) ?? '', body: { value: `value of ${id}` } });
  }
  const own = victim.tokens.at(-1) ?? '';
  await admin.ask('PUT', '/api/v1/plugins/shared/config', { token: own, body: { config: { mark: MARK } } });
  const { body } = await admin.ask('POST', '/v1/tools/shared/fail/call', { token: own, body: {} });
  const { body: row } = await admin.ask('GET', '/api/v1/plugins/shared', { token: own });
  const registration = (row['registration'] as { readonly id: string }).id; // Its schema.
  const call = (body['call'] as { readonly call_id: string }).call_id; // Its schema.
  await giveTasks(victim);
  const ids = [registration, call, DEAD_TASK, QUEUED_TASK];
  secrets = [MARK, PRIVATE, victim.id, ...ids, ...victim.tokenIds, ...victim.tokens];
  routes = await readRoutes();
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await tasks.close();
  for (const folder of [plugin, ...offered]) await folder[Symbol.asyncDispose]();
});

const WELL_KNOWN = '/.well-known/';

/** Stores a release that one tenant alone may see, and leaves `default` at the one that everybody may. */
async function offerRelease(tenant: string): Promise<TestPlugin> {
  const version = `9.0.0-${MARK}`;
  const folder = await writePlugin('shared', MAIN, { version });
  const manifest = await readFile(join(folder.dir, 'plugin.json'), 'utf8');
  const before = await readFile(join(plugin.dir, 'plugin.json'), 'utf8');
  for (const text of [manifest, before]) {
    await writeFile(join(plugin.dir, 'plugin.json'), text);
    await started.host.install(plugin.dir, { tenant: 'default' });
    await started.host.registrations.offer('shared', version, { tenants: [tenant] });
  }
  return folder;
}

/** Stores a plugin that one tenant alone may see, which has called it. */
async function offerPlugin({ id, tokens }: Tenant): Promise<TestPlugin> {
  const folder = await writePlugin(PRIVATE, MAIN);
  await admin.ask('POST', '/api/v1/plugins', { body: { path: folder.dir } });
  const path = `/api/v1/plugins/${PRIVATE}`;
  await admin.ask('POST', `${path}/releases/1.0.0/offer`, { body: { tenants: [id] } });
  const token = tokens.at(-1) ?? '';
  await admin.ask('POST', `${path}/enable`, { token });
  const { body } = await admin.ask('POST', `/v1/tools/${PRIVATE}/recall/call`, { token, body: {} });
  expect(body).toMatchObject({ ok: true });
  return folder;
}

/** The victim has a worker, and a queue with a task of each sort. */
async function giveTasks({ tokens: [, operator = '', worker = ''] }: Tenant): Promise<void> {
  for (const id of [DEAD_TASK, QUEUED_TASK]) {
    const body = { kind: 'execute', payload: { mark: MARK }, requires: [MARK], id };
    expect((await admin.ask('POST', '/v1/tasks', { token: operator, body })).status).toBe(202);
  }
  const claim = { worker_id: `worker-${MARK}`, tags: [MARK], lease_ms: 60_000, wait_ms: 0 };
  const { body } = await admin.ask('POST', '/v1/worker/claim', { token: worker, body: claim });
  const result = { task_id: DEAD_TASK, status: 'error', data: { mark: MARK }, created_at: '2026-01-01T12:00:00Z' };
  const who = { attempts: 1, worker_id: claim.worker_id, handler_version: null, image_tag: MARK };
  const completed = { body: { lease: body['lease'], result: { ...result, ...who } }, token: worker };
  expect((await admin.ask('POST', '/v1/worker/complete', completed)).body).toEqual({ lease: 'held' });
}

async function makeTenant(name: string): Promise<Tenant> {
  const id = await admin.makeTenant(name);
  const roles = ['viewer', 'operator', 'worker', 'admin'];
  const tokens: string[] = [];
  for (const role of roles) tokens.push(await admin.makeToken(id, role));
  const { body } = await admin.ask('GET', `/api/v1/tenants/${id}/tokens`);
  const rows = body as unknown as readonly { readonly id: string }[]; // Its schema.
  return { id, tokens, tokenIds: rows.map((row) => row.id) };
}

async function readRoutes(): Promise<readonly Route[]> {
  const document = (await (await fetch(`${started.url}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, object>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

/** What stands for each parameter of a path: something of the victim's, and the same of nobody's. */
function candidates(name: string): readonly (readonly [theirs: string, nobodys: string])[] {
  const nobody = '00000000-0000-4000-8000-000000000000';
  switch (name) {
    case 'id':
      return [
        [victim.id, nobody],
        [`victim-${MARK}`, 'nobody'],
        ...victim.tokenIds.map((id) => [id, '0'.repeat(id.length)] as const),
        ...[DEAD_TASK, QUEUED_TASK].map((id) => [id, '0'.repeat(id.length)] as const),
      ];
    case 'name':
    case 'plugin':
      return [
        ['shared', 'shared'],
        [PRIVATE, 'ghost_4711'],
      ];
    case 'version':
      return [[`9.0.0-${MARK}`, '9.0.0-nobody']];
    case 'secret':
      return [[SECRET, SECRET]];
    case 'tool':
      return [['recall', 'recall']];
    default:
      throw new Error(`this test does not know what stands for {${name}}: say it here`);
  }
}

/** Fills the parameters of a path, each pair once. */
function fill(path: string): readonly (readonly [theirs: string, nobodys: string])[] {
  const name = /\{(\w+)\}/.exec(path)?.[1];
  if (name === undefined) return [[path, path]];
  return candidates(name).flatMap(([theirs, nobodys]) => {
    const rest = (value: string): string => path.replace(`{${name}}`, value);
    return fill(rest(theirs)).map(([whole], index) => [whole, fill(rest(nobodys))[index]?.[1] ?? ''] as const);
  });
}

/** A body that says in every way whom it would be for; what a route does not take it refuses, or passes over. */
const bodyFor = (method: string): object =>
  method === 'GET' || method === 'DELETE'
    ? {}
    : { body: { tenant: victim.id, tenant_id: victim.id, name: 'x', config: {} } };

async function ask(token: string, method: string, path: string): Promise<Answer & { readonly text: string }> {
  const headers = { 'x-bulkhead-tenant': victim.id };
  const query = `?tenant=${victim.id}&tenant_id=${victim.id}`;
  const sent = path.startsWith('/api/v1/plugins/shared/enable') ? {} : bodyFor(method);
  const answer = await admin.ask(method, path + query, { token, headers, ...sent });
  return { ...answer, text: JSON.stringify(answer.body) };
}

/** All that the platform sees of the victim. */
async function stateOfVictim(): Promise<unknown> {
  const headers = { 'x-bulkhead-tenant': victim.id };
  const paths = [
    '/api/v1/plugins',
    '/api/v1/plugins/shared/config',
    '/api/v1/plugins/shared/secrets',
    `/api/v1/tenants/${victim.id}/tokens`,
    '/api/v1/tasks',
    ...[DEAD_TASK, QUEUED_TASK].map((id) => `/v1/tasks/${id}`),
  ];
  const read = await Promise.all(paths.map(async (path) => (await admin.ask('GET', path, { headers })).body));
  const tenant = (await admin.ask('GET', `/api/v1/tenants/${victim.id}`)).body;
  return [...read, tenant];
}

/** What the routes show to the holders of some tokens of what is the victim's, and what they do for them. */
async function walk(tokens: readonly string[], walked: readonly Route[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { method, path } of walked) {
    for (const token of tokens) {
      for (const [theirs, nobodys] of fill(path)) found.push(...(await compare(token, method, { theirs, nobodys })));
    }
  }
  return found;
}

async function compare(
  token: string,
  method: string,
  { theirs, nobodys }: { readonly theirs: string; readonly nobodys: string },
): Promise<readonly string[]> {
  const [answer, absent] = [await ask(token, method, theirs), await ask(token, method, nobodys)];
  const unsent = secrets.filter((secret) => !theirs.includes(secret));
  const shown = unsent.filter((secret) => answer.text.includes(secret)).map((secret) => `shows ${secret}`);
  const differs =
    theirs !== nobodys && answer.status !== absent.status ? [`is not as for nobody: ${absent.status}`] : [];
  const done = theirs !== nobodys && answer.status < 300 ? ['was done'] : [];
  return [...shown, ...differs, ...done].map((what) => `${method} ${theirs} (${answer.status}) ${what}`);
}

test('[FAULTS-104, FAULTS-105] no route shows or changes what is another tenant’s, for any role, id, name, header, query or body', async () => {
  const before = await stateOfVictim();
  expect(routes.length).toBeGreaterThan(20);
  // Text, by plugin and never by tenant; and documents that tell everybody the same of whatever they are asked: see below.
  const asked = routes.filter(({ path }) => path !== '/metrics' && !path.startsWith(WELL_KNOWN));
  expect(await walk(attacker.tokens, asked)).toEqual([]);
  expect(await stateOfVictim()).toEqual(before);
});

test('the metadata of a protected resource tells of another tenant’s plugin what it tells of none', async () => {
  const documents = routes.filter(({ path }) => path.startsWith(WELL_KNOWN));
  expect(documents.length).toBeGreaterThan(0);
  const read = async (path: string): Promise<string> => (await ask(attacker.tokens[0] ?? '', 'GET', path)).text;
  for (const { path } of documents) {
    for (const [theirs, nobodys] of fill(path))
      expect((await read(theirs)).replaceAll(PRIVATE, 'ghost_4711')).toBe(await read(nobodys));
  }
});

test('the same walk with the victim’s own tokens finds what is there to be seen', async () => {
  const asked = routes.filter(({ method, path }) => method === 'GET' && path !== '/metrics');
  const seen = (await walk(victim.tokens, asked)).map((line) => line.split(' (')[0]);
  expect(seen).toEqual(
    expect.arrayContaining([
      'GET /api/v1/plugins',
      'GET /api/v1/plugins/shared',
      'GET /api/v1/audit',
      'GET /api/v1/plugins/shared/config',
      'GET /api/v1/plugins/shared/releases',
      `GET /api/v1/plugins/shared/releases/9.0.0-${MARK}`,
      'GET /api/v1/whoami',
      `GET /api/v1/tenants/${victim.id}/tokens`,
      'GET /v1/plugins',
      'GET /v1/plugins/shared/health',
      `GET /v1/plugins/${PRIVATE}/health`,
      'GET /v1/tools',
      'GET /api/v1/tasks',
      `GET /v1/tasks/${DEAD_TASK}`,
    ]),
  );
});

test('metrics name no tenant', async () => {
  const text = await (await fetch(`${started.url}/metrics`)).text();
  const named = secrets.filter((secret) => secret !== PRIVATE); // DESIGN 12 has series by plugin.
  for (const secret of named) expect(text).not.toContain(secret);
});

test('a word of the victim’s in a call of the attacker’s is the attacker’s own word', async () => {
  const [theirs, own] = [victim, attacker].map(({ tokens }) => tokens.at(-1) ?? '');
  const body = { params: {}, idempotency_key: 'same key' };
  const first = await admin.ask('POST', '/v1/tools/shared/recall/call', { token: theirs ?? '', body });
  expect(first.body).toMatchObject({ ok: true, value: { mark: MARK } });
  await admin.ask('POST', '/api/v1/plugins/shared/enable', { token: own ?? '' });
  await admin.ask('PUT', SECRET_PATH, { token: own ?? '', body: { value: 'own' } });
  const second = await admin.ask('POST', '/v1/tools/shared/recall/call', { token: own ?? '', body });
  expect(second.body).toMatchObject({ ok: true, value: {} });
  expect(JSON.stringify(second.body)).not.toContain(MARK);
});

test('a claim, a heartbeat or a result of the attacker’s worker reaches no task of the victim, and sends none back', async () => {
  const before = await stateOfVictim();
  const headers = { 'x-bulkhead-tenant': victim.id };
  const [worker = '', own = ''] = attacker.tokens.slice(-2);
  const claim = { worker_id: `worker-${MARK}`, tags: [MARK], lease_ms: 60_000, wait_ms: 0 };
  expect((await admin.ask('POST', '/v1/worker/claim', { token: worker, headers, body: claim })).status).toBe(204);
  for (const body of [{ ids: [DEAD_TASK, QUEUED_TASK] }, { kind: 'execute' }]) {
    const retried = await admin.ask('POST', '/api/v1/tasks/dead/retry', { token: own, headers, body });
    expect(retried).toMatchObject({ status: 200, body: { retried: 0 } });
  }
  expect(await stateOfVictim()).toEqual(before);
});
