import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ErrorBody, PluginHealth } from '@bulkhead/protocol';
import { callTool, healthOf, REPOSITORY, startServer, TOKEN, writePlugin, type TestServer } from '../server-fixture.ts';

let stack: AsyncDisposableStack;
let started: TestServer;

const THROWER = `export default { tools: [{ name: 'fail', description: 'Throws.', parameters: { type: 'object' },
  execute: () => { throw new TypeError('no such row: customer 4711'); } }] };`;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const thrower = stack.use(await writePlugin('thrower', THROWER));
  const demos = ['needy', 'honest'].map((name) => join(REPOSITORY, 'examples/demo-plugins', name));
  started = stack.use(await startServer({ plugins: [thrower.dir, ...demos] }));
});
afterAll(() => stack.disposeAsync());

async function list(url: string, init: RequestInit = {}): Promise<readonly PluginHealth[]> {
  const response = await fetch(`${url}/v1/plugins`, init);
  expect(response.status).toBe(200);
  return (await response.json()) as readonly PluginHealth[]; // The tests look at what is inside.
}

test('[F001-19, X001-3] the list is 200 and a flat array sorted by name, failed plugins included', async () => {
  const plugins = await list(started.url);
  expect(plugins.map(({ name, state }) => [name, state])).toEqual([
    ['honest', 'INITIALIZED'],
    ['needy', 'UNAVAILABLE'],
    ['thrower', expect.stringMatching(/^(INITIALIZED|FAILED)$/)],
  ]);
});

test('[F001-41, F001-43] name, state and both counters are always there', async () => {
  for (const plugin of await list(started.url)) {
    expect(plugin).toMatchObject({
      name: expect.any(String),
      state: expect.any(String),
      success_count: expect.any(Number),
      error_count: expect.any(Number),
    });
  }
});

test('[F001-42, X001-2] after a run the optional fields are known', async () => {
  await callTool(started.url, 'honest/count_words', { params: { text: 'a b c' } });
  expect(await healthOf(started.url, 'honest')).toMatchObject({
    name: 'honest',
    state: 'INITIALIZED',
    description: 'Does what it says: counts the words of a text.',
    version: '1.0.0',
    uptime_seconds: expect.any(Number),
    last_used: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    last_execution_time_ms: expect.any(Number),
    avg_execution_time_ms: expect.any(Number),
    breaker: 'closed',
  });
});

const PLATFORM = { headers: { authorization: `Bearer ${TOKEN}` } };

test('[F001-29] where a plugin lies on the server only the platform token reads; its folder’s name everybody [FAULTS 112]', async () => {
  await using padless = await writePlugin('padless', 'export default { tools: [] };', {
    requirements: { modules: ['left-pad'] },
  });
  await using own = await startServer({ plugins: [padless.dir], publicReasons: 'always' });
  const call = await (await callTool(own.url, 'padless/any', {})).text();
  const open = await (await fetch(`${own.url}/v1/plugins/padless/health`)).text();
  for (const body of [call, open, JSON.stringify(await list(own.url))]) {
    expect(body).toContain('npm install --prefix padless left-pad');
    expect(body).not.toContain(dirname(padless.dir));
  }
  const [told] = await list(own.url, PLATFORM);
  expect(told?.reason).toContain(`npm install --prefix ${padless.dir} left-pad`);
  const logged = own.logged.find(({ message }) => message.includes('left-pad'));
  expect(logged).toMatchObject({ level: 'warn', fields: { plugin: 'padless', path: padless.dir } });
});

test('[F001-26, F001-29] the reason of an UNAVAILABLE plugin names what is missing and ends with the cure', async () => {
  const { reason } = await healthOf(started.url, 'needy');
  expect(reason).toContain('quantum-annealer');
  expect(reason).toMatch(/install quantum-annealer and put it on the server's PATH$/);
});

test.each([
  ['a name that nothing has', 'nothing'],
  ['a name in upper case', 'HONEST'],
  ['a parent folder, escaped', '..%2f'],
  ['a parent folder, twice escaped', '..%252f..%252fetc%252fpasswd'],
  ['a zero byte', '%00'],
  ['a malformed escape', '%zz'],
  ['half an escape', 'honest%'],
  ['bytes that are no UTF-8', '%ff%fe'],
  ['an empty name', ''],
  ['a name of Object', '__proto__'],
  ['another name of Object', 'constructor'],
  ['10,000 characters', 'a'.repeat(10_000)],
])('[F001-20, F001-22, F001-23] health of %s is 404 with the contract’s detail', async (_what, name) => {
  const response = await fetch(`${started.url}/v1/plugins/${name}/health`);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    detail: 'Plugin not found',
    code: 'PLUGIN_NOT_FOUND',
    hint: expect.any(String),
  } satisfies Record<keyof ErrorBody, unknown>);
});

test('[X001-3] the plugin itself is no route: it would shadow its health', async () => {
  const response = await fetch(`${started.url}/v1/plugins/honest`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
});

test('[F001-21, F001-24] the plane answers as ever while the storage fails', async () => {
  started.storage.fail();
  try {
    expect(await list(started.url)).toHaveLength(3);
    expect((await fetch(`${started.url}/v1/plugins/honest/health`)).status).toBe(200);
    expect((await fetch(`${started.url}/v1/plugins/nothing/health`)).status).toBe(404);
    expect((await fetch(`${started.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${started.url}/metrics`)).status).toBe(200);
  } finally {
    started.storage.mend();
  }
});

test('liveness, readiness, metrics and the document of the routes need no token', async () => {
  expect(await (await fetch(`${started.url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(await (await fetch(`${started.url}/readyz`)).json()).toEqual({ status: 'ready' });
  const metrics = await fetch(`${started.url}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await metrics.text()).toContain('plugin_calls_total');
  const openapi = (await (await fetch(`${started.url}/openapi.json`)).json()) as { paths: Record<string, unknown> };
  const served = started.server.routes.map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'));
  expect(new Set(Object.keys(openapi.paths))).toEqual(new Set(served.filter((path) => path !== '/openapi.json')));
});

test('thrown text is shown to everybody while the server is bound to loopback', async () => {
  await callTool(started.url, 'thrower/fail', {});
  expect((await healthOf(started.url, 'thrower')).reason).toContain('customer 4711');
});

test('health.public_reasons = never keeps thrown text for the platform token; load reasons stay public', async () => {
  await using thrower = await writePlugin('thrower', THROWER);
  const needy = join(REPOSITORY, 'examples/demo-plugins/needy');
  await using quiet = await startServer({ plugins: [thrower.dir, needy], publicReasons: 'never' });
  await callTool(quiet.url, 'thrower/fail', {});
  const anonymous = await healthOf(quiet.url, 'thrower');
  expect(anonymous.reason).toContain('PLUGIN_THREW');
  expect(anonymous.reason).not.toContain('4711');
  const [, known] = await list(quiet.url, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(known?.reason).toContain('customer 4711');
  expect((await healthOf(quiet.url, 'needy')).reason).toContain('quantum-annealer');
});

test('health.public_reasons = auto hides thrown text when the server is bound to every address', async () => {
  await using thrower = await writePlugin('thrower', THROWER);
  await using open = await startServer({ plugins: [thrower.dir], at: '0.0.0.0' });
  await callTool(open.url, 'thrower/fail', {});
  expect((await healthOf(open.url, 'thrower')).reason).not.toContain('4711');
});
