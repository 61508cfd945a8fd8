import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  askTool,
  createPluginFolders,
  logTexts,
  openTestHost,
  toolsSource,
  type PluginFolders,
} from './host.fixture.ts';
import type { HarnessOptions } from './harness-api.ts';
import type { Host } from './host-api.ts';
import { MCP_SERVER } from './sandbox/stdio/stdio-fixture.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

let host: Host;
let folders: PluginFolders;
let storage: Storage;

beforeEach(async () => {
  folders = await createPluginFolders();
  storage = createMemoryStorage();
  host = await openTestHost({ storage });
});

afterEach(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const PARAMS =
  "{ type: 'object', properties: { a: { type: 'number' } }, required: ['a'], additionalProperties: false }";

/** What a release answers is its version's affair; the rest is the same. */
function counterSource(version: string): string {
  return `import { BasePlugin } from '@bulkhead/sdk';
export const double = (a: number) => a * 2;
const tool = (name: string, rest: object = {}) => ({ name, description: name, parameters: { type: 'object' }, ...rest });
export default class extends BasePlugin {
  tools = [
    tool('next', { parameters: ${PARAMS}, returns: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] } }),
    tool('lie', { returns: { type: 'number' } }),
    tool('refuse'), tool('annotate'), tool('show'), tool('exit'), tool('shout'),
  ];
  async execute(name: string, params: any, context: any) {
    if (name === 'next') return { success: true, data: { sum: params.a + 1, from: '${version}' } };
    if (name === 'lie') return { success: true, data: 'no number' };
    if (name === 'refuse') return { success: false, error: 'not today' };
    if (name === 'annotate') return { success: true, data: 1, metadata: { unit: 'm' } };
    if (name === 'show') return { success: true, data: context.config };
    if (name === 'shout') { context.logger.error('heard from ${version}'); return { success: true, data: null }; }
    return process.exit(3);
  }
}`;
}

async function installCounter(version: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const dir = await folders.write('counter', counterSource(version), { version, ...more });
  await host.install(dir);
}

const CONFIG_SCHEMA = { type: 'object', properties: { size: { type: 'integer' } }, additionalProperties: false };
const CONFIGURED = { config: { size: 1 }, config_schema: CONFIG_SCHEMA };

const harnessOf = (version: string, more: object = {}): Promise<Awaited<ReturnType<Host['openHarness']>>> =>
  host.openHarness({ plugin: 'counter', version, ...more });

test('a tool of two releases runs side by side while one of them serves', async () => {
  await installCounter('1.0.0');
  await installCounter('2.0.0');
  await using before = await harnessOf('1.0.0');
  await using after = await harnessOf('2.0.0');
  const [old, candidate, live] = await Promise.all([
    before.run({ tool: 'next', params: { a: 1 } }),
    after.run({ tool: 'next', params: { a: 2 } }),
    host.call({ plugin: 'counter', tool: 'next', params: { a: 3 } }),
  ]);
  expect(old).toMatchObject({ ok: true, value: { sum: 2, from: '1.0.0' }, call: { version: '1.0.0', target: 'next' } });
  expect(candidate).toMatchObject({ ok: true, value: { sum: 3, from: '2.0.0' }, call: { version: '2.0.0' } });
  expect(live).toMatchObject({ ok: true, value: { sum: 4, from: '2.0.0' } });
  expect(before.digest).not.toBe(after.digest);
});

test('parameters and results are judged by the schemas of the tool, as in a call', async () => {
  await installCounter('1.0.0');
  await using harness = await harnessOf('1.0.0');
  expect(await harness.run({ tool: 'next', params: { a: 'x' } })).toMatchObject({
    ok: false,
    error: { kind: 'invalid_input', code: 'PARAMS_INVALID' },
    call: { instance_id: null },
  });
  expect(await harness.run({ tool: 'next' })).toMatchObject({ error: { code: 'PARAMS_INVALID' } });
  expect(await harness.run({ tool: 'lie' })).toMatchObject({
    error: { kind: 'invalid_output', code: 'RESULT_INVALID' },
  });
  expect(await harness.run({ tool: 'refuse' })).toMatchObject({
    error: { kind: 'tool_error', code: 'TOOL_REPORTED_ERROR', message: 'not today' },
  });
  expect(await harness.run({ tool: 'annotate' })).toMatchObject({
    ok: true,
    value: 1,
    call: { metadata: { unit: 'm' } },
  });
  expect(await harness.run({ tool: 'nothing' })).toMatchObject({
    error: { kind: 'not_found', code: 'TOOL_NOT_FOUND' },
  });
  expect(await harness.run({ fn: 'double', args: [4] })).toMatchObject({ ok: true, value: 8 });
});

test('the tools of a release are listed by a guest that is started for it', async () => {
  await installCounter('1.0.0');
  await using harness = await harnessOf('1.0.0');
  const tools = await harness.tools();
  expect(tools.map(({ name }) => name)).toEqual(['next', 'lie', 'refuse', 'annotate', 'show', 'exit', 'shout']);
  expect(tools[0]?.parameters).toMatchObject({ required: ['a'] });
});

test('a file has no tools in a harness', async () => {
  const file = join(folders.root, 'code.ts');
  await writeFile(file, 'export const solve = () => 1;');
  await using harness = await host.openHarness({ file });
  expect(await harness.tools()).toEqual([]);
  expect(await harness.run({ tool: 'solve' })).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
});

test('a release that cannot start answers its runs with why, and its tools are not listed', async () => {
  const code = `if (process.versions) throw new Error('no model file');\n${toolsSource({ go: 'return 1' })}`;
  await host.install(await folders.write('counter', code));
  await using harness = await harnessOf('1.0.0');
  for (let time = 0; time < 8; time += 1)
    expect(await harness.run({ tool: 'go' })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('no model file') },
    });
  await expect(harness.tools()).rejects.toMatchObject({
    code: 'TRIAL_FAILED',
    message: expect.stringContaining('no model file'),
  });
});

test('the configuration is the tenant’s, and is refused where the release does not take it', async () => {
  await installCounter('1.0.0');
  await installCounter('2.0.0', CONFIGURED);
  const { id } = await host.tenants.create({ name: 'acme' });
  await host.registrations.enable('counter', { tenant: id, isPlatform: true, config: { size: 7 } });
  await using own = await harnessOf('2.0.0', { tenant: id });
  await using nobodys = await harnessOf('2.0.0', { tenant: 'other' });
  expect(await own.run({ tool: 'show' })).toMatchObject({ ok: true, value: { size: 7 }, call: { tenant: id } });
  expect(await nobodys.run({ tool: 'show' })).toMatchObject({ ok: true, value: { size: 1 } });
  await installCounter('3.0.0', { config_schema: { ...CONFIG_SCHEMA, properties: {} } });
  await expect(harnessOf('3.0.0', { tenant: id })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a plugin or version that there is not is refused when the harness is opened', async () => {
  await installCounter('1.0.0');
  await expect(harnessOf('9.9.9')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  await expect(host.openHarness({ plugin: 'nobody', version: '1.0.0' })).rejects.toMatchObject({
    code: 'PLUGIN_NOT_FOUND',
  });
});

const ASKING = toolsSource({
  store: "return (await context.memory.store({ text: 'kept' })) ? 'stored' : ''",
  find: "return (await context.memory.query('kept')).length",
  fetch: "return (await fetch('https://example.com/')).status",
  publish: "await context.events.publish('counter.told', {}); return 1",
  generate: "return (await context.llm.generate('hello')).text",
  ask: "return await context.callTool('other', 'go', {})",
  secret: 'return context.secrets ?? {}',
});
const GRANTED = {
  required_permissions: ['internet', 'events', 'llm', 'secrets', 'call:other'],
  network: { allow: ['example.com:443'] },
  secrets: { KEY: { hosts: ['example.com:443'], in: ['header'] } },
};
const GRANTS = GRANTED.required_permissions;

test('what a plugin was granted live it is refused in a harness, and nothing that it does is stored', async () => {
  await using granted = await openTestHost({ grants: { counter: GRANTS } });
  await granted.install(await folders.write('counter', ASKING, GRANTED));
  await granted.secrets.set('counter', { name: 'KEY', value: 'sk-live-1234567890' });
  const live = { plugin: 'counter' };
  expect(await askTool(granted, 'store', live)).toBe('stored');
  await using harness = await granted.openHarness({ plugin: 'counter', version: '1.0.0' });
  for (const tool of ['store', 'find', 'fetch', 'publish', 'generate', 'ask']) {
    const outcome = await harness.run({ tool });
    expect({ tool, outcome }).toMatchObject({ outcome: { ok: false } });
    expect(JSON.stringify(outcome)).toContain('harness');
  }
  expect(JSON.stringify(await harness.run({ tool: 'secret' }))).not.toContain('KEY');
  expect(await askTool(granted, 'find', live)).toBe(1);
});

test('health, log, ledger and instances of the plugin that serves know nothing of a harness', async () => {
  await installCounter('1.0.0');
  const instance = async (): Promise<string | null> =>
    (await host.call({ plugin: 'counter', tool: 'next', params: { a: 1 } })).call.instance_id;
  const serving = await instance();
  const rows = async (): Promise<number> => (await storage.listCalls({ plugin: 'counter', rowsMax: 100 })).length;
  await expect.poll(rows).toBe(1);
  const before = { health: host.health('counter'), log: logTexts(host, 'counter') };
  await using harness = await harnessOf('1.0.0');
  for (let time = 0; time < 4; time += 1)
    expect(await harness.run({ tool: 'exit' })).toMatchObject({ error: { code: 'GUEST_EXITED' } });
  expect(await harness.run({ tool: 'shout' })).toMatchObject({ ok: true });
  expect(host.health('counter')).toMatchObject({ state: 'INITIALIZED', success_count: 1, error_count: 0 });
  expect(host.health('counter')?.breaker).toEqual(before.health?.breaker);
  expect(logTexts(host, 'counter')).toEqual(before.log);
  // A change of the catalogue looks at what instances were opened with.
  await host.tenants.create({ name: 'acme' });
  expect(await instance()).toBe(serving);
  await expect.poll(rows).toBe(2);
});

test('the limits are those of the release, where no others are asked for', async () => {
  const code = toolsSource({ hang: 'await new Promise(() => {})' });
  await host.install(await folders.write('counter', code, { limits: { timeout_ms: 150 } }));
  await using own = await harnessOf('1.0.0');
  await using shorter = await harnessOf('1.0.0', { limits: { timeout_ms: 60 } });
  expect(await own.run({ tool: 'hang' })).toMatchObject({ error: { kind: 'timeout', limit: { allowed: 150 } } });
  expect(await shorter.run({ tool: 'hang' })).toMatchObject({ error: { kind: 'timeout', limit: { allowed: 60 } } });
});

test('a plugin that wants a fresh guest for each call has one for each run', async () => {
  const code = `let calls = 0;\n${toolsSource({ count: 'return (calls += 1)' })}`;
  await host.install(await folders.write('counter', code, { sandbox: { scope: 'call' } }));
  await using harness = await harnessOf('1.0.0');
  for (let time = 0; time < 2; time += 1)
    expect(await harness.run({ tool: 'count' })).toMatchObject({ ok: true, value: 1 });
});

test('a closed harness of a release runs nothing and starts nothing', async () => {
  await installCounter('1.0.0');
  const harness = await harnessOf('1.0.0');
  await harness.close();
  expect(await harness.run({ tool: 'next', params: { a: 1 } })).toMatchObject({ error: { code: 'HOST_CLOSED' } });
  await expect(harness.tools()).rejects.toMatchObject({ code: 'HOST_CLOSED' });
});

const NOTES_MAIN = `import fs from 'node:fs';
import { serve } from './server.mjs';
serve({
  note: ({ text }) => fs.appendFileSync('notes', text),
  notes: () => (fs.existsSync('notes') ? fs.readFileSync('notes', 'utf8') : ''),
});`;
const NOTES_TOOLS = ['note', 'notes'].map((name) => ({
  name,
  mcp_name: name,
  description: name,
  parameters: { type: 'object' },
}));

async function writeServer(): Promise<string> {
  const dir = await folders.write('counter', NOTES_MAIN, {
    driver: 'stdio',
    main: 'main.mjs',
    mcp: { tools: NOTES_TOOLS },
  });
  await writeFile(join(dir, 'main.mjs'), NOTES_MAIN);
  await writeFile(join(dir, 'server.mjs'), MCP_SERVER);
  return dir;
}

test('an MCP server runs in a harness with a folder that goes with it', async () => {
  const dataDir = join(folders.root, 'data');
  await using confined = await openTestHost({ dataDir, tierMax: 'jail' });
  await confined.install(await writeServer());
  const release: HarnessOptions = { plugin: 'counter', version: '1.0.0' };
  await using harness = await confined.openHarness(release);
  expect((await harness.tools()).map(({ name }) => name)).toEqual(['note', 'notes']);
  expect(await harness.run({ tool: 'note', params: { text: 'judged' } })).toMatchObject({ ok: true });
  expect(await harness.run({ tool: 'notes' })).toMatchObject({ ok: true, value: { value: 'judged' } });
  expect(await readdir(join(dataDir, 'state')).catch(() => [])).toEqual([]);
  expect(await confined.call({ plugin: 'counter', tool: 'notes' })).toMatchObject({ ok: true, value: { value: '' } });
});

test('a release that needs a stronger sandbox than there is has no harness', async () => {
  await host.install(await folders.write('counter', counterSource('1.0.0'), { sandbox: { min_tier: 'confined' } }));
  await expect(harnessOf('1.0.0')).rejects.toMatchObject({ code: 'SANDBOX_TOO_WEAK' });
});
