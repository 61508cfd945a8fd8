import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Outcome } from '@bulkhead/protocol';
import { startServer, TOKEN, writePlugin, type TestServer } from '../server-fixture.ts';

let stack: AsyncDisposableStack;
let started: TestServer;

const TELLER = `
const seen = { yielded: 0, ended: 0 };
const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object', properties: { to: { type: 'number' } } }, execute });
export default { tools: [
  tool('tell', async function* (_params, context) {
    context.progress(1, { total: 2, message: 'begun' });
    yield 'line one\\nline two';
    yield { n: 1 };
    yield new Uint8Array([1, 2, 3]);
    return { told: 3 };
  }),
  tool('fails', async () => { throw new Error('at once'); }),
  tool('fails_later', async function* () { yield 1; throw new Error('later'); }),
  tool('plain', async () => ({ plain: true })),
  tool('endless', async function* () {
    try { for (;;) { seen.yielded += 1; yield 'x'.repeat(10_000); } } finally { seen.ended += 1; }
  }),
  tool('seen', async () => seen),
] };`;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const teller = stack.use(await writePlugin('teller', TELLER));
  started = stack.use(await startServer({ plugins: [teller.dir] }));
});
afterAll(() => stack.disposeAsync());

function post(
  tool: string,
  more: { readonly accept?: string; readonly body?: object; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const { accept = 'text/event-stream', body = {}, signal } = more;
  return fetch(`${started.url}/v1/tools/teller/${tool}/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
    ...(signal !== undefined && { signal }),
  });
}

type Event = { readonly event: string; readonly data: unknown };

async function eventsOf(response: Response): Promise<readonly Event[]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '');
  return blocks.map((block) => {
    const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
    return { event, data: JSON.parse(data) };
  });
}

const seen = async (): Promise<{ yielded: number; ended: number }> => {
  const outcome = (await (await post('seen', { accept: 'application/json' })).json()) as Outcome;
  return (outcome.ok ? outcome.value : {}) as { yielded: number; ended: number }; // The tool above.
};

test('what a tool gives comes as events, its outcome last', async () => {
  const response = await post('tell');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const events = await eventsOf(response);
  expect(events).toEqual([
    { event: 'progress', data: { progress: 1, total: 2, message: 'begun' } },
    { event: 'chunk', data: 'line one\nline two' },
    { event: 'chunk', data: { n: 1 } },
    { event: 'bytes', data: 'AQID' },
    { event: 'outcome', data: expect.objectContaining({ ok: true, value: { told: 3 } }) },
  ]);
});

test('a tool that does not stream is one event', async () => {
  expect(await eventsOf(await post('plain'))).toEqual([
    { event: 'outcome', data: expect.objectContaining({ ok: true, value: { plain: true } }) },
  ]);
});

test('a call that ends badly before it gave anything has its status, one that ends so later has its outcome', async () => {
  const refused = await post('fails');
  expect(refused.status).toBe(502);
  expect(await refused.json()).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
  expect((await post('none_such')).status).toBe(404);
  expect((await post('tell', { body: { params: { to: 'x' } } })).status).toBe(400);
  const later = await eventsOf(await post('fails_later'));
  expect(later.map(({ event }) => event)).toEqual(['chunk', 'outcome']);
  expect(later.at(-1)?.data).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
});

test('whoever does not ask for events gets the whole', async () => {
  for (const accept of ['application/json', '*/*']) {
    const response = await post('fails_later', { accept });
    expect(response.headers.get('content-type')).toContain('application/json');
  }
  expect((await (await post('tell', { accept: '*/*' })).json()) as Outcome).toMatchObject({ value: { told: 3 } });
});

test('a client that reads slowly holds the plugin up, and one that goes away ends it', async () => {
  const before = await seen();
  const gone = new AbortController();
  const response = await post('endless', { signal: gone.signal });
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]); // The DOM's type and Node's differ.
  body.on('error', () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const held = (await seen()).yielded - before.yielded;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await seen()).yielded - before.yielded).toBe(held);
  gone.abort();
  await vi.waitFor(async () => expect((await seen()).ended).toBe(before.ended + 1), { timeout: 3_000 });
});

test('the log has one line for the call, whatever way it was read', async () => {
  const from = started.logged.length;
  await eventsOf(await post('tell'));
  const lines = started.logged.slice(from).filter(({ message }) => message === 'call');
  expect(lines).toHaveLength(1);
  expect(lines[0]?.fields).toMatchObject({ plugin: 'teller', target: 'tell', outcome: 'ok' });
});
