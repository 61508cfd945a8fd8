import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { EntryRequest } from './calls-api.ts';
import type { Host } from './host-api.ts';

let host: Host;
let folders: PluginFolders;

const CODE = `
export class Rust {
  KIND = 'execute';
  PROVIDES = ['cpu', 'rust'];
  dispatch(task: any) { return task.payload.lang === 'rust'; }
  handle(task: any, { tenantId }: any) {
    if (task.payload.lang === 'c') throw new TypeError('no C here');
    if (task.payload.lang === 'exit') process.abort();
    return { task_id: task.id, status: 'ok', data: { tenantId }, created_at: '2026-01-01T00:00:00Z', attempts: 1 };
  }
}
let made = 0;
export class Selector {
  #config: any;
  #gain = 0;
  constructor(config: any) { this.#config = config; made += 1; }
  select(db: any) { return db.islands[0].champion; }
  sampleInspirations(db: any, k: number) { return [String(made), this.#config.word, String(k)]; }
  feedback(gain: number) { this.#gain += gain; return this.#gain; }
}`;
const POINTS = {
  'bulkhead.task_handlers': { rust_exec: './main.ts#Rust' },
  parent_selectors: { first: './main.ts#Selector' },
};

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  const former = { task_handlers: { old_exec: { use: 'rust_exec', removed_in: '1.1.0' } } };
  const manifest = { entry_points: POINTS, deprecated_entry_points: former, config: { word: 'a' } };
  await host.install(await folders.write('kinds', CODE, manifest));
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const task = (lang: string) => ({ id: '0123456789abcdef', kind: 'execute', payload: { lang }, attempts: 0 });
const handle = (lang: string, more: object = {}) =>
  host.callEntry({
    plugin: 'kinds',
    group: 'task_handlers',
    name: 'rust_exec',
    method: 'handle',
    args: [task(lang)],
    ...more,
  });

test('an entry point is listed with what it says of itself, and needs no default export [F000-9] [F000-22]', () => {
  expect(host.entries()).toEqual([
    { plugin: 'kinds', group: 'parent_selectors', name: 'first', about: {} },
    {
      plugin: 'kinds',
      group: 'task_handlers',
      name: 'rust_exec',
      about: { kind: 'execute', provides: ['cpu', 'rust'] },
      former_names: ['old_exec'],
    },
  ]);
  expect(host.described('kinds')?.metadata).toMatchObject({ name: 'kinds', version: '1.0.0' });
});

test('a method of an entry point is a call like any other: in the sandbox, for its tenant, recorded, measured [F001-14] [F001-17] [F000-12] [F000-13]', async () => {
  const before = host.health('kinds')?.success_count ?? 0;
  expect(await handle('rust', { tenant: 'acme' })).toMatchObject({
    ok: true,
    value: { status: 'ok', data: { tenantId: 'acme' } },
    call: { target: 'task_handlers/rust_exec#handle', tier: 'process', tenant: 'acme' },
  });
  expect(host.health('kinds')).toMatchObject({ success_count: before + 1 });
  expect(await handle('c')).toMatchObject({
    ok: false,
    error: { kind: 'tool_error', code: 'PLUGIN_THREW', message: 'TypeError: no C here' },
  });
  const metrics = await host.metrics();
  expect(metrics).toContain('handler_duration_seconds_count{handler="kinds.rust_exec",status="ok"} 1');
  expect(metrics).toContain('handler_fail_total{handler="kinds.rust_exec",reason="PLUGIN_THREW"} 1');
});

test('a former name of an entry point leads to it, and the log warns [F000-34] [F000-35]', async () => {
  expect(await handle('rust', { name: 'old_exec' })).toMatchObject({ ok: true, value: { status: 'ok' } });
  const { lines } = host.logs.read('kinds', { tenant: 'default', linesMax: 100, isPlatform: true });
  expect(lines.map(({ text }) => text)).toContain(
    'the entry point of task_handlers "old_exec" is deprecated: use "rust_exec"; it goes in version 1.1.0',
  );
});

test('a handler that dies ends its own call', async () => {
  expect(await handle('exit')).toMatchObject({ ok: false, error: { kind: 'crashed' } });
  expect(await handle('rust')).toMatchObject({ ok: true });
});

test('a selector keeps what it learnt until its configuration changes, which makes a new one [F000-21]', async () => {
  const call = async (method: string, args: readonly unknown[]) => {
    const request = { plugin: 'kinds', group: 'bulkhead.parent_selectors', name: 'first', method, args } as const;
    const outcome = await host.callEntry({ ...request, tenant: 'learner' });
    return outcome.ok ? outcome.value : outcome.error;
  };
  await host.registrations.enable('kinds', { tenant: 'learner', config: { word: 'b' } });
  expect(await call('feedback', [0.5])).toBe(0.5);
  expect(await call('feedback', [0.5])).toBe(1);
  expect(await call('sampleInspirations', [{}, 3])).toEqual(['1', 'b', '3']);
  await host.registrations.configure('kinds', { word: 'c' }, { tenant: 'learner' });
  expect(await call('sampleInspirations', [{}, 3])).toEqual(['2', 'c', '3']);
  expect(await call('feedback', [0.5])).toBe(0.5);
  expect(await call('select', [{ islands: [{ champion: { id: 'x' } }] }])).toEqual({ id: 'x' });
});

test.for([
  [{ group: 'task_handlers', name: 'other', method: 'handle' }],
  [{ group: 'task_handlers', name: 'rust_exec', method: 'constructor' }],
  [{ group: 'tools' as 'executors', name: 'rust_exec', method: 'handle' }],
] as const)('what is not there never reaches the guest: %j', async ([request]) => {
  expect(await host.callEntry({ plugin: 'kinds', ...request })).toMatchObject({
    ok: false,
    error: { kind: 'not_found', message: expect.stringContaining('it has parent_selectors/first#select') },
  });
});

test('an entry point that lacks a method stops the plugin when it is loaded, with what it lacks', async () => {
  const code = 'export const monitor = { start() {}, record() {}, finalize() {} };';
  const points = { monitors: { short: './main.ts#monitor' } };
  const { state, reason } = await host.install(await folders.write('short', code, { entry_points: points }));
  expect(state).toBe('FAILED');
  expect(reason).toContain('the entry point "short" of monitors has no identifier');
});

const BACKEND = `
import { LLMBackend, ProviderError } from '@bulkhead/sdk';
export class Talker extends LLMBackend {
  async *generate(prompt: string, { messages = [], tools = [] }: any) {
    yield 'You said ';
    if (prompt === 'busy') throw new ProviderError('the provider is busy', { status: 503, retryAfterMs: 20 });
    yield { text: prompt };
    yield { tool_calls: tools.map(({ name }: any) => ({ id: name, name, arguments: {} })) };
    yield { usage: { input_tokens: messages.length, output_tokens: 3 }, finish_reason: 'tool_calls' };
  }
}`;

test('a backend answers whole or piece by piece, and says what its provider refused [F000-16]', async () => {
  const entry_points = { llm_backends: { talker: './main.ts#Talker' } };
  await host.install(await folders.write('talker', BACKEND, { entry_points }));
  const request = (prompt: string): EntryRequest => ({
    plugin: 'talker',
    group: 'llm_backends',
    name: 'talker',
    method: 'generate',
    args: [prompt, { messages: [{ role: 'user', content: prompt }], tools: [{ name: 'add' }] }],
  });
  expect(await host.callEntry(request('hello'))).toMatchObject({
    ok: true,
    value: {
      text: 'You said hello',
      tool_calls: [{ id: 'add', name: 'add', arguments: {} }],
      usage: { input_tokens: 1, output_tokens: 3 },
      finish_reason: 'tool_calls',
    },
  });
  const refusal = {
    ok: false,
    error: { kind: 'tool_error', code: 'PROVIDER_REFUSED', message: 'the provider is busy' },
    call: { metadata: { status: 503, retry_after_ms: 20 } },
  };
  expect(await host.callEntry(request('busy'))).toMatchObject(refusal);
  const stream = host.stream(request('busy'));
  const pieces: unknown[] = [];
  for await (const piece of stream) pieces.push(piece);
  expect(pieces).toEqual(['You said ']);
  expect(await stream.outcome).toMatchObject(refusal);
});
