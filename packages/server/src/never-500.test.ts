/**
 * The promise of rule 4 as a property: whatever bytes arrive, no answer is a server error that the contract does not know,
 * and the server answers the next client.
 */
import fc from 'fast-check';
import { join } from 'node:path';
import { createMemoryTaskQueue } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchange, REPOSITORY, startServer, statusesOf, TOKEN, type TestServer } from './server-fixture.ts';

let started: TestServer;
beforeAll(async () => {
  const tasks = createMemoryTaskQueue();
  started = await startServer({ plugins: [join(REPOSITORY, 'plugins/calculator')], tasks });
});
afterAll(() => started[Symbol.asyncDispose]());

/** DESIGN 4: the only statuses from 500 on, each of an outcome. `plugins/calculator` gives no reason for 503 and 504. */
const OUTCOME_STATUSES = [502];

const nasty = fc.constantFrom(
  '..%2f',
  '%00',
  '%zz',
  '%',
  '%ff',
  '//',
  '/../',
  '?',
  ';',
  '__proto__',
  '%2e%2e',
  'a'.repeat(10_000),
  String.raw`\\`,
  '*',
  ':name',
);
const word = fc.constantFrom(
  'v1',
  'plugins',
  'tools',
  'calculator',
  'add',
  'call',
  'health',
  'api',
  'reload',
  'tasks',
  'worker',
);
const text = fc.string({ maxLength: 20 }).map((any) => any.replaceAll(/[^\x21-\x7e]/g, ''));
const segment = fc.oneof(nasty, text, word);
const path = fc.array(segment, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`);
const prefix = fc.constantFrom('/v1/plugins/', '/v1/tools/', '/api/v1/plugins/', '/v1/tasks/', '/v1/worker/');
const suffix = fc.constantFrom('/health', '/add/call', '/reload', '');
const nearRoute = fc.tuple(prefix, segment, suffix).map((parts) => parts.join(''));
const route = fc.constantFrom(
  '/v1/plugins',
  '/v1/tools',
  '/v1/tools/calculator/add/call',
  '/v1/tools/calculator/divide/call',
  '/metrics',
  '/openapi.json',
  '/api/v1/plugins/calculator/reload',
  '/v1/tasks',
  '/v1/tasks/0123456789abcdef?wait_ms=1',
  '/v1/worker/claim',
  '/v1/worker/heartbeat',
  '/v1/worker/complete',
  '/api/v1/tasks?limit=1&state=dead',
  '/api/v1/tasks/backlog',
  '/api/v1/tasks/dead/retry',
);
const target = fc.oneof(path, nearRoute, { weight: 3, arbitrary: route });
const method = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('GET', 'POST') },
  fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY', 'CONNECT', 'FROB', ''),
);
const header = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      `authorization: Bearer ${TOKEN}`,
      'content-type: application/json',
      'content-type: application/json; charset=utf-8',
      'content-type: text/plain',
      'accept-version: 1.x',
      'expect: 100-continue',
      'x-bulkhead-tenant: nobody',
    ),
  },
  fc.constantFrom(
    'authorization: Bearer wrong',
    'content-type: ',
    'expect: something',
    'upgrade: websocket\r\nconnection: upgrade',
    'transfer-encoding: chunked',
    'transfer-encoding: gzip',
    'content-length: 5',
    'content-length: -1',
    'host: evil.example',
    `x-long: ${'b'.repeat(9_000)}`,
    'no colon at all',
  ),
);
const call = fc.constantFrom(
  '{"params":{"a":1,"b":2}}',
  '{"params":{"a":1,"b":0}}',
  '{"idempotency_key":"k"}',
  '{"__proto__":1}',
  '{"kind":"execute","payload":{"a":"\\u0000"}}',
  '{"worker_id":"w","tags":[],"lease_ms":1000,"wait_ms":1}',
  '{"lease":"x","lease_ms":1000}',
  '{"kind":"execute"}',
);
const body = fc.oneof(
  fc.constant(''),
  call,
  fc.json(),
  fc.string({ maxLength: 40 }),
  fc.constant('5\r\nhello\r\n0\r\n\r\n'),
);

/** Half of the requests hold a token and the right content type, so that they get past the door. */
const headers = fc
  .tuple(fc.boolean(), fc.array(header, { maxLength: 3 }))
  .map(([isMeant, more]) =>
    isMeant ? [`authorization: Bearer ${TOKEN}`, 'content-type: application/json', ...more] : more,
  );

const wellFormed = fc.record({ method, target, headers, body }).map((parts) => {
  const bodyBytes = Buffer.from(parts.body);
  const hasLength = parts.headers.some((line) => /^(transfer-encoding|content-length)/.test(line));
  const length = hasLength ? '' : `content-length: ${bodyBytes.length}\r\n`;
  const lines = parts.headers.map((line) => `${line}\r\n`).join('');
  const head = `${parts.method} ${parts.target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${lines}${length}\r\n`;
  return Buffer.concat([Buffer.from(head), bodyBytes]);
});
const garbage = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));

async function assertSurvives(bytes: Buffer): Promise<void> {
  // The second request ends a first one that waits for more: it is read as its body, or refused.
  const ending = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
  const answer = await exchange(started.port, Buffer.concat([bytes, Buffer.from(`\r\n\r\n${ending.repeat(3)}`)]));
  const wrong = statusesOf(answer).filter((status) => status >= 500 && !OUTCOME_STATUSES.includes(status));
  expect(wrong).toEqual([]);
  expect((await fetch(`${started.url}/healthz`)).status).toBe(200);
}

test(
  '[F001-21, F001-24] no request yields a server error that the contract does not know',
  { timeout: 120_000 },
  async () => {
    await fc.assert(fc.asyncProperty(wellFormed, assertSurvives), { numRuns: 500 });
  },
);

test(
  '[F001-1] bytes that are no request are answered or dropped, and the server goes on',
  { timeout: 60_000 },
  async () => {
    await fc.assert(fc.asyncProperty(garbage, assertSurvives), { numRuns: 150 });
  },
);

test('[F001-20] health of any name is 200 or 404, also while the storage fails', { timeout: 60_000 }, async () => {
  started.storage.fail();
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(nasty, fc.string({ maxLength: 30 }), word).filter((name) => !/[?#]/.test(name)),
        async (name) => {
          const answer = await exchange(
            started.port,
            Buffer.from(
              `GET /v1/plugins/${name}/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
              'utf8',
            ),
          );
          // Node's parser refuses bytes that no request target may have, before there is a name.
          const allowed = /^[\x21-\x7e]*$/.test(name) ? [200, 404] : [200, 404, 400];
          expect(allowed).toContain(statusesOf(answer)[0]);
        },
      ),
      { numRuns: 200 },
    );
  } finally {
    started.storage.mend();
  }
});

/** Names that a router, a decoder or a file system could trip over; each is one segment of a path. */
const weirdName = fc.oneof(
  fc.constantFrom(
    ...[
      '..%2f',
      '..%5c',
      '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '..%252f',
      '%00',
      'calculator%00',
      '%zz',
      '%',
      '%f',
      '%ff%fe',
    ],
    ...[
      '%c0%af',
      '%ed%a0%80',
      '%f0%9f%a6%8a',
      '%e2%80%ae',
      '%0d%0ax-forged:%201',
      '__proto__',
      'constructor',
      '~',
      '%20',
      '*',
    ],
  ),
  fc.constantFrom('a', '%41', '%f0%9f%a6%8a').map((unit) => unit.repeat(Math.floor(10_000 / unit.length))),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((bytes) => `%${Buffer.from(bytes).toString('hex').match(/../g)?.join('%')}`),
);
const isSegment = (name: string): boolean => name !== '' && name !== '.' && name !== '..';

type Ask = { readonly method: string; readonly path: string; readonly body?: string };

async function answerOf({
  method,
  path: at,
  body: sent = '',
}: Ask): Promise<{ readonly status: number; readonly json: unknown }> {
  const head = `${method} ${at} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer ${TOKEN}\r\n`;
  const typed = sent === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(sent)}\r\n`;
  const answer = await exchange(started.port, `${head}${typed}\r\n${sent}`);
  const [status = 0] = statusesOf(answer);
  return { status, json: JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) };
}

function isDecodable(name: string): boolean {
  try {
    decodeURIComponent(name);
    return true;
  } catch {
    return false;
  }
}

test.each(['works', 'fails'])(
  '[F001-21, F001-22, F001-24] weird names of plugins and tools are not found, or no names, on every plane, while the storage %s',
  { timeout: 120_000 },
  async (storage) => {
    if (storage === 'fails') started.storage.fail();
    const name = weirdName.filter(isSegment);
    const shortName = name.filter(({ length }) => length < 1_000);
    const told = (fields: object): unknown => expect.objectContaining(fields);
    try {
      await fc.assert(
        fc.asyncProperty(name, shortName, async (plugin, tool) => {
          const health = await answerOf({ method: 'GET', path: `/v1/plugins/${plugin}/health` });
          expect(health).toEqual({ status: 404, json: told({ detail: 'Plugin not found', code: 'PLUGIN_NOT_FOUND' }) });
          const reload = await answerOf({ method: 'POST', path: `/api/v1/plugins/${plugin}/reload` });
          expect(reload.status).toBe(isDecodable(plugin) ? 404 : 400);
          const [ofNone, ofOne] = [`${plugin}/${tool}`, `calculator/${plugin}`];
          for (const at of [ofNone, ofOne]) {
            const call = await answerOf({ method: 'POST', path: `/v1/tools/${at}/call`, body: '{}' });
            expect(call.status).toBe(isDecodable(at) ? 404 : 400);
            expect(call.json).toMatchObject({ ok: false, call: { plugin: expect.any(String) } });
          }
        }),
        { numRuns: 150 },
      );
    } finally {
      started.storage.mend();
    }
  },
);
