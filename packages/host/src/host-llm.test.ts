/**
 * Language models through a whole host: real backends in their sandboxes, routed, retried, charged and measured.
 */
import type { GeneratedText } from '@bulkhead/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { LlmOutcome, LlmRequest } from './llm/llm.ts';
import type { LlmPiece } from './llm/generated.ts';

let host: Host;
let folders: PluginFolders;

/** A backend that does what its prompt says, and counts. */
const backend = (name: string): string => `
import { LLMBackend, ProviderError } from '@bulkhead/sdk';
let asked = 0;
export class Backend extends LLMBackend {
  async *generate(prompt: string, options: any, context: any) {
    asked += 1;
    const [word, count] = prompt.split(' ');
    if (word === 'busy' && asked <= Number(count)) throw new ProviderError('come again', { status: 429, retryAfterMs: 5 });
    if (word === 'wait') throw new ProviderError('much later', { status: 429, retryAfterMs: 3_600_000 });
    if (word === 'wrong') throw new ProviderError('no such model', { status: 404 });
    if (word === 'down') throw new ProviderError('bad gateway', { status: 502, retryAfterMs: 0 });
    if (word === 'late') await new Promise(() => {});
    if (word === 'bug') throw new TypeError('no');
    if (word === 'self') yield (await context.llm.generate('again')).text;
    yield '${name} says ';
    if (word === 'cut') throw new ProviderError('cut off', { status: 503 });
    if (word === 'odd') yield { text: 7 };
    yield { text: prompt, model: options.model ?? 'own' };
    if (word !== 'uncounted') yield { usage: { input_tokens: 10, output_tokens: 5, cost_usd: 0.5 }, finish_reason: 'stop' };
  }
}
export default { tools: [{ name: 'asked', description: 'How often it was asked.', parameters: { type: 'object' }, execute: () => asked }] };`;

const ENTRY = (name: string) => ({ entry_points: { llm_backends: { [name]: './main.ts#Backend' } } });
const BACKENDS = [
  { name: 'one', weight: 1 },
  { name: 'two', weight: 0 },
  {
    name: 'three',
    plugin: 'two',
    weight: 0,
    model: 'small',
    timeoutMs: 300,
    usdPerMillionTokens: { input: 1, output: 2 },
  },
];

beforeAll(async () => {
  folders = await createPluginFolders();
});

afterAll(() => folders[Symbol.asyncDispose]());

/** A host with two backends; nothing of one test is in another. */
async function openLlmHost(backends = BACKENDS, more: Parameters<typeof openTestHost>[0] = {}): Promise<Host> {
  const opened = await openTestHost({ llm: { backends }, ...more });
  for (const name of ['one', 'two'])
    await opened.install(await folders.write(name, backend(name), { ...ENTRY(name), optional_permissions: ['llm'] }));
  return opened;
}

let cleanup: AsyncDisposableStack;
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  host = cleanup.use(await openLlmHost());
  return () => cleanup.disposeAsync();
});

const ask = (prompt: string, more: Partial<LlmRequest> = {}): Promise<LlmOutcome> =>
  host.llm.generate({ prompt, ...more });
const codeOf = async (asking: Promise<LlmOutcome>): Promise<string> => {
  const outcome = await asking;
  return outcome.ok ? 'ok' : outcome.error.code;
};
const asked = async (plugin: string): Promise<unknown> => {
  const outcome = await host.call({ plugin, tool: 'asked' });
  return outcome.ok && outcome.value;
};

test('a request goes to a backend by weight, or to the one that is named, with its model [X000-25]', async () => {
  expect(await ask('hello')).toEqual({
    ok: true,
    value: {
      text: 'one says hello',
      model: 'own',
      usage: { input_tokens: 10, output_tokens: 5, cost_usd: 0.5 },
      finish_reason: 'stop',
    },
    llm: {
      backend: 'one',
      attempts: 1,
      duration_ms: expect.any(Number) as number,
      usage: { input_tokens: 10, output_tokens: 5, cost_usd: 0.5 },
      cost_usd: 0.5,
      call_id: expect.any(String) as string,
    },
  });
  expect(await ask('hello', { backend: 'two' })).toMatchObject({
    value: { text: 'two says hello' },
    llm: { backend: 'two' },
  });
  expect(await ask('hello', { backend: 'three' })).toMatchObject({
    value: { model: 'small' },
    llm: { cost_usd: 0.00002 },
  });
  expect(await ask('hello', { backend: 'three', options: { model: 'large' } })).toMatchObject({
    value: { model: 'large' },
  });
  expect(await ask('hello', { backend: 'four' })).toMatchObject({
    error: { code: 'LLM_BACKEND_NOT_FOUND', message: 'there is no backend "four"; there are one, two, three' },
  });
});

test('pieces are heard as they come, and the answer is their whole', async () => {
  const pieces: LlmPiece[] = [];
  const outcome = await ask('hello', { onPiece: (piece) => void pieces.push(piece) });
  expect(pieces).toEqual([
    { text: 'one says ' },
    { text: 'hello', model: 'own' },
    { usage: { input_tokens: 10, output_tokens: 5, cost_usd: 0.5 }, finish_reason: 'stop' },
  ]);
  expect(outcome).toMatchObject({ ok: true, value: { text: 'one says hello', finish_reason: 'stop' } });
});

test('a provider that is busy is asked again when it says, and not more often than three times', async () => {
  expect(await ask('busy 2')).toMatchObject({ ok: true, value: { text: 'one says busy 2' }, llm: { attempts: 3 } });
  expect(await asked('one')).toBe(3);
  expect(await ask('busy 100')).toMatchObject({
    error: { code: 'PROVIDER_REFUSED', message: 'come again', retryable: true },
    llm: { attempts: 3 },
  });
});

test.for([
  ['wait', 'PROVIDER_REFUSED'],
  ['wrong', 'PROVIDER_REFUSED'],
  ['bug', 'PLUGIN_THREW'],
] as const)('what no further attempt mends is answered at once: %s', async ([prompt, code]) => {
  expect(await ask(prompt)).toMatchObject({
    ok: false,
    error: { code },
    llm: { attempts: 1, usage: null, cost_usd: null },
  });
});

test('where another backend has a weight it is asked at once, instead of waiting for the first', async () => {
  const other = cleanup.use(await openTestHost({ llm: { backends: [{ name: 'down' }, { name: 'up' }] } }));
  const failing = backend('down').replace(
    'asked += 1;',
    "throw new ProviderError('down', { status: 503, retryAfterMs: 20_000 });",
  );
  await other.install(await folders.write('down', failing, ENTRY('down')));
  await other.install(await folders.write('up', backend('up'), ENTRY('up')));
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => other.llm.generate({ prompt: 'hello' })));
  expect(outcomes.map(({ ok, llm }) => [ok, llm.backend])).toEqual(outcomes.map(() => [true, 'up']));
  expect(Math.max(...outcomes.map(({ llm }) => llm.attempts))).toBe(2);
});

test('once a piece was told nothing is tried again', async () => {
  const told: LlmPiece[] = [];
  const outcome = await ask('cut', { onPiece: (piece) => void told.push(piece) });
  expect(outcome).toMatchObject({ ok: false, error: { code: 'PROVIDER_REFUSED' }, llm: { attempts: 1 } });
  expect(told).toEqual([{ text: 'one says ' }]);
  expect(await ask('cut')).toMatchObject({ llm: { attempts: 3 } });
});

test('what is no answer ends as such, whole or in pieces', async () => {
  const fault = {
    ok: false,
    error: { code: 'LLM_ANSWER_INVALID', message: 'what it answered has a field "text" that is none' },
  };
  expect(await ask('odd', { onPiece: () => undefined })).toMatchObject(fault);
  expect(await ask('odd')).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
});

test('an attempt has the time of its backend, and a request that of its caller', async () => {
  expect(await ask('late', { backend: 'three', timeoutMs: 500 })).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
  const abort = new AbortController();
  const cancelled = ask('late', { signal: abort.signal });
  await expect.poll(() => host.health('one')?.state).toBe('RUNNING');
  abort.abort();
  expect(await cancelled).toMatchObject({ error: { code: 'CALL_CANCELLED' }, llm: { attempts: 1 } });
});

test('who leaves an answer, or throws while it comes, ends it and pays for what came', async () => {
  const { id: tenant } = await host.tenants.create({ name: 'leaver', quota: { llm_tokens_per_day: 3 } });
  const outcome = await ask('hello', { tenant, onPiece: () => Promise.reject(new Error('gone')) });
  expect(outcome).toMatchObject({ ok: false, error: { code: 'CALL_CANCELLED' }, llm: { attempts: 1 } });
  expect(outcome.llm.usage?.input_tokens).toBeGreaterThan(3);
  // What was used is written behind the answer.
  await expect.poll(() => codeOf(ask('wrong', { tenant }))).toBe('LLM_BUDGET_EXCEEDED');
});

test('a backend that fails again and again rests, for its tenant alone', async () => {
  for (let count = 0; count < 2; count += 1)
    expect(await ask('down')).toMatchObject({ error: { code: 'PROVIDER_REFUSED' } });
  expect(await ask('hello')).toMatchObject({
    error: { code: 'LLM_UNAVAILABLE', retry_after_ms: expect.any(Number) as number },
    llm: { attempts: 0 },
  });
  expect(await ask('hello', { backend: 'one' })).toMatchObject({ error: { code: 'LLM_UNAVAILABLE' } });
  expect(await ask('hello', { tenant: 'acme' })).toMatchObject({ ok: true });
});

test('what is asked is judged before any backend is', async () => {
  expect(await host.llm.generate({})).toMatchObject({ error: { code: 'LLM_REQUEST_INVALID' }, llm: { attempts: 0 } });
  const odd = [{ role: 'robot', content: 'x' }] as never;
  expect(await host.llm.generate({ options: { messages: odd } })).toMatchObject({
    error: { code: 'LLM_REQUEST_INVALID' },
  });
  const large = 'x'.repeat(2 * 1024 * 1024);
  expect(await ask(large)).toMatchObject({
    error: { code: 'LLM_REQUEST_INVALID', limit: { name: 'llm_request_bytes' } },
  });
  const messages = [
    { role: 'system', content: 'be kind' },
    { role: 'user', content: 'hi' },
  ] as const;
  expect(await host.llm.generate({ options: { messages } })).toMatchObject({
    value: { text: 'one says system: be kind\n\nuser: hi' },
  });
});

test('a backend that lacks something is passed over, and says itself what it is where it is named', async () => {
  const asks = {
    ...ENTRY('keyed'),
    required_permissions: ['secrets'],
    secrets: { API_KEY: { hosts: ['a.example.com:443'] } },
  };
  const folder = await folders.write('keyed', backend('keyed'), asks);
  const mock = await folders.write('mock', backend('mock'), { ...ENTRY('mock'), capabilities: ['llm.mock'] });
  const other = cleanup.use(await openTestHost({ grants: { keyed: ['secrets'] } }));
  for (const dir of [folder, mock]) await other.install(dir);
  expect(await other.llm.generate({ prompt: 'hello' })).toMatchObject({
    error: { code: 'LLM_UNAVAILABLE', message: 'no backend can be asked: keyed lacks the secret "API_KEY"' },
  });
  expect(await other.llm.generate({ prompt: 'hello', backend: 'keyed' })).toMatchObject({
    error: { code: 'SECRET_MISSING' },
  });
  expect(await other.llm.generate({ prompt: 'hello', backend: 'mock' })).toMatchObject({ ok: true });
});

test('a tenant without a backend is told so', async () => {
  await using empty = await openTestHost({});
  expect(await empty.llm.generate({ prompt: 'x' })).toMatchObject({
    error: { code: 'LLM_UNAVAILABLE', message: 'the tenant has no plugin with a backend of a language model' },
  });
  expect(empty.llm.backends()).toEqual([]);
});

test('tokens, time and ends are counted by backend [F000-18] [X000-25]', async () => {
  await ask('hello');
  await ask('uncounted', { backend: 'two' });
  await ask('wrong');
  const page = await host.metrics();
  expect(page).toContain('llm_tokens_total{backend="one"} 15');
  expect(page).toMatch(/llm_tokens_total\{backend="two"\} [1-9]/);
  expect(page).toContain('llm_latency_seconds_count{backend="one"} 2');
  expect(page).toContain('llm_requests_total{backend="one",outcome="PROVIDER_REFUSED"} 1');
});

test('what a tenant used is kept by day and backend, and its budget refuses the next request', async () => {
  const { id: tenant } = await host.tenants.create({ name: 'acme', quota: { llm_tokens_per_day: 20 } });
  expect(await ask('hello', { tenant })).toMatchObject({ ok: true });
  const again = async (): Promise<unknown> => (await ask('hello', { tenant })).ok;
  // What was used is written behind the answer.
  await expect.poll(again).toBe(false);
  expect(await ask('hello', { tenant })).toMatchObject({
    error: {
      kind: 'over_quota',
      code: 'LLM_BUDGET_EXCEEDED',
      limit: { name: 'llm_tokens_per_day', allowed: 20, unit: 'tokens' },
      retry_after_ms: expect.any(Number) as number,
    },
  });
  expect(await ask('hello')).toMatchObject({ ok: true });
  await host.tenants.change(tenant, { quota: { llm_usd_per_day: 1_000 } });
  expect(await ask('hello', { tenant })).toMatchObject({ ok: true });
});

const CALLER = `
export default { tools: [{ name: 'tell', description: 'Asks a model.', parameters: { type: 'object' },
  execute: ({ prompt, ...options }: any, { llm }: any) => llm.generate(prompt, options) }] };`;

test('a plugin asks with the permission, within its call, and the tenant pays', async () => {
  const asks = { required_permissions: ['llm'] };
  await using own = await openLlmHost(BACKENDS, { grants: { caller: ['llm'] } });
  await own.install(await folders.write('caller', CALLER, asks));
  await own.install(await folders.write('beggar', CALLER, asks));
  const tell = (plugin: string, params: object) => own.call({ plugin, tool: 'tell', params });
  const outcome = await tell('caller', { prompt: 'hello', backend: 'two' });
  expect(outcome).toMatchObject({ ok: true, value: { text: 'two says hello', usage: { input_tokens: 10 } } });
  const chat = [{ role: 'user', content: 'hi' }];
  expect(await tell('caller', { prompt: chat })).toMatchObject({ value: { text: 'one says hi' } });
  expect(await tell('beggar', { prompt: 'hello' })).toMatchObject({
    ok: false,
    error: { code: 'PERMISSION_NOT_GRANTED', message: expect.stringContaining('needs the permission "llm"') as string },
  });
  expect(await tell('caller', { prompt: 'hello', temperature: 9 })).toMatchObject({
    error: { message: expect.stringContaining('llm.generate') as string },
  });
});

test('a backend that asks a model is never asked by way of itself', async () => {
  await using own = await openLlmHost([{ name: 'one', weight: 1 }], { grants: { one: ['llm'] } });
  expect(await own.llm.generate({ prompt: 'self' })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('no backend has a weight above 0; name one of two') as string },
  });
});

test('a backend without pieces answers at once, and is heard as one piece [F000-16]', async () => {
  const code = 'export const plain = { generate: async (prompt: string): Promise<string> => prompt.toUpperCase() };';
  await host.install(
    await folders.write('plain', code, { entry_points: { llm_backends: { plain: './main.ts#plain' } } }),
  );
  const told: LlmPiece[] = [];
  const outcome = await ask('hello', { backend: 'plain', onPiece: (piece) => void told.push(piece) });
  expect(outcome).toMatchObject({ ok: true, value: { text: 'HELLO' } satisfies Partial<GeneratedText> });
  expect(told).toEqual([{ text: 'HELLO' }]);
});
