import type { JsonValue } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { CallStream, StreamRequest } from './calls-api.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;
let host: Host;

const STREAMS = `
const any = { type: 'object' };
const seen = { yielded: 0, ended: 0, aborted: 0 };
const tool = (name, execute, more = {}) => ({ name, description: name, parameters: any, execute, ...more });
async function* count({ to, size = 0 }) {
  try {
    for (let i = 1; i <= to; i += 1) { seen.yielded += 1; yield size === 0 ? i : 'x'.repeat(size); }
  } finally { seen.ended += 1; }
}
export default { tools: [
  tool('count', count),
  tool('sum', async function* ({ to }) { let sum = 0; for (let i = 1; i <= to; i += 1) { sum += i; yield i; } return { sum }; }),
  tool('bytes', async function* ({ pieces, size }) { for (let i = 0; i < pieces; i += 1) yield new Uint8Array(size).fill(i); }),
  tool('mixed', async function* () { yield 'a'; yield new Uint8Array([1, 2, 3]); yield { b: Buffer.from('hi') }; }),
  tool('whole', async () => ({ name: 'logo', data: new Uint8Array([104, 105]), more: [Buffer.from('you')] })),
  tool('written', async () => JSON.stringify([new Uint8Array([1]), Buffer.from([2])])),
  tool('none', async function* () {}),
  tool('throws', async function* () { yield 1; throw new Error('half way'); }),
  tool('typed', async function* ({ good }) { yield 1; yield good ? 2 : 'two'; yield 3; },
    { returns: { type: 'array', items: { type: 'number' } } }),
  tool('promised', async () => new ReadableStream({ start(out) { out.enqueue('p'); out.close(); } })),
  tool('endless', async function* (_params, { signal }) {
    signal.addEventListener('abort', () => { seen.aborted += 1; });
    try { for (;;) { seen.yielded += 1; yield 'tick'; } } finally { seen.ended += 1; }
  }),
  tool('deaf', async function* () { yield 1; await new Promise(() => {}); }),
  tool('dies', async function* () { yield 1; process.exit(1); }, { idempotent: true }),
  tool('steps', async ({ of }, context) => {
    for (let i = 1; i <= of; i += 1) { context.progress(i, { total: of, message: 'step ' + i }); await new Promise((r) => setTimeout(r, 60)); }
    return of;
  }),
  tool('floods_progress', async (_params, context) => { for (let i = 0; i < 100000; i += 1) context.progress(i); return 'done'; }),
  tool('odd_progress', async (_params, context) => { context.progress(NaN); context.progress('x'); context.progress(1, { total: {}, message: 5 }); return 1; }),
  tool('seen', async () => { const was = { ...seen }; seen.yielded = 0; seen.ended = 0; seen.aborted = 0; return was; }),
] };
`;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  await host.install(await folders.write('streams', STREAMS, { limits: { output_bytes: 300_000 } }));
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const open = (tool: string, params: object = {}, more: Partial<StreamRequest> = {}): CallStream =>
  host.stream({ plugin: 'streams', tool, params, ...more });

async function call(tool: string, params: object = {}): Promise<unknown> {
  const outcome = await host.call({ plugin: 'streams', tool, params });
  return outcome.ok ? outcome.value : outcome.error.code;
}

async function all(stream: CallStream): Promise<readonly (JsonValue | Uint8Array)[]> {
  const chunks: (JsonValue | Uint8Array)[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test('what a tool yields comes one by one, and its outcome at the end [F000-16]', async () => {
  const stream = open('count', { to: 5 });
  expect(await all(stream)).toEqual([1, 2, 3, 4, 5]);
  expect(await stream.outcome).toMatchObject({ ok: true, value: null, call: { target: 'count' } });
});

test('what a generator returns is the value of the outcome', async () => {
  const stream = open('sum', { to: 3 });
  expect(await all(stream)).toEqual([1, 2, 3]);
  expect(await stream.outcome).toMatchObject({ ok: true, value: { sum: 6 } });
});

test('a chunk arrives while the tool still runs', async () => {
  const stream = open('deaf', {}, { timeoutMs: 400 });
  const first = await stream[Symbol.asyncIterator]().next();
  expect(first).toEqual({ done: false, value: 1 });
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'CALL_TIMEOUT' } });
});

test('bytes stay bytes, in order, whatever their size', async () => {
  const chunks = (await all(open('bytes', { pieces: 5, size: 150_001 }))) as readonly Uint8Array[];
  const bytes = Buffer.concat(chunks);
  expect(bytes.length).toBe(5 * 150_001);
  for (let piece = 0; piece < 5; piece += 1) {
    const part = bytes.subarray(piece * 150_001, (piece + 1) * 150_001);
    expect(part.every((byte) => byte === piece)).toBe(true);
  }
});

test('text and bytes keep their order among one another', async () => {
  const chunks = await all(open('mixed'));
  expect(chunks).toEqual(['a', Buffer.from([1, 2, 3]), { b: Buffer.from('hi').toString('base64') }]);
});

test('a plain call of a tool that streams is answered the whole: values as a list, bytes as one', async () => {
  expect(await call('count', { to: 3 })).toEqual([1, 2, 3]);
  expect(await call('sum', { to: 3 })).toEqual({ sum: 6 });
  expect(await call('bytes', { pieces: 2, size: 2 })).toBe(Buffer.from([0, 0, 1, 1]).toString('base64'));
  expect(await call('mixed')).toEqual(['a', 'AQID', { b: 'aGk=' }]);
  expect(await call('none')).toEqual([]);
  expect(await call('promised')).toEqual(['p']);
  expect(await call('throws')).toBe('PLUGIN_THREW');
  expect(await call('typed', { good: true })).toEqual([1, 2, 3]);
  expect(await call('typed', { good: false })).toBe('RESULT_INVALID');
});

test('a plain call of a tool that streams too much ends where its output is full', async () => {
  await call('seen');
  expect(await call('count', { to: 1_000_000, size: 1_000 })).toBe('RESULT_TOO_LARGE');
  const { yielded, ended } = (await call('seen')) as { yielded: number; ended: number };
  expect(yielded).toBeLessThan(400);
  expect(ended).toBe(1);
});

test('bytes within a value are base64 in its JSON, and a plugin’s own JSON is as ever', async () => {
  expect(await call('whole')).toEqual({ name: 'logo', data: 'aGk=', more: ['eW91'] });
  expect(await call('written')).toBe('[{"0":1},{"type":"Buffer","data":[2]}]');
});

test('a tool that yields nothing gave an empty list', async () => {
  const stream = open('none');
  expect(await all(stream)).toEqual([]);
  expect(await stream.outcome).toMatchObject({ ok: true, value: [] });
});

test('a tool that does not stream gives no chunks', async () => {
  const stream = open('whole');
  expect(await all(stream)).toEqual([]);
  expect(await stream.outcome).toMatchObject({ ok: true, value: { name: 'logo' } });
});

test('a tool that throws half way has given what it had, and its outcome says so', async () => {
  const stream = open('throws');
  expect(await all(stream)).toEqual([1]);
  expect(await stream.outcome).toMatchObject({
    ok: false,
    error: { code: 'PLUGIN_THREW', message: 'Error: half way' },
  });
});

test('a chunk that does not fit the items of what the tool returns ends the call', async () => {
  expect(await all(open('typed', { good: true }))).toEqual([1, 2, 3]);
  const stream = open('typed', { good: false });
  expect(await all(stream)).toEqual([1]);
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'RESULT_INVALID' } });
});

test('a tool waits for a reader that is slow', async () => {
  await call('seen');
  const stream = open('count', { to: 100_000, size: 10_000 });
  const chunks = stream[Symbol.asyncIterator]();
  await chunks.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(((await call('seen')) as { yielded: number }).yielded).toBeLessThan(120);
  for (let read = 0; read < 500; read += 1) expect((await chunks.next()).done).toBe(false);
  await chunks.return?.();
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'CALL_CANCELLED' } });
});

test('a reader that stops ends the tool, whose finally runs, and the instance lives', async () => {
  await call('seen');
  const before = (await host.call({ plugin: 'streams', tool: 'seen' })).call.instance_id;
  const stream = open('endless');
  for await (const chunk of stream) if (chunk === 'tick') break;
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'CALL_CANCELLED' } });
  await vi.waitFor(async () => expect(await call('seen')).toMatchObject({ ended: 1 }));
  expect((await host.call({ plugin: 'streams', tool: 'seen' })).call.instance_id).toBe(before);
});

test('a guest that dies half way ends the stream, and what was given is not given again', async () => {
  const stream = open('dies');
  expect(await all(stream)).toEqual([1]);
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'GUEST_EXITED' } });
});

test('a stream that nobody reads holds little, and ends at its deadline', async () => {
  const stream = open('count', { to: 100_000, size: 10_000 }, { timeoutMs: 500 });
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'CALL_TIMEOUT' } });
  expect((await all(stream)).length).toBeLessThan(120);
});

test('a tool says how far it is', async () => {
  const told: unknown[] = [];
  const outcome = await host.call({
    plugin: 'streams',
    tool: 'steps',
    params: { of: 4 },
    onProgress: (progress) => told.push(progress),
  });
  expect(outcome).toMatchObject({ ok: true, value: 4 });
  expect(told.at(0)).toEqual({ progress: 1, total: 4, message: 'step 1' });
  expect(told.length).toBeGreaterThanOrEqual(2);
  expect(told.length).toBeLessThanOrEqual(4);
});

test('progress beyond ten a second is held back in the guest, and what is no number is left out', async () => {
  const told: unknown[] = [];
  const onProgress = (progress: unknown): void => void told.push(progress);
  expect(await host.call({ plugin: 'streams', tool: 'floods_progress', onProgress })).toMatchObject({ value: 'done' });
  expect(told.length).toBeLessThan(20);
  told.length = 0;
  expect(await host.call({ plugin: 'streams', tool: 'odd_progress', onProgress })).toMatchObject({ value: 1 });
  expect(told).toEqual([{ progress: 1 }]);
});

test('a listener of progress that throws harms nobody', async () => {
  const outcome = await host.call({
    plugin: 'streams',
    tool: 'steps',
    params: { of: 1 },
    onProgress: () => {
      throw new Error('of the embedder');
    },
  });
  expect(outcome).toMatchObject({ ok: true, value: 1 });
});

test('with a key for doing it once, or hooks around it, a result is whole before anybody sees it', async () => {
  const once = open('count', { to: 3 }, { idempotencyKey: 'k1' });
  expect(await all(once)).toEqual([]);
  expect(await once.outcome).toMatchObject({ ok: true, value: [1, 2, 3] });
});
