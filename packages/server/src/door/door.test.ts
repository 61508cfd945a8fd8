import { once } from 'node:events';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '@bulkhead/protocol';
import { exchange, startServer, statusesOf, TOKEN, type TestServer } from '../server-fixture.ts';

/** Routes that anybody may use; every other refuses without a token (FAULTS 103). */
const RESOURCE = '/.well-known/oauth-protected-resource';
const PUBLIC = [
  ...['/v1/plugins', '/v1/plugins/:name/health', '/healthz', '/readyz', '/metrics', '/openapi.json'],
  ...[RESOURCE, `${RESOURCE}/mcp`, `${RESOURCE}/mcp/:plugin`],
];

let started: TestServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started[Symbol.asyncDispose]());

const authorized = { authorization: `Bearer ${TOKEN}` };

test('every route is in the public list or refuses without a token, and whatever else stands in its place', async () => {
  const tokens = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    TOKEN,
  ];
  expect(started.server.routes.length).toBeGreaterThan(PUBLIC.length);
  for (const [index, { method, path }] of started.server.routes.entries()) {
    const target = path.replaceAll(/:\w+/g, 'x');
    for (const authorization of tokens) {
      const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
      // Wrong tokens are counted by address, and so many from one would be held back.
      const status = await statusFrom(`127.0.1.${index + 1}`, target, { method, headers });
      if (PUBLIC.includes(path)) expect([200, 404], `${method} ${path}`).toContain(status);
      else expect(status, `${method} ${path} with ${authorization}`).toBe(401);
    }
  }
});

/** Sends a request from an address of this machine, and returns the status of its answer. */
async function statusFrom(localAddress: string, path: string, options: RequestOptions): Promise<number | undefined> {
  const sent = request(started.url + path, { ...options, localAddress, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // As Node says.
  response.resume();
  return response.statusCode;
}

test('a missing token is AUTH_REQUIRED: an outcome on the data plane, an error body elsewhere', async () => {
  const call = await fetch(`${started.url}/v1/tools/calculator/add/call`, { method: 'POST' });
  expect(call.status).toBe(401);
  expect(call.headers.get('www-authenticate')).toBe('Bearer');
  expect(await call.json()).toMatchObject({
    ok: false,
    error: { kind: 'denied', code: 'AUTH_REQUIRED' },
    call: { plugin: 'calculator', target: 'add' },
  });
  const reload = await fetch(`${started.url}/api/v1/plugins/x/reload`, { method: 'POST' });
  expect(reload.status).toBe(401);
  expect(await reload.json()).toEqual({
    detail: expect.any(String),
    code: 'AUTH_REQUIRED',
    hint: expect.any(String),
  });
});

test('the scheme of the token is read in any case', async () => {
  const response = await fetch(`${started.url}/v1/tools`, { headers: { authorization: `bEARER  ${TOKEN}` } });
  expect(response.status).toBe(200);
});

test.each(['other', 'DEFAULT', '../default'])('the tenant "%s" does not exist', async (tenant) => {
  const headers = { ...authorized, 'x-bulkhead-tenant': tenant };
  const response = await fetch(`${started.url}/v1/tools`, { headers });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { code: 'TENANT_NOT_FOUND' } });
});

test('the tenant of the header may be the one there is', async () => {
  const headers = { ...authorized, 'x-bulkhead-tenant': 'default' };
  expect((await fetch(`${started.url}/v1/tools`, { headers })).status).toBe(200);
});

function get(host: string | undefined, more = ''): string {
  return `GET /v1/plugins HTTP/1.${host === undefined ? 0 : 1}\r\n${host === undefined ? '' : `host: ${host}\r\n`}connection: close\r\n${more}\r\n`;
}

test.each(['localhost', 'localhost:7070', '127.0.0.1', '127.8.8.8:1', '[::1]:7070', 'LOCALHOST'])(
  'bound to loopback, a request for %s is answered',
  async (host) => {
    expect(statusesOf(await exchange(started.port, get(host)))).toEqual([200]);
  },
);

test.each([
  'evil.example',
  'evil.example:7070',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  '10.0.0.1',
  '[::2]',
])('bound to loopback, a request for %s is refused: a page that rebinds its name reads nothing', async (host) => {
  const answer = await exchange(started.port, get(host));
  expect(statusesOf(answer)).toEqual([403]);
  expect(answer).toContain('HOST_HEADER_REFUSED');
});

test('a request without a Host header names no other server', async () => {
  expect(statusesOf(await exchange(started.port, get(undefined)))).toEqual([200]);
});

test('bound to every address, any name is answered', async () => {
  await using open = await startServer({ at: '0.0.0.0' });
  expect(statusesOf(await exchange(open.port, get('bulkhead.example')))).toEqual([200]);
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense', '*/*'])(
  'a body of type %s is 415: what a browser sends across sites unasked is never read',
  async (type) => {
    const response = await fetch(`${started.url}/v1/tools/x/y/call`, {
      method: 'POST',
      headers: { ...authorized, 'content-type': type },
      body: '{}',
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ error: { code: 'REQUEST_TYPE_UNSUPPORTED' } });
  },
);

test('more headers than the bound are 431', async () => {
  const flood = Array.from({ length: LIMITS.http_headers.value }, (_, index) => `x-${index}: 1\r\n`).join('');
  const answer = await exchange(started.port, get('localhost', flood));
  expect(statusesOf(answer)).toEqual([431]);
  expect(answer).toContain('REQUEST_HEADERS_TOO_LARGE');
});

test('longer headers than the bound are 431', async () => {
  const answer = await exchange(
    started.port,
    get('localhost', `x-long: ${'a'.repeat(LIMITS.http_header_bytes.value)}\r\n`),
  );
  expect(statusesOf(answer)).toEqual([431]);
  expect(answer).toContain('REQUEST_HEADERS_TOO_LARGE');
});

test('headers that dribble in are given up on after their time', { timeout: 20_000 }, async () => {
  const answer = await exchange(started.port, 'GET /v1/plugins HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
  expect(statusesOf(answer)).toEqual([408]);
  expect(answer).toContain('REQUEST_TIMEOUT');
});

test.each([
  ['POST', '/v1/plugins'],
  ['DELETE', '/v1/plugins/x/health'],
  ['PUT', '/nowhere'],
  ['OPTIONS', '/v1/tools'],
])('%s %s is no route', async (method, path) => {
  const response = await fetch(started.url + path, { method });
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('ROUTE_NOT_FOUND');
});

test('no answer lets another site read it', async () => {
  const response = await fetch(`${started.url}/v1/plugins`, { headers: { origin: 'https://evil.example' } });
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});
