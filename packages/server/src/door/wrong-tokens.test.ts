/**
 * [FAULTS 106] Guessing at the token costs the guesser, and nobody else.
 */
import { request as send } from 'node:http';
import { LIMITS } from '@bulkhead/protocol';
import fastify from 'fastify';
import { afterEach, expect, test, vi } from 'vitest';
import { startServer, TOKEN, type TestServer } from '../server-fixture.ts';
import { openTokenGate } from './wrong-tokens.ts';

const FAILURES_MAX = LIMITS.token_failures.value;
const WRONG = 'not-the-platform-token-but-as-long-as-it';

type Answer = { readonly status: number; readonly retryAfter: string | undefined; readonly body: unknown };
type Asked = { readonly path?: string; readonly method?: string; readonly token?: string; readonly from?: string };

/** Asks over a connection of its own, from an address of loopback. */
async function ask(started: TestServer, asked: Asked = {}): Promise<Answer> {
  const { path = '/v1/tools', method = 'GET', token = WRONG, from = '127.0.0.1' } = asked;
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = send(
    { host: '127.0.0.1', port: started.port, path, method, headers, localAddress: from, agent: false },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => (text += more));
      const { statusCode: status = 0, headers: answered } = response;
      response.on('end', () => resolve({ status, retryAfter: answered['retry-after'], body: JSON.parse(text) }));
    },
  );
  sent.on('error', reject).end();
  return promise;
}

async function exhaust(started: TestServer): Promise<void> {
  for (let failure = 0; failure < FAILURES_MAX; failure += 1) expect((await ask(started)).status).toBe(401);
}

test('after too many wrong tokens from an address the next is 429, which says when to try again', async () => {
  await using started = await startServer();
  await exhaust(started);
  const { status, retryAfter, body } = await ask(started);
  expect(status).toBe(429);
  expect(Number(retryAfter)).toBeGreaterThan(0);
  expect(Number(retryAfter)).toBeLessThanOrEqual(LIMITS.token_failure_window_ms.value / 1_000);
  expect(body).toMatchObject({ ok: false, error: { kind: 'denied', code: 'AUTH_ATTEMPTS_EXCEEDED' } });
  const reload = await ask(started, { path: '/api/v1/plugins/x/reload', method: 'POST' });
  expect(reload.body).toEqual({ detail: expect.any(String), code: 'AUTH_ATTEMPTS_EXCEEDED', hint: expect.any(String) });
  expect(reload.retryAfter).toBeDefined();
});

test('the right token passes behind an address that guessed too often', async () => {
  await using started = await startServer();
  await exhaust(started);
  expect((await ask(started)).status).toBe(429);
  expect((await ask(started, { token: TOKEN })).status).toBe(200);
});

test('right tokens and missing ones are never counted', async () => {
  await using started = await startServer();
  for (let asked = 0; asked <= FAILURES_MAX; asked += 1) {
    expect((await ask(started, { token: TOKEN })).status).toBe(200);
    expect((await ask(started, { token: '' })).status).toBe(401);
  }
  expect((await ask(started)).status).toBe(401);
});

test('a guesser holds back its own address alone', async () => {
  await using started = await startServer();
  await exhaust(started);
  expect((await ask(started)).status).toBe(429);
  expect((await ask(started, { from: '127.0.0.2' })).status).toBe(401);
});

test('[F001-19, F001-20] the health plane answers a guesser as it answers everybody', async () => {
  await using started = await startServer();
  await exhaust(started);
  expect((await ask(started)).status).toBe(429);
  expect((await ask(started, { path: '/v1/plugins' })).status).toBe(200);
  expect((await ask(started, { path: '/v1/plugins/x/health' })).status).toBe(404);
});

test('the operator reads of it once, with the address and without the token', async () => {
  await using started = await startServer();
  await exhaust(started);
  for (let more = 0; more < 3; more += 1) await ask(started);
  const told = started.logged.filter(({ message }) => message === 'too many wrong tokens from one address');
  expect(told).toEqual([expect.objectContaining({ level: 'warn', fields: { address: '127.0.0.1' } })]);
  expect(JSON.stringify(started.logged)).not.toContain(WRONG);
});

afterEach(() => void vi.useRealTimers());

/** The gate alone, for what needs a thousand addresses or a minute. */
async function openGate() {
  const app = fastify();
  const refuse = await openTokenGate(app, { warn: () => undefined });
  app.get('/', async (request) => ({ code: (await refuse(request)).code }));
  const guessFrom = async (remoteAddress: string): Promise<unknown> =>
    (await app.inject({ url: '/', remoteAddress })).json();
  return { guessFrom, [Symbol.asyncDispose]: () => app.close() };
}

const REFUSED = { code: 'AUTH_REQUIRED' };
const HELD_BACK = { code: 'AUTH_ATTEMPTS_EXCEEDED' };

test('an address is held back until its window is over', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await using gate = await openGate();
  for (let failure = 0; failure < FAILURES_MAX; failure += 1) await gate.guessFrom('192.0.2.1');
  expect(await gate.guessFrom('192.0.2.1')).toEqual(HELD_BACK);
  vi.advanceTimersByTime(LIMITS.token_failure_window_ms.value - 1);
  expect(await gate.guessFrom('192.0.2.1')).toEqual(HELD_BACK);
  vi.advanceTimersByTime(1);
  expect(await gate.guessFrom('192.0.2.1')).toEqual(REFUSED);
});

test('addresses of one IPv6 network are one guesser, and an IPv4 address is the same in either form', async () => {
  await using gate = await openGate();
  for (let failure = 0; failure < FAILURES_MAX; failure += 1) await gate.guessFrom(`2001:db8::${failure}`);
  expect(await gate.guessFrom('2001:db8::ffff')).toEqual(HELD_BACK);
  expect(await gate.guessFrom('2001:db8:0:1::1')).toEqual(REFUSED);
  for (let failure = 0; failure < FAILURES_MAX; failure += 1) await gate.guessFrom('::ffff:192.0.2.9');
  expect(await gate.guessFrom('192.0.2.9')).toEqual(HELD_BACK);
});

test('so many addresses are remembered and no more: the one that was silent longest is forgotten', async () => {
  await using gate = await openGate();
  for (let failure = 0; failure <= FAILURES_MAX; failure += 1) await gate.guessFrom('192.0.2.1');
  const others = LIMITS.token_failure_addresses.value;
  for (let other = 1; other < others; other += 1) await gate.guessFrom(`10.0.${other >> 8}.${other & 255}`);
  expect(await gate.guessFrom('192.0.2.1')).toEqual(HELD_BACK);
  for (let other = 0; other < others; other += 1) await gate.guessFrom(`10.1.${other >> 8}.${other & 255}`);
  expect(await gate.guessFrom('192.0.2.1')).toEqual(REFUSED);
});
