import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openInternet, type FakeInternet } from './egress/internet.fixture.ts';
import type { Harness, HarnessOptions, ReleaseHarness } from './harness-api.ts';
import { askTool, createPluginFolders, logTexts, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import { MCP_SERVER } from './sandbox/stdio/stdio-fixture.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

const API = 'api.example.com';
const MORE = 'more.example.com';
const VALUE = 'canary-7fd1c0a94b6e8835-value';
const WORDS = ['internet', 'secrets', 'events', 'threads', 'temp_dir', 'call:other'];
const ASKS = {
  required_permissions: WORDS,
  optional_permissions: ['llm'],
  network: { allow: [`${API}:443`] },
  secrets: { API_KEY: { hosts: [`${API}:443`] } },
};

/** What was thrown, as data. */
const CAUGHT = `async function caught(run: () => any) {
  try { return await run(); } catch (error: any) { return { code: error.code, message: error.message }; }
}\n`;
const TOOLS = {
  fetch: 'return caught(async () => (await fetch(params.url)).text());',
  key: `const headers = { authorization: 'Bearer ' + context.secrets.API_KEY };
    return { echo: await (await fetch('https://${API}/', { headers })).text(), own: context.secrets.API_KEY };`,
  secrets: 'return context.secrets ?? {};',
  store: 'return caught(async () => typeof (await context.memory.store(params.text)));',
  find: 'return caught(async () => (await context.memory.query(params.text)).length);',
  publish: "return caught(async () => typeof (await context.events.publish('weather.changed', {})));",
  subscribe: "return caught(async () => typeof (await context.events.subscribe('weather.*', () => undefined)));",
  thread: "return caught(async () => typeof (await context.threads.start('work', () => undefined)));",
  generate: "return caught(() => context.llm.generate('hello'));",
  ask: "return caught(() => context.callTool('other', 'go', {}));",
  folder: 'return typeof context.tempDir;',
  exit: 'process.exit(3);',
};
const SOURCE = `${CAUGHT}${toolsSource(TOOLS)}`;
const HEARER = `const heard: string[] = [];
export default {
  async onLoad(context: any) { await context.events.subscribe('weather.*', (event: any) => heard.push(event.source)); },
  ...(${toolsSource({ heard: 'return heard;' })
    .replace(/^export default /, '')
    .replace(/;$/, '')}),
};`;

let net: FakeInternet;
let folders: PluginFolders;
beforeAll(async () => {
  [net, folders] = await Promise.all([openInternet([API, MORE]), createPluginFolders()]);
});
afterAll(async () => {
  await net[Symbol.asyncDispose]();
  await folders[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const name of [API, MORE])
    net.serve(name, ({ headers }, response) => response.end(`${name} saw ${headers.authorization ?? 'nothing'}`));
});

type Opened = { readonly grant?: readonly string[]; readonly manifest?: object; readonly storage?: Storage };

/** A host on which acme runs weather 1.0.0 with these grants and a secret. */
async function open({ grant = WORDS, manifest = {}, storage }: Opened = {}): Promise<Host> {
  const settings = resolveSettings({ spareCount: 0, tierMax: 'process', ...(storage && { storage }) });
  const { host } = await openHost({ ...settings, internet: net.internet });
  await host.install(await folders.write('other', toolsSource({ go: "return 'gone';" })));
  await host.install(await folders.write('weather', SOURCE, { ...ASKS, ...manifest }), { tenant: 'acme' });
  await host.registrations.enable('weather', { tenant: 'acme', grant });
  if (grant.includes('secrets'))
    await host.secrets.set('weather', { name: 'API_KEY', value: VALUE }, { tenant: 'acme' });
  return host;
}

const harnessOf = (host: Host, more: Partial<ReleaseHarness> = {}): Promise<Harness> =>
  host.openHarness({ plugin: 'weather', version: '1.0.0', tenant: 'acme', isGranted: true, ...more });

async function ask(harness: Harness, tool: string, params = {}): Promise<unknown> {
  const outcome = await harness.run({ tool, params });
  return outcome.ok ? outcome.value : { failed: outcome.error.code, message: outcome.error.message };
}

const refusal = (code = 'PERMISSION_NOT_GRANTED'): object => expect.objectContaining({ code });

test('the network that the plugin was granted is refused in a bare harness, and served in a granted one', async () => {
  await using host = await open();
  await using bare = await harnessOf(host, { isGranted: false });
  await using granted = await harnessOf(host);
  const { length } = net.received;
  const url = `https://${API}/`;
  expect(await ask(bare, 'fetch', { url })).toEqual(refusal());
  expect(net.received).toHaveLength(length);
  expect(await ask(granted, 'fetch', { url })).toBe(`${API} saw nothing`);
  expect(await ask(granted, 'fetch', { url: `https://${MORE}/` })).toEqual(refusal('EGRESS_REFUSED'));
});

test('a secret goes out of a granted harness in place of its placeholder, which is the live plugin’s', async () => {
  await using host = await open();
  await using bare = await harnessOf(host, { isGranted: false });
  await using granted = await harnessOf(host);
  expect(await ask(bare, 'secrets')).toEqual({});
  const own = expect.stringMatching(/^bulkhead_secret_/);
  const { echo, own: seen } = (await ask(granted, 'key')) as { readonly echo: string; readonly own: string };
  expect({ own: seen, echo }).toEqual({ own, echo: `${API} saw Bearer ${seen}` });
  expect(net.received.at(-1)?.headers.authorization).toBe(`Bearer ${VALUE}`);
  expect(await askTool(host, 'secrets', { plugin: 'weather', tenant: 'acme' })).toEqual({ API_KEY: seen });
});

test('memory, events, calls of tools and a temporary folder are as a live guest’s', async () => {
  await using host = await open();
  await host.install(await folders.write('hearer', HEARER, { required_permissions: ['events'] }), {
    tenant: 'acme',
    grant: ['events'],
  });
  expect(await askTool(host, 'heard', { plugin: 'hearer', tenant: 'acme' })).toEqual([]);
  await using granted = await harnessOf(host);
  expect(await ask(granted, 'store', { text: 'rain' })).toBe('string');
  expect(await ask(granted, 'find', { text: 'rain' })).toBe(1);
  expect(await askTool(host, 'find', { plugin: 'weather', tenant: 'acme', params: { text: 'rain' } })).toBe(1);
  expect(await ask(granted, 'publish')).toBe('string');
  const heard = (): Promise<unknown> => askTool(host, 'heard', { plugin: 'hearer', tenant: 'acme' });
  await expect.poll(heard).toEqual(['weather']);
  expect(await ask(granted, 'ask')).toBe('gone');
  expect(await ask(granted, 'folder')).toBe('string');
  await using bare = await harnessOf(host, { isGranted: false });
  expect(await ask(bare, 'folder')).toBe('undefined');
});

test('what only a plugin that serves may have is refused, whatever is granted: events to hear, and threads', async () => {
  await using host = await open();
  await using granted = await harnessOf(host);
  for (const tool of ['subscribe', 'thread'])
    expect(await ask(granted, tool)).toEqual({
      code: 'PERMISSION_NOT_GRANTED',
      message: expect.stringContaining('harness, where no events are heard and no threads run'),
    });
});

test('what the tenant has not granted is refused, and so is everything where the plugin is disabled', async () => {
  await using host = await open({ grant: ['events'] });
  await using granted = await harnessOf(host);
  expect(await ask(granted, 'publish')).toBe('string');
  for (const [tool, params] of [['fetch', { url: `https://${API}/` }], ['generate'], ['ask']] as const)
    expect([tool, await ask(granted, tool, params)]).toEqual([tool, refusal()]);
  expect(await ask(granted, 'secrets')).toEqual({});
  expect(await ask(granted, 'store', { text: 'rain' })).toBe('string');
  await host.registrations.disable('weather', { tenant: 'acme' });
  for (const tool of ['publish', 'store']) expect(await ask(granted, tool, { text: 'rain' })).toEqual(refusal());
});

test('another tenant’s grants, secrets and memory are not seen', async () => {
  await using host = await open();
  await host.registrations.enable('weather', { tenant: 'rival', isPlatform: true, grant: ['call:other'] });
  await askTool(host, 'store', { plugin: 'weather', tenant: 'acme', params: { text: 'rain' } });
  await using rival = await harnessOf(host, { tenant: 'rival' });
  expect(await ask(rival, 'ask')).toBe('gone');
  expect(await ask(rival, 'fetch', { url: `https://${API}/` })).toEqual(refusal());
  expect(await ask(rival, 'secrets')).toEqual({});
  expect(await ask(rival, 'find', { text: 'rain' })).toBe(0);
  await using nobody = await harnessOf(host, { tenant: 'nobody' });
  for (const tool of ['ask', 'store']) expect(await ask(nobody, tool, { text: 'rain' })).toEqual(refusal());
});

test('another release has what it asks for of what was granted, and reaches no host that nobody consented to', async () => {
  await using host = await open();
  const allow = [`${API}:443`, `${MORE}:443`];
  const next = { ...ASKS, version: '2.0.0', required_permissions: ['internet', 'llm'], optional_permissions: [] };
  const dir = await folders.write('weather', SOURCE, { ...next, secrets: {}, network: { allow } });
  await host.install(dir, { tenant: 'someone' });
  expect(await askTool(host, 'publish', { plugin: 'weather', tenant: 'acme' })).toBe('string');
  await using candidate = await harnessOf(host, { version: '2.0.0' });
  expect(await ask(candidate, 'fetch', { url: `https://${API}/` })).toBe(`${API} saw nothing`);
  expect(await ask(candidate, 'fetch', { url: `https://${MORE}/` })).toEqual(refusal('EGRESS_REFUSED'));
  for (const tool of ['publish', 'ask', 'generate'])
    expect([tool, await ask(candidate, tool)]).toEqual([tool, refusal()]);
  expect(await ask(candidate, 'secrets')).toEqual({});
});

const SERVER = `import { serve } from './server.mjs';
serve({ show: () => process.env.WEATHER_WORD ?? 'none' });`;

test('an MCP server has the values of the server’s environment that it was granted', async () => {
  const { env, ...settings } = resolveSettings({ spareCount: 0, tierMax: 'jail' });
  await using host = (await openHost({ ...settings, env: { ...env, WEATHER_WORD: 'rain' } })).host;
  const tools = [{ name: 'show', mcp_name: 'show', description: 'show', parameters: { type: 'object' } }];
  const word = 'env:WEATHER_WORD';
  const asks = {
    driver: 'stdio',
    main: 'main.mjs',
    mcp: { tools },
    optional_permissions: [word],
    requirements: { env: ['WEATHER_WORD'] },
  };
  const dir = await folders.write('served', SERVER, asks);
  await Promise.all([writeFile(`${dir}/main.mjs`, SERVER), writeFile(`${dir}/server.mjs`, MCP_SERVER)]);
  await host.install(dir, { tenant: 'acme' });
  const shown = async (isGranted: boolean): Promise<unknown> => {
    await using harness = await harnessOf(host, { plugin: 'served', isGranted });
    return await ask(harness, 'show');
  };
  expect(await shown(true)).toEqual({ value: 'none' });
  await host.registrations.enable('served', { tenant: 'acme', grant: [word] });
  expect([await shown(false), await shown(true)]).toEqual([{ value: 'none' }, { value: 'rain' }]);
});

test('health, log, ledger and instances of the plugin that serves know nothing of a granted harness', async () => {
  const storage = createMemoryStorage();
  await using host = await open({ storage });
  const at = { plugin: 'weather', tenant: 'acme' };
  const instance = async (): Promise<string | null> => (await host.call({ ...at, tool: 'secrets' })).call.instance_id;
  const rows = async (): Promise<number> => (await storage.listCalls({ plugin: 'weather', rowsMax: 100 })).length;
  const serving = await instance();
  await expect.poll(rows).toBe(1);
  const health = (): unknown => {
    const {
      state,
      breaker,
      health: said,
      success_count,
      error_count,
    } = host.health('weather', { scope: 'acme', showThrownText: true }) ?? {};
    return { state, breaker, said, success_count, error_count };
  };
  expect(health()).toMatchObject({ state: 'INITIALIZED', success_count: 1, error_count: 0 });
  const before = { health: health(), log: logTexts(host, 'weather', 'acme') };
  await using granted = await harnessOf(host);
  for (let time = 0; time < 4; time += 1)
    expect(await granted.run({ tool: 'exit' })).toMatchObject({ error: { code: 'GUEST_EXITED' } });
  expect(await ask(granted, 'thread')).toEqual(refusal());
  expect(health()).toEqual(before.health);
  expect(logTexts(host, 'weather', 'acme')).toEqual(before.log);
  // A change of the catalogue looks at what instances were opened with.
  await host.tenants.create({ name: 'somebody' });
  expect(await instance()).toBe(serving);
  await expect.poll(rows).toBe(2);
});

test('a file can be granted nothing', async () => {
  await using host = await open();
  const file = `${folders.root}/other/main.ts`;
  // @ts-expect-error A file has no registration.
  const options: HarnessOptions = { file, isGranted: true };
  await expect(host.openHarness(options)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: expect.stringContaining('has no registration'),
  });
});

test.each([0, -1, 1.5, 65, Number.NaN])('%s is no number of instances', async (instances) => {
  await using host = await open();
  await expect(harnessOf(host, { instances })).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: `instances is ${instances}; expected a whole number from 1 to 64`,
  });
});
