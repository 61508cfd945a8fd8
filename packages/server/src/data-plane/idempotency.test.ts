import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '@bulkhead/protocol';
import {
  callTool,
  outcomeOfResponse,
  request,
  send,
  startServer,
  writePlugin,
  type TestServer,
} from '../server-fixture.ts';

let stack: AsyncDisposableStack;
let started: TestServer;

/** Counts how often each of its tools has run, in its own memory; one guest serves all. */
const COUNTER = `let runs = 0; let release = () => {};
export default { tools: [
  { name: 'count', description: 'Counts.', parameters: { type: 'object' }, execute: () => ({ runs: ++runs }) },
  { name: 'fail', description: 'Fails.', parameters: { type: 'object' }, execute: () => { throw new Error(String(++runs)); } },
  { name: 'hold', description: 'Holds.', parameters: { type: 'object' },
    execute: () => new Promise((resolve) => { release = () => resolve({ runs: ++runs }); }) },
  { name: 'release', description: 'Releases.', parameters: { type: 'object' }, execute: () => { release(); return {}; } },
] };`;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const counter = stack.use(await writePlugin('counter', COUNTER, { limits: { instances: 1 } }));
  started = stack.use(await startServer({ plugins: [counter.dir] }));
});
afterAll(() => stack.disposeAsync());

const count = (idempotency_key: string, params: JsonObject = {}, tool = 'count') =>
  callTool(started.url, `counter/${tool}`, { params, idempotency_key });

test('the same key and params replay the stored outcome: the call id is the first one’s', async () => {
  const first = await outcomeOfResponse(await count('replay', { a: 1, b: [2] }));
  const second = await count('replay', { b: [2], a: 1 });
  expect(second.status).toBe(200);
  expect(await outcomeOfResponse(second)).toEqual(first);
});

test('a failure is replayed, too: the plugin ran', async () => {
  const first = await outcomeOfResponse(await count('failure', {}, 'fail'));
  const second = await count('failure', {}, 'fail');
  expect(second.status).toBe(502);
  expect(await outcomeOfResponse(second)).toEqual(first);
});

test('the same key with other params is IDEMPOTENCY_CONFLICT, and nothing runs', async () => {
  await count('conflict', { a: 1 });
  const second = await count('conflict', { a: 2 });
  expect(second.status).toBe(409);
  expect(await outcomeOfResponse(second)).toMatchObject({
    error: { code: 'IDEMPOTENCY_CONFLICT', kind: 'invalid_input' },
  });
});

test('a key belongs to one tool', async () => {
  await count('per-tool', { a: 1 });
  expect((await count('per-tool', { a: 2 }, 'release')).status).toBe(200);
});

test('while the first call runs the second is 409 with Retry-After; the client may go away and come back for the outcome', async () => {
  const body = JSON.stringify({ params: {}, idempotency_key: 'held' });
  const client = send(started.port, request('counter/hold', body));
  await expect.poll(() => started.host.health('counter')?.state).toBe('RUNNING');
  const second = await count('held', {}, 'hold');
  expect(second.status).toBe(409);
  expect(second.headers.get('retry-after')).toBe('1');
  expect(await outcomeOfResponse(second)).toMatchObject({ error: { code: 'IDEMPOTENCY_RUNNING', retryable: true } });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  client.on('close', () => resolve());
  client.destroy();
  await closed;
  await callTool(started.url, 'counter/release', {});
  await expect.poll(async () => (await count('held', {}, 'hold')).status).toBe(200);
});

test('a call that never reached the plugin frees its key', async () => {
  expect((await callTool(started.url, 'nothing/count', { idempotency_key: 'freed', params: { a: 1 } })).status).toBe(
    404,
  );
  expect((await callTool(started.url, 'nothing/count', { idempotency_key: 'freed', params: { a: 2 } })).status).toBe(
    404,
  );
});

test('where the storage does not answer, a call with a key does not run; one without does', async () => {
  started.storage.fail();
  try {
    const keyed = await count('lost');
    expect(keyed.status).toBe(503);
    expect(await outcomeOfResponse(keyed)).toMatchObject({ error: { code: 'STORAGE_UNAVAILABLE' } });
    expect((await callTool(started.url, 'counter/count', {})).status).toBe(200);
  } finally {
    started.storage.mend();
  }
});

test.each(['', 'k'.repeat(257)])('a key of the wrong length is refused', async (key) => {
  expect((await count(key)).status).toBe(400);
});
