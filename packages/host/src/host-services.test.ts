import type { Outcome } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { createFailingStorage } from './storage/failing.ts';
import { createMemoryStorage } from './storage/memory.ts';

let folders: PluginFolders;
let host: Host;

/** Runs what it is given on its memory, and answers what came of it, or the error that was thrown. */
const NOTES = toolsSource({
  store: 'return caught(() => context.memory.store(params.content, params.facts));',
  query: 'return caught(() => context.memory.query(params.text, params.wanted));',
  get: 'return caught(async () => (await context.memory.get(params.id, params.of)) ?? "nothing");',
  related: 'return caught(() => context.memory.related(params.id, params.wanted));',
  summarize: 'return caught(() => context.memory.summarize(params.ids));',
  remove: 'return caught(() => context.memory.remove(params.id));',
  ask: 'return caught(() => context.memory.query("", { limit: params.limit }));',
});
const CAUGHT = `async function caught(run: () => Promise<any>) {
  try { return await run(); } catch (error: any) { return { code: error.code, kind: error.kind, message: error.message, name: error.name }; }
}\n`;

beforeAll(async () => {
  folders = await createPluginFolders();
  await folders.write('notes', CAUGHT + NOTES);
  const reads = { required_permissions: ['memory.read:notes'] };
  await folders.write('reader', CAUGHT + NOTES, reads);
  host = await openHost();
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

async function openHost(options: HostOptions = {}, names = ['notes', 'reader']): Promise<Host> {
  const opened = await openTestHost(options);
  for (const name of names) await opened.install(`${folders.root}/${name}`, { grant: ['memory.read:notes'] });
  return opened;
}

type At = { readonly tenant?: string; readonly plugin?: string; readonly on?: Host };

/** What the tool answered, or the code that the call ended with. */
async function ask<Value = unknown>(tool: string, params: object, at: At = {}): Promise<Value> {
  const { tenant = 'default', plugin = 'notes', on = host } = at;
  const outcome = await on.call({ plugin, tool, params, tenant });
  return (outcome.ok ? outcome.value : { outcome: outcome.error }) as Value; // Each test says what it expects.
}

type Found = readonly { readonly content: unknown }[];

const NO_ID = '00000000-0000-7000-8000-000000000000';

const contentsOf = (artifacts: Found): readonly unknown[] => artifacts.map(({ content }) => content);

test('what a plugin stores it finds again, with what it said of it [F004-2][F004-23][X004-6]', async () => {
  const facts = { source: 'radio', tags: ['weather', 'Süd'], confidence: 0.5 };
  const id = await ask('store', { content: { text: 'Regen in Zürich' }, facts }, { tenant: 'finder' });
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const [found] = await ask<Found>('query', { text: 'zürich REGEN' }, { tenant: 'finder' });
  expect(found).toEqual({
    id,
    content: { text: 'Regen in Zürich' },
    source: 'radio',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    tags: ['weather', 'Süd'],
    confidence: 0.5,
    related_artifacts: [],
  });
  expect(await ask('get', { id }, { tenant: 'finder' })).toEqual(found);
});

test('a query asks for words, tags, source and confidence; text is compared in any case [decision 12][X004-6]', async () => {
  const at = { tenant: 'searcher' };
  await ask('store', { content: 'The ＣＡＦÉ is open', facts: { tags: ['food'] } }, at);
  await ask(
    'store',
    { content: 'A closed bar', facts: { tags: ['food', 'night'], confidence: 0.2, source: 'guide' } },
    at,
  );
  const found = async (text: string, wanted = {}): Promise<readonly unknown[]> =>
    contentsOf(await ask('query', { text, wanted }, at));
  expect(await found('café')).toEqual(['The ＣＡＦÉ is open']);
  expect(await found('OPEN the')).toEqual(['The ＣＡＦÉ is open']);
  expect(await found('night')).toEqual(['A closed bar']);
  expect(await found('', { tags: ['food'] })).toEqual(['A closed bar', 'The ＣＡＦÉ is open']);
  expect(await found('', { tags: ['food', 'night'], source: 'guide' })).toEqual(['A closed bar']);
  expect(await found('', { minConfidence: 0.5 })).toEqual(['The ＣＡＦÉ is open']);
  expect(await found('', { limit: 1 })).toEqual(['A closed bar']);
});

test('all of a memory is read in parts, each before the last artifact of the one before it', async () => {
  const at = { tenant: 'reader-on' };
  for (const content of [1, 2, 3, 4, 5]) await ask('store', { content }, at);
  const read: unknown[] = [];
  let part = await ask<Found>('query', { wanted: { limit: 2 } }, at);
  while (part.length > 0) {
    read.push(...contentsOf(part));
    part = await ask<Found>('query', { wanted: { limit: 2, before: part.at(-1) } }, at);
  }
  expect(read).toEqual([5, 4, 3, 2, 1]);
});

test('relations are followed to a depth, nearest first, and circles end [X004-6]', async () => {
  const at = { tenant: 'relater' };
  const last = await ask<string>('store', { content: 'last' }, at);
  const middle = await ask<string>('store', { content: 'middle', facts: { related: [last] } }, at);
  const first = await ask<string>('store', { content: 'first', facts: { related: [middle] } }, at);
  const circle = await ask<string>('store', { content: 'circle', facts: { related: [first] } }, at);
  const related = async (id: string, maxDepth?: number): Promise<readonly unknown[]> =>
    contentsOf(await ask('related', { id, wanted: { ...(maxDepth !== undefined && { maxDepth }) } }, at));
  expect(await related(first, 1)).toEqual(['middle']);
  expect(await related(first)).toEqual(['middle', 'last']);
  expect(await related(circle, 8)).toEqual(['first', 'middle', 'last']);
  expect(await related(last)).toEqual([]);
});

test('a summary tells what artifacts have in common [X004-6]', async () => {
  const at = { tenant: 'summarizer' };
  const ids = [
    await ask('store', { content: 'It  rained.\nA lot.', facts: { tags: ['rain'], confidence: 0.4, source: 'b' } }, at),
    await ask('store', { content: { n: 1 }, facts: { tags: ['sun', 'rain'], source: 'a' } }, at),
  ];
  expect(await ask('summarize', { ids: [...ids, NO_ID] }, at)).toEqual({
    summary: 'a: {"n":1}\nb: It rained. A lot.',
    count: 2,
    confidence: 0.7,
    sources: ['a', 'b'],
    tags: ['rain', 'sun'],
    from: expect.any(String),
    to: expect.any(String),
  });
  expect(await ask('summarize', { ids: [] }, at)).toMatchObject({ count: 0, confidence: 0, from: null });
});

test('what is removed is gone, and removing it again says so', async () => {
  const id = await ask('store', { content: 1 }, { tenant: 'remover' });
  expect(await ask('remove', { id }, { tenant: 'remover' })).toBe(true);
  expect(await ask('remove', { id }, { tenant: 'remover' })).toBe(false);
  expect(await ask('get', { id }, { tenant: 'remover' })).toBe('nothing');
});

test('no tenant’s memory is another’s, and no plugin’s is another’s without the permission to read it', async () => {
  const id = await ask('store', { content: 'of acme' }, { tenant: 'acme' });
  expect(await ask('query', { text: '' }, { tenant: 'other' })).toEqual([]);
  expect(await ask('get', { id }, { tenant: 'other' })).toBe('nothing');
  expect(await ask('query', { text: '' }, { tenant: 'acme', plugin: 'reader' })).toEqual([]);
  const wanted = { plugin: 'notes' };
  const read = await ask<Found>('query', { text: '', wanted }, { tenant: 'acme', plugin: 'reader' });
  expect(contentsOf(read)).toEqual(['of acme']);
  expect(await ask('query', { text: '', wanted: { plugin: 'reader' } }, { tenant: 'acme' })).toEqual({
    code: 'PERMISSION_NOT_GRANTED',
    kind: 'denied',
    name: 'ServiceError',
    message: expect.stringContaining('"memory.read:reader"'),
  });
});

test.each([
  ['a confidence of 2', 'store', { content: 1, facts: { confidence: 2 } }, 'memory.store: "/confidence" must be <= 1'],
  ['a place that is none', 'query', { wanted: { before: { timestamp: 'soon', id: 'x' } } }, '"/before/'],
  [
    'a moment of no calendar',
    'query',
    { wanted: { before: { timestamp: '2026-02-31T25:00:00.000Z', id: NO_ID } } },
    'before.timestamp',
  ],
  ['no content', 'store', {}, "must have required property 'content'"],
  ['an unknown fact', 'store', { content: 1, facts: { weight: 1 } }, '"weight"'],
  ['an id that is none', 'get', { id: '../x' }, '"/id" must match pattern'],
  ['a limit of 101', 'ask', { limit: 101 }, '"/limit" must be <= 100'],
  [
    'content of more than 64 KiB',
    'store',
    { content: 'x'.repeat(65_536) },
    'content has 65538 bytes of JSON; at most 65536',
  ],
])('the host refuses %s, and says what is wrong', async (_what, tool, params, message) => {
  expect(await ask(tool, params)).toMatchObject({
    code: 'SERVICE_ASK_INVALID',
    kind: 'invalid_input',
    message: expect.stringContaining(message),
  });
});

test('a storage that is away is told to the plugin, whose call goes on', async () => {
  const storage = createFailingStorage(createMemoryStorage());
  await using other = await openHost({ storage }, ['notes']);
  await ask('query', { text: '' }, { on: other });
  storage.fail();
  expect(await ask('store', { content: 1 }, { on: other })).toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    kind: 'unavailable',
  });
  storage.mend();
  expect(await other.metrics()).toContain('service_asks_total{service="memory",code="STORAGE_UNAVAILABLE"} 1');
});

test('what a release stores while it is tried is its own, and gone afterwards', async () => {
  const code = `let held: unknown;
    export default {
      async onLoad(context: any) {
        const id = await context.memory.store('at load');
        held = [(await context.memory.get(id)).content, (await context.memory.query('')).length];
      },
      tools: [{ name: 'held', description: 'Held.', parameters: { type: 'object' }, execute: () => held }],
    };`;
  await using other = await openTestHost();
  await other.install(await folders.write('loader', code));
  expect(await ask('held', {}, { plugin: 'loader', on: other })).toEqual(['at load', 1]);
});

test('an instance that serves every tenant remembers for the tenant of the call, and outside of calls for nobody', async () => {
  const code = `${CAUGHT}let atLoad: unknown;
    export default {
      async onLoad(context: any) { atLoad = await caught(() => context.memory.query('')); },
      tools: [
        { name: 'store', description: 'S', parameters: {}, execute: ({ content }: any, context: any) => context.memory.store(content) },
        { name: 'query', description: 'Q', parameters: {}, execute: (_: any, context: any) => context.memory.query('') },
        { name: 'load', description: 'L', parameters: {}, execute: () => atLoad },
      ],
    };`;
  await using other = await openTestHost({ sharedPlugins: ['pool'] });
  await other.install(await folders.write('pool', code, { sandbox: { scope: 'shared' } }));
  const at = (tenant: string): object => ({ plugin: 'pool', on: other, tenant });
  await ask('store', { content: 'of acme' }, at('acme'));
  expect(contentsOf(await ask('query', {}, at('acme')))).toEqual(['of acme']);
  expect(await ask('query', {}, at('other'))).toEqual([]);
  expect(await ask('load', {}, at('other'))).toMatchObject({
    code: 'SERVICE_ASK_INVALID',
    message: expect.stringContaining('outside of a call'),
  });
});

const CALLER = (callee: string): string =>
  CAUGHT +
  toolsSource({
    go: `return caught(() => context.callTool('${callee}', params.tool ?? 'go', params.params, params.options));`,
    double: 'return 2 * params.n;',
    fail: 'throw new Error("no such number");',
    slow: 'await new Promise((resolve) => setTimeout(resolve, 10_000)); return "late";',
    whose: 'return context.tenantId;',
  });

test('a plugin calls another’s tool by permission, for the same tenant, as any call is made', async () => {
  await using other = await openTestHost();
  await other.install(await folders.write('callee', CALLER('caller'), { required_permissions: ['call:caller'] }), {
    grant: ['call:caller'],
  });
  await other.install(await folders.write('caller', CALLER('callee'), { required_permissions: ['call:callee'] }), {
    grant: ['call:callee'],
  });
  const go = (params: object): Promise<unknown> => ask('go', params, { plugin: 'caller', on: other, tenant: 'acme' });
  expect(await go({ tool: 'double', params: { n: 21 } })).toBe(42);
  expect(await go({ tool: 'whose' })).toBe('acme');
  expect(await go({ tool: 'fail' })).toMatchObject({
    code: 'PLUGIN_THREW',
    kind: 'tool_error',
    message: 'Error: no such number',
  });
  expect(await go({ tool: 'nothing' })).toMatchObject({ code: 'TOOL_NOT_FOUND', kind: 'not_found' });
  expect(await go({ tool: 'slow', options: { timeoutMs: 50 } })).toMatchObject({
    code: 'CALL_TIMEOUT',
    kind: 'timeout',
  });
  expect(await go({ tool: 'go', params: { tool: 'double' } })).toMatchObject({
    code: 'CALL_CIRCULAR',
    kind: 'denied',
    message: 'plugins call in a circle: caller -> callee -> caller',
  });
  expect(other.health('callee')).toMatchObject({ success_count: 3, error_count: 2 });
});

test('an instance has so many asks in flight at once, and those beyond are refused at once', async () => {
  await using other = await openTestHost();
  const many = `const asked = Array.from({ length: 70 }, () => caught(() => context.callTool('callee', 'slow', {}, { timeoutMs: 1500 })));
    const codes = (await Promise.all(asked)).map((each: any) => each.code);
    return codes.filter((code: string) => code === 'HOST_OVERLOADED').length;`;
  await other.install(`${folders.root}/callee`, { grant: ['call:caller'] });
  const wide = await folders.write('wide', CAUGHT + toolsSource({ many }), { required_permissions: ['call:callee'] });
  await other.install(wide, { grant: ['call:callee'] });
  expect(await ask('many', {}, { plugin: 'wide', on: other })).toBe(6);
});

test('a call that a plugin makes ends with the call that it is made for', async () => {
  await using other = await openTestHost();
  await other.install(`${folders.root}/callee`, { grant: ['call:caller'] });
  await other.install(`${folders.root}/caller`, { grant: ['call:callee'] });
  const request = { plugin: 'caller', tool: 'go', params: { tool: 'slow' } };
  const late = await other.call({ ...request, timeoutMs: 400 });
  expect(late).toMatchObject({ ok: false, error: { code: 'CALL_TIMEOUT' } });
  await expect.poll(() => other.health('callee')?.state).not.toBe('RUNNING');
});

test('scopes that the caller’s token lacks are lacking for what a plugin calls, too', async () => {
  await using other = await openTestHost();
  const scoped = `export default { tools: [{ name: 'go', description: 'Go', parameters: {}, requiredPermissions: ['vault:open'], execute: () => 'open' }] };`;
  await other.install(await folders.write('vault', scoped));
  await other.install(await folders.write('opener', CALLER('vault'), { required_permissions: ['call:vault'] }), {
    grant: ['call:vault'],
  });
  const request = { plugin: 'opener', tool: 'go' };
  expect(await other.call({ ...request, scopes: ['vault:open'] })).toMatchObject({ value: 'open' });
  expect(await other.call({ ...request, scopes: [] })).toMatchObject({
    value: { code: 'SCOPE_MISSING', kind: 'denied' },
  });
});

test('a chain of calls has an end, and without the permission none is made', async () => {
  await using other = await openTestHost();
  const names = Array.from({ length: 9 }, (_, index) => `link${index}`);
  for (const [index, name] of names.entries()) {
    const next = `link${index + 1}`;
    const code = CAUGHT + toolsSource({ go: `return caught(() => context.callTool('${next}', 'go'));` });
    const permissions = { required_permissions: [`call:${next}`] };
    await other.install(await folders.write(name, code, permissions), { grant: [`call:${next}`] });
  }
  expect(await other.call({ plugin: 'link0', tool: 'go' })).toMatchObject({
    ok: true,
    value: { code: 'CALL_TOO_DEEP', kind: 'denied', message: expect.stringContaining('link0 -> link1 -> ') },
  });
  await other.install(await folders.write('denied', toolsSource({ go: "return context.callTool('link0', 'go');" })));
  expect(await other.call({ plugin: 'denied', tool: 'go' })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('"call:link0"') },
  });
});

test('a hook cannot call tools', async () => {
  await using other = await openTestHost();
  const code = `export default { hooks: { async before_tool_call(data: any, context: any) {
    try { await context.callTool('echo', 'say'); } catch (error: any) { return { ...data, params: { said: error.message } }; }
  } } };`;
  const manifest = { hooks: ['before_tool_call'], required_permissions: ['call:echo'] };
  await other.install(await folders.write('hooker', code, manifest), { grant: ['call:echo'] });
  await other.install(await folders.write('echo', toolsSource({ say: 'return params;' })));
  const outcome: Outcome = await other.call({ plugin: 'echo', tool: 'say' });
  expect(outcome).toMatchObject({ value: { said: 'a hook cannot call tools' } });
});
