import type { PluginEvent } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createPluginFolders, toolsSource, type PluginFolders } from './host.fixture.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import type { HostParts } from './host/open-parts.ts';

// Each start of a host and of a guest takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folders: PluginFolders;
/** Plain plugins, which most tests use, each for a tenant of its own. */
let plain: Opened;

/** What was thrown, as data. */
const CAUGHT = `async function caught(run: () => Promise<any>) {
  try { return await run(); } catch (error: any) { return { code: error.code, kind: error.kind, message: error.message }; }
}\n`;

/** Publishes what it is told, hears what it is told, and shows what it heard. */
const TOOLS = {
  publish: 'return caught(() => context.events.publish(params.type, params.data));',
  listen: `return caught(async () => { ends.push(await context.events.subscribe(params.pattern, (event: any) => handle(event, context))); return ends.length; });`,
  stop: 'for (const end of ends.splice(0)) end(); return "stopped";',
  heard: 'return heard;',
  store: 'return caught(() => context.memory.store(params.content, { tags: params.tags }));',
  call: 'return caught(() => context.callTool(params.plugin, params.tool, params.params));',
  die: 'setTimeout(() => { throw new Error("gone"); }); return new Promise(() => undefined);',
};
const KEEP = 'heard.push(event);';

function pluginSource(handle: string = KEEP): string {
  return `${CAUGHT}const heard: any[] = [];\nconst ends: (() => void)[] = [];
    async function handle(event: any, context: any): Promise<void> { ${handle} }\n${toolsSource(TOOLS)}`;
}

beforeAll(async () => {
  folders = await createPluginFolders();
  const reads = ['events', 'memory.read:notes'];
  plain = await openWith({ shop: {}, audit: {}, notes: {}, reader: { grant: reads }, denied: { grant: [] } });
});
afterAll(async () => {
  await plain.host.close();
  await folders[Symbol.asyncDispose]();
});

type Opened = { readonly host: Host; readonly parts: HostParts; readonly tenant: string };
type Folder = { readonly handle?: string; readonly grant?: readonly string[]; readonly manifest?: object };
type Folders = Readonly<Record<string, Folder>>;

/** A host with these plugins, each granted what it asks for. */
async function openWith(plugins: Folders, options: HostOptions = {}): Promise<Opened> {
  const opened = await openHost(resolveSettings({ spareCount: 0, tierMax: 'process', ...options }));
  for (const [name, { handle, grant = ['events'], manifest }] of Object.entries(plugins)) {
    const asks = { required_permissions: [...grant], ...manifest };
    await opened.host.install(await folders.write(name, pluginSource(handle), asks), { grant });
  }
  return { ...opened, tenant: 'default' };
}

/** The same for one test alone. */
async function open(plugins: Folders, options: HostOptions = {}): Promise<Opened> {
  const opened = await openWith(plugins, options);
  onTestFinished(() => opened.host.close());
  return opened;
}

type At = { readonly tenant?: string };

async function ask<Value = unknown>(
  opened: Opened,
  [plugin, tool]: readonly [string, string],
  params = {},
  at: At = {},
): Promise<Value> {
  const outcome = await opened.host.call({ plugin, tool, params, tenant: at.tenant ?? opened.tenant });
  return (outcome.ok ? outcome.value : { outcome: outcome.error }) as Value; // Each test says what it expects.
}

const heardBy = (opened: Opened, plugin: string, at: At = {}): Promise<readonly PluginEvent[]> =>
  ask(opened, [plugin, 'heard'], {}, at);
const dataHeardBy = async (opened: Opened, plugin: string, at: At = {}): Promise<readonly unknown[]> =>
  (await heardBy(opened, plugin, at)).map(({ data }) => data);
const listen = (opened: Opened, plugin: string, pattern: string, at: At = {}): Promise<unknown> =>
  ask(opened, [plugin, 'listen'], { pattern }, at);
const publish = (
  opened: Opened,
  plugin: string,
  [type, data]: readonly [string, unknown?],
  at: At = {},
): Promise<unknown> => ask(opened, [plugin, 'publish'], { type, data }, at);
/** All that was published before has been heard when this has. */
async function settle(opened: Opened, by: string, hearer: string, at: At = {}): Promise<void> {
  await publish(opened, by, ['test.settled'], at);
  await expect.poll(async () => (await heardBy(opened, hearer, at)).map(({ type }) => type)).toContain('test.settled');
}

test('a plugin hears what another of its tenant publishes, by exact type and by pattern [F004-4]', async () => {
  const opened = { ...plain, tenant: 'hears' };
  expect(await listen(opened, 'audit', 'order.paid')).toBe(1);
  expect(await listen(opened, 'audit', 'order.**')).toBe(2);
  expect(await listen(opened, 'audit', 'test.*')).toBe(3);
  const id = await publish(opened, 'shop', ['order.paid', { amount: 3 }]);
  await publish(opened, 'shop', ['order.sent.late']);
  await publish(opened, 'shop', ['bill.paid']);
  await settle(opened, 'shop', 'audit');
  const [first, second, ...rest] = await heardBy(opened, 'audit');
  expect(first).toEqual({
    id,
    type: 'order.paid',
    source: 'shop',
    tenant_id: 'hears',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    data: { amount: 3 },
  });
  expect(second).toEqual(first);
  expect(rest.map(({ type, data }) => [type, data])).toEqual([
    ['order.sent.late', null],
    ['test.settled', null],
  ]);
});

test('events stay within their tenant, in either direction [F004-4]', async () => {
  const opened = plain;
  for (const tenant of ['acme', 'other']) await listen(opened, 'audit', '**', { tenant });
  await publish(opened, 'shop', ['order.paid', 'of acme'], { tenant: 'acme' });
  await publish(opened, 'shop', ['order.paid', 'of other'], { tenant: 'other' });
  for (const tenant of ['acme', 'other']) {
    await settle(opened, 'shop', 'audit', { tenant });
    expect((await dataHeardBy(opened, 'audit', { tenant })).filter((data) => typeof data === 'string')).toEqual([
      `of ${tenant}`,
    ]);
  }
});

test('a plugin hears its own events', async () => {
  const opened = { ...plain, tenant: 'own' };
  await listen(opened, 'shop', 'order.*');
  await publish(opened, 'shop', ['order.paid', 1]);
  await expect.poll(() => dataHeardBy(opened, 'shop')).toEqual([1]);
});

test('without the permission nothing is published and nothing heard, also where it is taken back', async () => {
  const opened = await open({ shop: {}, audit: {}, denied: { grant: [] } });
  const refusal = { code: 'PERMISSION_NOT_GRANTED', kind: 'denied', message: expect.stringContaining('"events"') };
  expect(await publish(opened, 'denied', ['order.paid'])).toMatchObject(refusal);
  expect(await listen(opened, 'denied', '**')).toMatchObject(refusal);
  await listen(opened, 'audit', 'order.*');
  await publish(opened, 'shop', ['order.paid', 'before']);
  await expect.poll(() => dataHeardBy(opened, 'audit')).toEqual(['before']);
  await opened.host.registrations.enable('audit', { tenant: 'default', grant: [] });
  await expect.poll(() => opened.parts.events.counts().hearing).toBe(0);
  expect(await listen(opened, 'audit', '**')).toMatchObject({ outcome: { code: 'PERMISSION_NOT_GRANTED' } });
});

test.each([
  ['a type of the host', 'publish', { type: 'memory.stored' }, 'would pass for an event of the host'],
  ['a type that is none', 'publish', { type: 'Order paid' }, '"/type" must match pattern'],
  ['no type', 'publish', {}, "must have required property 'type'"],
  [
    'data of more than 16 KiB',
    'publish',
    { type: 'a.b', data: 'x'.repeat(16_383) },
    'data has 16385 bytes of JSON; at most 16384',
  ],
  ['a pattern that is none', 'listen', { pattern: '**.paid' }, '"/pattern" must match pattern'],
])('the host refuses %s, and says what is wrong', async (_what, tool, params, message) => {
  const opened = { ...plain, tenant: 'refused' };
  expect(await ask(opened, ['shop', tool], params)).toMatchObject({
    code: 'SERVICE_ASK_INVALID',
    kind: 'invalid_input',
    message: expect.stringContaining(message),
  });
});

test('an instance has 64 subscriptions, and room again where one has ended', async () => {
  const opened = { ...plain, tenant: 'many' };
  for (let count = 1; count <= 64; count += 1) expect(await listen(opened, 'audit', 'order.*')).toBe(count);
  expect(await listen(opened, 'audit', 'order.*')).toMatchObject({ code: 'SERVICE_QUOTA_EXCEEDED' });
  await publish(opened, 'audit', ['order.paid']);
  await expect.poll(async () => (await heardBy(opened, 'audit')).length).toBe(64);
  await ask(opened, ['audit', 'stop']);
  await expect.poll(() => listen(opened, 'audit', 'test.*')).toBe(1);
  await settle(opened, 'audit', 'audit');
  expect(await heardBy(opened, 'audit')).toHaveLength(65);
});

test('a handler that throws is told in its plugin’s log, has handled the event, and keeps nobody from hearing', async () => {
  const opened = await open({
    shop: {},
    clumsy: { handle: 'heard.push(event); throw new Error(`no ${event.data}`);' },
    audit: {},
  });
  for (const plugin of ['clumsy', 'audit']) await listen(opened, plugin, 'order.*');
  for (let number = 1; number <= 40; number += 1) await publish(opened, 'shop', ['order.paid', number]);
  const all = Array.from({ length: 40 }, (_, index) => index + 1);
  await expect.poll(() => dataHeardBy(opened, 'clumsy')).toEqual(all);
  await expect.poll(() => dataHeardBy(opened, 'audit')).toEqual(all);
  const lines = opened.host.logs.read('clumsy', { tenant: 'default', linesMax: 100 }).lines.map(({ text }) => text);
  expect(lines).toContain('a handler of the event "order.paid" failed: no 7');
  expect(opened.host.health('clumsy')).toMatchObject({ error_count: 0 });
});

test('a hearer that hangs loses its oldest events, which its log says once, and nobody else loses any', async () => {
  const opened = await open({
    shop: {},
    slow: { handle: 'heard.push(event); await new Promise(() => undefined);' },
    audit: {},
  });
  for (const plugin of ['slow', 'audit']) await listen(opened, plugin, 'order.*');
  for (let number = 1; number <= 300; number += 1) await publish(opened, 'shop', ['order.paid', number]);
  await expect.poll(async () => (await heardBy(opened, 'audit')).length).toBe(300);
  expect(await dataHeardBy(opened, 'slow')).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
  const lines = opened.host.logs.read('slow', { tenant: 'default', linesMax: 100 }).lines;
  expect(lines.filter(({ text }) => text.includes('too slow for its events'))).toMatchObject([
    { source: 'host', level: 'warn' },
  ]);
  expect(await opened.host.metrics()).toMatch(/plugin_events_total\{outcome="dropped"\} 28\n/);
});

test('subscriptions end with their instance, whatever ends it, and nothing of them is left', async () => {
  const opened = await open({ shop: {}, audit: {} });
  const hearing = (): number => opened.parts.events.counts().hearing;
  for (const tenant of ['acme', 'default']) await listen(opened, 'audit', '**', { tenant });
  expect(hearing()).toBe(2);
  await ask(opened, ['audit', 'die']);
  await expect.poll(hearing).toBe(1);
  expect(await heardBy(opened, 'audit')).toEqual([]); // A new instance, which has subscribed to nothing.
  await opened.host.renew('audit', 'acme');
  await expect.poll(hearing).toBe(0);
  await listen(opened, 'audit', '**');
  await opened.host.close();
  expect(opened.parts.events.counts()).toEqual({ connected: 0, hearing: 0 });
});

test('what subscribes in onLoad hears without a call; a trial tells nothing and hears nothing, and passes', async () => {
  const opened = await open({ shop: {}, audit: {} });
  await listen(opened, 'audit', '**');
  const code = `const heard: any[] = []; let told: unknown;
    export default {
      async onLoad({ events }: any) {
        await events.subscribe('order.*', (event: any) => heard.push(event.data));
        told = await events.publish('loader.loaded');
      },
      tools: [{ name: 'heard', description: 'H', parameters: {}, execute: () => heard }, { name: 'told', description: 'T', parameters: {}, execute: () => told }],
    };`;
  const dir = await folders.write('loader', code, { required_permissions: ['events'] });
  expect(await opened.host.install(dir, { tenant: 'default', grant: ['events'] })).toMatchObject({
    state: 'INITIALIZED',
  });
  const loaded = async (): Promise<number> =>
    (await heardBy(opened, 'audit')).filter(({ type }) => type === 'loader.loaded').length;
  await expect.poll(loaded).toBe(1); // Of the instance that is kept; the trial was before.
  await publish(opened, 'shop', ['order.paid', 1]);
  await expect.poll(() => ask(opened, ['loader', 'heard'])).toEqual([1]);
  expect(await ask(opened, ['loader', 'told'])).toMatch(/^[0-9a-f-]{36}$/);
  expect(await loaded()).toBe(1);
});

test('an instance that serves every tenant publishes for the tenant of its call, and hears nothing', async () => {
  const shared = { manifest: { sandbox: { scope: 'shared' } } };
  const opened = await open({ pool: shared, audit: {} }, { sharedPlugins: ['pool'] });
  for (const tenant of ['acme', 'other']) await listen(opened, 'audit', '**', { tenant });
  await publish(opened, 'pool', ['order.paid', 'of acme'], { tenant: 'acme' });
  await expect.poll(() => dataHeardBy(opened, 'audit', { tenant: 'acme' })).toEqual(['of acme']);
  await publish(opened, 'pool', ['order.paid', 'of other'], { tenant: 'other' });
  await expect.poll(() => dataHeardBy(opened, 'audit', { tenant: 'other' })).toEqual(['of other']);
  expect(await listen(opened, 'pool', '**', { tenant: 'acme' })).toMatchObject({
    code: 'SERVICE_ASK_INVALID',
    message: expect.stringContaining('serves every tenant'),
  });
});

test('events that lead to one another end after eight in a row', async () => {
  const pong =
    'heard.push(event.data); const told = await caught(() => context.events.publish("ping.pong", event.data + 1)); if (told.code) heard.push(told.code);';
  const opened = await open({ ping: { handle: pong }, pong: {} });
  await listen(opened, 'ping', 'ping.*');
  await listen(opened, 'pong', 'ping.*');
  await publish(opened, 'ping', ['ping.pong', 1]);
  await expect.poll(() => ask(opened, ['ping', 'heard'])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'EVENT_TOO_DEEP']);
  expect(await dataHeardBy(opened, 'pong')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a row of events goes on through the tools that a handler calls, and ends after as many', async () => {
  const handle = `heard.push(event.data);
    const told = await context.callTool("relay", "publish", { type: "ping.pong", data: event.data + 1 });
    if (told.code) heard.push(told.code);`;
  const opened = await open({ leader: { handle, grant: ['events', 'call:relay'] }, relay: {} });
  await listen(opened, 'leader', 'ping.*');
  await publish(opened, 'relay', ['ping.pong', 1]);
  await expect
    .poll(() => ask(opened, ['leader', 'heard']), { timeout: 10_000 })
    .toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'EVENT_TOO_DEEP']);
});

test('it goes on through a tool that this tool calls, and through what that stores', async () => {
  const handle = `heard.push(event.id);
    await context.callTool("first", "call", { plugin: "notes", tool: "store", params: { content: event.id } });`;
  const opened = await open({
    leader: { handle, grant: ['events', 'call:first', 'memory.read:notes'] },
    first: { grant: ['call:notes'] },
    notes: { grant: [] },
  });
  await listen(opened, 'leader', 'memory.stored');
  await ask(opened, ['notes', 'store'], { content: 'first' });
  const count = () => ask<readonly unknown[]>(opened, ['leader', 'heard']).then((heard) => heard.length);
  await expect.poll(count, { timeout: 10_000 }).toBe(8);
  await expect.poll(() => opened.host.health('notes')?.success_count).toBe(9);
  expect(await count()).toBe(8);
});

test('it goes on through the hooks of a call that a handler makes', async () => {
  const handle = 'heard.push(event.id); await context.callTool("relay", "heard");';
  const opened = await open({ leader: { handle, grant: ['events', 'call:relay'] }, relay: { grant: [] } });
  const hook = `async before_tool_call(data: any, context: any) {
    if (data.plugin === 'relay') await context.events.publish('relay.seen', {});
    return data;
  }`;
  const watching = `export default { hooks: { ${hook} } };`;
  const asks = { required_permissions: ['events'], hooks: ['before_tool_call'] };
  await opened.host.install(await folders.write('watcher', watching, asks), { grant: ['events'] });
  await listen(opened, 'leader', 'relay.seen');
  await ask(opened, ['relay', 'heard']);
  const count = () => ask<readonly unknown[]>(opened, ['leader', 'heard']).then((heard) => heard.length);
  await expect.poll(count, { timeout: 10_000 }).toBe(8);
  await expect.poll(() => opened.host.health('relay')?.success_count).toBe(9);
  expect(await count()).toBe(8);
});

test('of what is stored in memory the owner hears, and whoever may read it', async () => {
  const opened = { ...plain, tenant: 'stored' };
  for (const plugin of ['notes', 'reader', 'audit']) await listen(opened, plugin, 'memory.*');
  await listen(opened, 'audit', 'test.*');
  const id = await ask(opened, ['notes', 'store'], { content: 'secret', tags: ['weather'] });
  const stored = {
    type: 'memory.stored',
    source: 'host',
    tenant_id: 'stored',
    data: { plugin: 'notes', id, tags: ['weather'] },
  };
  await expect.poll(() => heardBy(opened, 'notes')).toMatchObject([stored]);
  await expect.poll(() => heardBy(opened, 'reader')).toMatchObject([stored]);
  await settle(opened, 'notes', 'audit');
  expect((await heardBy(opened, 'audit')).map(({ type }) => type)).toEqual(['test.settled']);
});

test('a memory that answers what was stored by storing more comes to an end', async () => {
  const handle = 'heard.push(event.id); await context.memory.store(event.id);';
  const opened = await open({ notes: { handle } });
  await listen(opened, 'notes', 'memory.stored');
  await ask(opened, ['notes', 'store'], { content: 'first' });
  await expect.poll(() => ask<readonly unknown[]>(opened, ['notes', 'heard']).then((heard) => heard.length)).toBe(8);
});

test('of a call that a caller made those hear who want to: which tool, how it ended, never what with', async () => {
  const opened = { ...plain, tenant: 'called' };
  await listen(opened, 'audit', 'tool.called');
  await ask(opened, ['shop', 'store'], { content: 'secret' });
  await ask(opened, ['shop', 'nothing']);
  await ask(opened, ['absent', 'nothing']);
  await ask(opened, ['shop', 'heard'], {}, { tenant: 'other' });
  await expect
    .poll(async () => (await dataHeardBy(opened, 'audit')).slice(1, 3))
    .toEqual([
      { plugin: 'shop', tool: 'store', outcome: 'ok', duration_ms: expect.any(Number) },
      { plugin: 'shop', tool: 'nothing', outcome: 'not_found', duration_ms: expect.any(Number) },
    ]);
  expect(JSON.stringify(await heardBy(opened, 'audit'))).not.toMatch(/secret|absent|other/);
});

test('a plugin that answers each call by a call hears of none that it made', async () => {
  const handle =
    'heard.push(event.data); if (event.data.plugin === "shop") await caught(() => context.callTool("shop", "heard"));';
  const opened = await open({ shop: {}, eager: { handle, grant: ['events', 'call:shop'] } });
  await listen(opened, 'eager', 'tool.called');
  await ask(opened, ['shop', 'heard']);
  await expect.poll(() => opened.host.health('shop')?.success_count).toBe(2);
  await ask(opened, ['shop', 'heard']);
  await expect.poll(() => opened.host.health('shop')?.success_count).toBe(4);
  const heard = await ask<readonly { plugin: string }[]>(opened, ['eager', 'heard']);
  const tools = heard.filter(({ plugin }) => plugin === 'shop');
  expect(tools).toHaveLength(2);
});

test('of a plugin’s states those hear who may know of it, with the code of the reason alone', async () => {
  const opened = { ...plain, tenant: 'states' };
  await listen(opened, 'audit', 'plugin.state_changed');
  await listen(opened, 'audit', 'plugin.state_changed', { tenant: 'states-2' });
  const failing = toolsSource({ fail: 'throw new Error("a secret of the tenant");' });
  await opened.host.install(await folders.write('failing', failing));
  await opened.host.call({ plugin: 'failing', tool: 'fail', tenant: 'states' });
  const failed = { plugin: 'failing', from: 'RUNNING', to: 'FAILED', reason_code: 'PLUGIN_THREW' };
  await expect.poll(() => dataHeardBy(opened, 'audit')).toContainEqual(failed);
  expect(await dataHeardBy(opened, 'audit')).toContainEqual({ plugin: 'failing', from: 'LOADED', to: 'INITIALIZED' });
  const elsewhere = await dataHeardBy(opened, 'audit', { tenant: 'states-2' });
  expect(elsewhere).not.toContainEqual(failed);
  expect(JSON.stringify([elsewhere, await heardBy(opened, 'audit')])).not.toContain('secret');
});

test('what a plugin publishes without end is held by the rate of its asks', async () => {
  const flood = `${CAUGHT}${toolsSource({
    flood: `const codes: Record<string, number> = {};
      for (let round = 0; round < 30; round += 1) {
        const told = await Promise.all(Array.from({ length: 60 }, () => caught(() => context.events.publish('flood.drop'))));
        for (const each of told) codes[each.code ?? 'ok'] = (codes[each.code ?? 'ok'] ?? 0) + 1;
      }
      return codes;`,
  })}`;
  await plain.host.install(await folders.write('flood', flood, { required_permissions: ['events'] }), {
    grant: ['events'],
  });
  const outcome = await plain.host.call({ plugin: 'flood', tool: 'flood' });
  expect(outcome).toMatchObject({ ok: true, value: { SERVICE_QUOTA_EXCEEDED: expect.any(Number) } });
});
