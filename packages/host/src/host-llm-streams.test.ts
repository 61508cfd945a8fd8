/**
 * `context.llm.stream` through a whole host: a plugin reads in its sandbox what a backend says in another, at its own pace.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTool, createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

const BACKEND = `
import { LLMBackend, ProviderError } from '@bulkhead/sdk';
const seen = { said: 0, ended: 0 };
export class Backend extends LLMBackend {
  async *generate(prompt: string) {
    try {
      if (prompt === 'endless') for (;;) { seen.said += 1; yield 'x'.repeat(64 * 1024 - 256); }
      yield 'Hello, ';
      if (prompt === 'cut') throw new ProviderError('cut off', { status: 503 });
      if (prompt === 'hang') await new Promise(() => {});
      yield { text: 'world', model: 'own' };
      if (prompt !== 'uncounted') yield { usage: { input_tokens: 10, output_tokens: 5 }, finish_reason: 'stop' };
    } finally { seen.ended += 1; }
  }
}
export default { tools: [{ name: 'seen', description: 'What it did.', parameters: { type: 'object' }, execute: () => seen }] };`;

const READER = toolsSource({
  read: `const pieces = [];
    try { for await (const piece of context.llm.stream(params.prompt)) pieces.push(piece); return { pieces }; }
    catch ({ kind, code, message }) { return { pieces, kind, code, message }; }`,
  first: `for await (const { text } of context.llm.stream(params.prompt)) return text.length;`,
  hold: `globalThis.held = context.llm.stream(params.prompt)[Symbol.asyncIterator](); return (await held.next()).value.text.length;`,
  more: `let count = 0; for (; count < params.count; count += 1) await held.next(); return count;`,
  drop: `await held.return(); return 'dropped';`,
  many: `const streams = Array.from({ length: 17 }, () => context.llm.stream('hang')[Symbol.asyncIterator]());
    const heads = await Promise.all(streams.map((stream) => stream.next().then(() => 'ok', ({ code }) => code)));
    await Promise.all(streams.map((stream) => stream.return())); return heads;`,
  die: `for await (const piece of context.llm.stream('endless')) process.exit(1);`,
});

type Seen = { readonly said: number; readonly ended: number };

let folders: PluginFolders;
let host: Host;
beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost({ llm: { backends: [{ name: 'model' }] }, grants: { reader: ['llm'] } });
  const entry = { entry_points: { llm_backends: { model: './main.ts#Backend' } } };
  await host.install(await folders.write('model', BACKEND, entry));
  await host.install(await folders.write('reader', READER, { required_permissions: ['llm'] }));
  await host.install(await folders.write('beggar', READER, { optional_permissions: ['llm'] }));
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const ask = <Value = unknown>(tool: string, params: object = {}, plugin = 'reader'): Promise<Value> =>
  askTool<Value>(host, tool, { plugin, params });
const seen = (): Promise<Seen> => askTool<Seen>(host, 'seen', { plugin: 'model' });

test('a plugin reads an answer piece by piece, and the last piece says what it used', async () => {
  expect(await ask('read', { prompt: 'hello' })).toEqual({
    pieces: [
      { text: 'Hello, ' },
      { text: 'world', model: 'own' },
      { usage: { input_tokens: 10, output_tokens: 5 }, finish_reason: 'stop' },
    ],
  });
  expect(await ask('read', { prompt: 'uncounted' })).toEqual({
    pieces: [
      { text: 'Hello, ' },
      { text: 'world', model: 'own' },
      { usage: { input_tokens: expect.any(Number) as number, output_tokens: 3 } },
    ],
  });
});

test('an answer that is cut off rejects behind its pieces, with the code of why', async () => {
  expect(await ask('read', { prompt: 'cut' })).toEqual({
    ...{ pieces: [{ text: 'Hello, ' }], kind: 'tool_error', code: 'PROVIDER_REFUSED', message: 'cut off' },
  });
});

test('without the grant nothing is asked', async () => {
  expect(await ask('read', { prompt: 'hello' }, 'beggar')).toMatchObject({
    ...{ pieces: [], kind: 'denied', code: 'PERMISSION_NOT_GRANTED' },
  });
});

test('a reader that stops ends the answer, and its tenant pays for what came', async () => {
  const { id } = await host.tenants.create({ name: 'leaver', quota: { llm_tokens_per_day: 10 } });
  await host.registrations.enable('reader', { tenant: id, grant: ['llm'] });
  const first = (): Promise<unknown> =>
    askTool(host, 'first', { plugin: 'reader', params: { prompt: 'endless' }, tenant: id });
  expect(await first()).toBe(64 * 1024 - 256);
  // What was used is written behind the answer.
  await expect
    .poll(first)
    .toMatchObject({ failed: { message: expect.stringContaining('used up its budget') as string } });
});

test('a reader that does not read on holds the model up, and reads on where it was', async () => {
  const before = (await seen()).said;
  await ask('hold', { prompt: 'endless' });
  await expect.poll(async () => (await seen()).said - before).toBeGreaterThanOrEqual(8);
  for (let round = 0; round < 20; round += 1) await seen();
  expect((await seen()).said - before).toBeLessThanOrEqual(10);
  expect(await ask('more', { count: 5 })).toBe(5);
  await expect.poll(async () => (await seen()).said - before).toBeGreaterThanOrEqual(12);
  const { ended } = await seen();
  expect(await ask('drop')).toBe('dropped');
  await expect.poll(async () => (await seen()).ended).toBe(ended + 1);
});

test('an instance reads so many answers at a time; one more is refused and the others go on', async () => {
  const heads = await ask<readonly string[]>('many');
  expect(heads.toSorted()).toEqual(['SERVICE_QUOTA_EXCEEDED', ...Array.from({ length: 16 }, () => 'ok')]);
  expect(await ask('read', { prompt: 'hello' })).toMatchObject({ pieces: [{}, {}, {}] });
});

test('an answer whose reader died is ended', async () => {
  const { ended } = await seen();
  expect(await host.call({ plugin: 'reader', tool: 'die' })).toMatchObject({ ok: false });
  await expect.poll(async () => (await seen()).ended).toBe(ended + 1);
});
