/**
 * Over a real server on this machine; only the clock and the timers of waits are made up.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRandom } from '../statistics/random.ts';
import { createDockerExecutor } from './docker-executor.ts';
import { createDockerStandIn } from './docker-stand-in.fixture.ts';
import { DEEDS, testExecutorConformance } from './executor-conformance.ts';
import { createHttpExecutor, type HttpExecutorOptions } from './http-executor.ts';

type Reply = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

let server: Server;
let url: string;
let reply: Reply;
let asked: { readonly headers: IncomingMessage['headers']; readonly body: unknown }[];

async function listen(answer: Reply): Promise<{ readonly server: Server; readonly url: string }> {
  const listening = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { server: listening, url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/run` }; // It listens on a port.
}
const stop = (listening: Server): Promise<void> =>
  new Promise((resolve) => {
    listening.close(() => resolve());
    listening.closeAllConnections();
  });

beforeAll(async () => {
  ({ server, url } = await listen(async (request, response) => {
    asked.push({ headers: request.headers, body: JSON.parse(await text(request)) as unknown });
    await reply(request, response);
  }));
});
afterAll(() => stop(server));
beforeEach(() => {
  asked = [];
  reply = (_request, response) => void response.end(JSON.stringify(OK));
});

const OK = { success: true, result: 5, duration_ms: 0, stdout: '', stderr: '' };
const systemTimer = (delayMs: number, didElapse: () => void) => {
  const timer = setTimeout(didElapse, delayMs);
  return () => clearTimeout(timer);
};

/** Time that stands still, but for waits between requests: those pass at once. Deadlines of requests never come, unless `isHasty`. */
function madeUpTime(isHasty = false) {
  const waits: number[] = [];
  let nowMs = 0;
  return {
    waits,
    pass: (ms: number) => void (nowMs += ms),
    clock: { now: () => nowMs, wallTime: () => Date.UTC(2026, 0, 1) + nowMs },
    startTimer: (delayMs: number, didElapse: () => void) => {
      if (delayMs === DEADLINE_MS && !isHasty) return () => undefined;
      if (delayMs !== DEADLINE_MS) waits.push(delayMs);
      nowMs += delayMs;
      queueMicrotask(didElapse);
      return () => undefined;
    },
  };
}
/** Of a run of 2 s, with the grace. */
const DEADLINE_MS = 7_000;

function open(more: Partial<HttpExecutorOptions> = {}, time = madeUpTime()) {
  const { clock, startTimer } = time;
  const executor = createHttpExecutor({ url, fetch, clock, startTimer, random: createRandom(1), ...more });
  return { time, run: (signal?: AbortSignal) => executor.execute('f.ts', 'add', [2, { a: 3 }], 2, 64, { signal }) };
}
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Reply =>
  (_request, response) =>
    void response.writeHead(code, headers).end('no');

test('a run is one request of the form that the contract has, and its answer the execution [X002-12] [F002-6]', async () => {
  expect(await open({ token: 'sesame' }).run()).toEqual(OK);
  expect(asked).toMatchObject([
    {
      headers: { 'content-type': 'application/json', authorization: 'Bearer sesame' },
      body: { file_path: 'f.ts', func_name: 'add', args: [2, { a: 3 }], timeout_s: 2, mem_mb: 64 },
    },
  ]);
});

test.for([429, 500, 502, 503, 504])(
  'status %i is asked again three times, after waits that double [X002-12]',
  async (code) => {
    reply = status(code);
    const { run, time } = open();
    expect(await run()).toMatchObject({ success: false, error: `${url} answered with status ${code}` });
    expect(asked).toHaveLength(4);
    for (const [n, waitMs] of time.waits.entries())
      expect(Math.abs(waitMs / (500 * 2 ** n) - 1)).toBeLessThanOrEqual(0.1);
    expect(time.waits).toHaveLength(3);
    const again = open();
    await again.run();
    expect(again.time.waits).toEqual(time.waits);
  },
);

test('the server says when it is worth another try, and the next answer counts [X002-12]', async () => {
  const after = ['3', 'Thu, 01 Jan 2026 00:00:08 GMT', '999999'];
  reply = (_request, response) => {
    const header = after[asked.length - 1];
    if (header === undefined) response.end(JSON.stringify(OK));
    else response.writeHead(503, { 'retry-after': header }).end();
  };
  const { run, time } = open();
  expect(await run()).toMatchObject({ success: true });
  expect(time.waits).toEqual([3_000, 5_000, 60_000]);
});

test.for([
  [400, 'invalid_request'],
  [401, 'authentication_error'],
  [403, 'authentication_error'],
  [404, 'invalid_request'],
  [422, 'invalid_input'],
  [418, 'invalid_request'],
] as const)('status %i is %s, and not asked again [X002-12]', async ([code, type]) => {
  reply = status(code);
  expect(await open().run()).toMatchObject({ success: false, error_type: type, error_code: type });
  expect(asked).toHaveLength(1);
});

test('a redirect is not followed', async () => {
  reply = status(307, { location: `${url}/elsewhere` });
  expect(await open().run()).toMatchObject({
    error_type: 'invalid_request',
    error: expect.stringContaining('a redirect'),
  });
  expect(asked).toHaveLength(1);
});

test.for<[string, string, string]>([
  ['<html>', 'infrastructure', 'no JSON'],
  ['{"success":"yes"}', 'parse_error', 'success is a string'],
  ['[]', 'parse_error', 'the answer is a list'],
])('the answer %j is %s', async ([body, type, message]) => {
  reply = (_request, response) => void response.end(body);
  expect(await open().run()).toMatchObject({ error_type: type, error: expect.stringContaining(message) });
});

test('an answer without end is cut at its bound', async () => {
  let isLeft = false;
  reply = (_request, response) => {
    response.on('close', () => (isLeft = true));
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', write);
    write();
  };
  expect(await open().run()).toMatchObject({
    error_type: 'parse_error',
    error: expect.stringContaining('larger than'),
  });
  await expect.poll(() => isLeft).toBe(true);
});

test('a server that stays silent is left at the deadline, and its silence is held against nobody', async () => {
  reply = () => undefined;
  const { run } = open({}, madeUpTime(true));
  expect(await run()).toMatchObject({
    error_type: 'infrastructure',
    error: `${url} did not answer within 2 s and 5000 ms more`,
  });
});

test('a server that is not there is unavailable', async () => {
  const gone = await listen(() => undefined);
  await stop(gone.server);
  expect(await open({ url: gone.url }).run()).toMatchObject({ error_type: 'unavailable', error_code: 'UNAVAILABLE' });
});

test('a server that fails five times is not asked for a minute, and two answers close the breaker [X002-12]', async () => {
  reply = status(503);
  const { run, time } = open();
  for (let n = 0; n < 5; n += 1) await run();
  const before = asked.length;
  expect(await run()).toMatchObject({ error_type: 'circuit_breaker_open', error_code: 'circuit_breaker_open' });
  expect(asked).toHaveLength(before);
  time.pass(60_000);
  reply = (_request, response) => void response.end(JSON.stringify(OK));
  expect([(await run()).success, (await run()).success, (await run()).success]).toEqual([true, true, true]);
});

test('a wrong request, or one that is called off, opens no breaker', async () => {
  reply = status(401);
  const { run } = open();
  for (let n = 0; n < 6; n += 1) expect(await run()).toMatchObject({ error_type: 'authentication_error' });
  reply = () => undefined;
  const controller = new AbortController();
  const running = run(controller.signal);
  await expect.poll(() => asked.length).toBe(7);
  controller.abort();
  expect(await running).toMatchObject({ error_type: 'cancelled' });
});

test('the token stands in no answer, whatever the server sends back', async () => {
  reply = ({ headers }, response) =>
    void response.end(
      JSON.stringify({ success: false, error: `bad ${headers.authorization}`, stdout: 'sesame', stderr: 'sesame' }),
    );
  const execution = await open({ token: 'sesame' }).run();
  expect(JSON.stringify(execution)).not.toContain('sesame');
  expect(execution.error).toBe('bad Bearer [REDACTED]');
  expect(() => open({ token: 'open sesame\n' })).toThrow(/^the token is not of 1 to 4,096 visible ASCII characters$/);
});

test.for<[string, string]>([
  ['ftp://127.0.0.1/', 'no https URL'],
  ['no url', 'no https URL'],
  ['http://example.com/run?key=1', 'option url is http://example.com/run; expected https'],
  ['http://127.0.0.1.example.com/', 'expected https'],
  ['https://user:pass@example.com/', 'holds a user or password'],
])('%s is refused', ([odd, message]) => {
  expect(() => open({ url: odd })).toThrow(
    expect.objectContaining({ code: 'EXECUTOR_INVALID', message: expect.stringContaining(message) }),
  );
});

test('http of another machine is taken where that is allowed, and https always', () => {
  expect(() => [
    open({ url: 'http://example.com', isInsecureAllowed: true }),
    open({ url: 'https://example.com' }),
  ]).not.toThrow();
});

testExecutorConformance('http', async () => {
  const standIn = await createDockerStandIn();
  const createNonce = (): string => randomBytes(16).toString('hex');
  const inner = createDockerExecutor({
    clock: performance,
    startTimer: systemTimer,
    createNonce,
    command: standIn.command,
  });
  const runner = await listen(async (request, response) => {
    const controller = new AbortController();
    response.on('close', () => controller.abort());
    // Our own executor sent it.
    const body = JSON.parse(await text(request)) as {
      file_path: string;
      func_name: string;
      args: [];
      timeout_s: number;
      mem_mb: number;
    };
    const { signal } = controller;
    const execution = await inner.execute(body.file_path, body.func_name, body.args, body.timeout_s, body.mem_mb, {
      signal,
    });
    response.end(JSON.stringify(execution));
  });
  const clock = { now: () => performance.now(), wallTime: () => Date.now() };
  return {
    executor: createHttpExecutor({ url: runner.url, fetch, clock, startTimer: systemTimer, random: createRandom(1) }),
    implementation: (deed) => `${DEEDS[deed]}\n`,
    [Symbol.asyncDispose]: async () => {
      await stop(runner.server);
      await inner.close?.();
      await standIn[Symbol.asyncDispose]();
    },
  };
});
