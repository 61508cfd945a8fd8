/** `bulkhead debug DIR` as a debugger has it: the Chrome DevTools Protocol over a websocket, to a guest in the sandbox. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { makeFolder, run, start, writePlugin, type Folder, type Running } from './cli-fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Line 5, which is 4 for the protocol, runs within a call. */
const MAIN = `type Params = { readonly a: number };

function twice(a: number): number {
  const before = 'nothing';
  const doubled = a * 2;
  return doubled + before.length;
}

const parameters = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] };
export default { tools: [{ name: 'twice', description: 'Doubles.', parameters, execute: ({ a }: Params) => twice(a) }] };
`;

type Message = { readonly id?: number; readonly method?: string; readonly params?: Params; readonly result?: Result };
type Params = {
  readonly url?: string;
  readonly sourceMapURL?: string;
  readonly callFrames?: readonly Frame[];
};
type Frame = {
  readonly callFrameId: string;
  readonly functionName: string;
  readonly location: { readonly lineNumber: number; readonly columnNumber: number };
};
type Result = { readonly locations?: readonly unknown[]; readonly result?: { readonly value?: unknown } };

type Debugged = AsyncDisposable &
  Running & {
    readonly dir: string;
    readonly ws: string;
    readonly outcomes: () => readonly unknown[];
    readonly type: (line: string) => void;
  };

async function debug(folder: Folder, main: string, limits: object = {}): Promise<Debugged> {
  const dir = await writePlugin(folder.path, { name: 'looked', main: '', manifest: { main: 'main.ts', limits } });
  await writeFile(join(dir, 'main.ts'), main);
  const running = start(['debug', dir, '--json'], { stdin: 'pipe' });
  const events = (): readonly { readonly event: string; readonly ws?: string }[] =>
    running
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { readonly event: string }); // The tests look at what is inside.
  const found = (): string => events().find(({ event }) => event === 'debugging')?.ws ?? '';
  await expect.poll(found, { timeout: 30_000 }).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/);
  return {
    ...running,
    dir,
    ws: found(),
    outcomes: () => events().filter(({ event }) => event === 'outcome'),
    type: (line) => void running.child.stdin?.write(`${line}\n`),
    [Symbol.asyncDispose]: async () => {
      running.child.kill('SIGTERM');
      await running.ended;
    },
  };
}

type Client = Disposable & {
  readonly ask: (method: string, params?: object) => Promise<Result>;
  /** Waits for the nth event of a method. */
  readonly nth: (method: string, count: number) => Promise<Params>;
  readonly scripts: () => readonly Params[];
};

async function attach(url: string): Promise<Client> {
  const socket = new WebSocket(url);
  const messages: Message[] = [];
  socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(String(data)) as Message)); // CDP's own.
  await once(socket, 'open');
  let lastId = 0;
  const of = (method: string): readonly Message[] => messages.filter((message) => message.method === method);
  return {
    ask: async (method, params = {}) => {
      const id = (lastId += 1);
      socket.send(JSON.stringify({ id, method, params }));
      await expect.poll(() => messages.some((message) => message.id === id), { interval: 5 }).toBe(true);
      const answer = messages.find((message) => message.id === id);
      expect(answer).toHaveProperty('result');
      return answer?.result ?? {};
    },
    nth: async (method, count) => {
      await expect.poll(() => of(method).length, { interval: 5 }).toBeGreaterThanOrEqual(count);
      return of(method)[count - 1]?.params ?? {};
    },
    scripts: () => of('Debugger.scriptParsed').flatMap(({ params }) => (params === undefined ? [] : [params])),
    [Symbol.dispose]: () => socket.close(),
  };
}

/** Where a frame is in the author's files, by the source map that the debugger was given. */
function placeOf(client: Client, paused: Params): unknown {
  const map = client.scripts().find(({ url }) => url === 'bulkhead:artifact')?.sourceMapURL ?? '';
  const json = Buffer.from(map.slice(map.indexOf(',') + 1), 'base64').toString('utf8');
  const { lineNumber = 0, columnNumber = 0 } = paused.callFrames?.[0]?.location ?? {};
  const entry = new SourceMap(JSON.parse(json) as SourceMapPayload).findEntry(lineNumber, columnNumber); // The host's own.
  const { source, line } = {
    source: 'originalSource' in entry ? entry.originalSource : undefined,
    line: 'originalLine' in entry ? entry.originalLine + 1 : undefined,
  };
  return { source, line, name: paused.callFrames?.[0]?.functionName };
}

test('a breakpoint on a line of main.ts binds, is hit by a call, steps, and resumes', async () => {
  await using folder = await makeFolder();
  await using debugged = await debug(folder, MAIN);
  const url = pathToFileURL(join(debugged.dir, 'main.ts')).href;
  using client = await attach(debugged.ws);
  await client.ask('Debugger.enable');
  const { locations } = await client.ask('Debugger.setBreakpointByUrl', { url, lineNumber: 4 });
  expect(locations).toHaveLength(1);
  debugged.type('twice {"a":21}');
  const hit = await client.nth('Debugger.paused', 1);
  expect(placeOf(client, hit)).toEqual({ source: url, line: 5, name: 'twice' });
  const { callFrameId } = hit.callFrames?.[0] ?? {};
  const seen = await client.ask('Debugger.evaluateOnCallFrame', { callFrameId, expression: 'a' });
  expect(seen.result?.value).toBe(21);
  await client.ask('Debugger.stepOver');
  expect(placeOf(client, await client.nth('Debugger.paused', 2))).toMatchObject({ line: 6 });
  expect(debugged.outcomes()).toEqual([]);
  await client.ask('Debugger.resume');
  await expect.poll(debugged.outcomes).toMatchObject([{ outcome: { ok: true, value: 49 } }]);
});

test('a plugin that may hold little memory is debugged like any other: the inspector’s is not its own', async () => {
  await using folder = await makeFolder();
  await using debugged = await debug(folder, MAIN, { memory_mb: 32 });
  debugged.type('twice {"a":21}');
  await expect.poll(debugged.outcomes, { timeout: 10_000 }).toMatchObject([{ outcome: { ok: true, value: 49 } }]);
});

test('the source map shows the author’s files as they are in the folder', async () => {
  await using folder = await makeFolder();
  await using debugged = await debug(folder, MAIN);
  using client = await attach(debugged.ws);
  await client.ask('Debugger.enable');
  const map = client.scripts().find(({ url }) => url === 'bulkhead:artifact')?.sourceMapURL ?? '';
  const json: unknown = JSON.parse(Buffer.from(map.slice(map.indexOf(',') + 1), 'base64').toString('utf8'));
  expect(json).toMatchObject({
    sources: expect.arrayContaining([pathToFileURL(join(debugged.dir, 'main.ts')).href]),
    sourcesContent: expect.arrayContaining([MAIN]),
  });
});

test('a debugger that leaves takes its breakpoints along: what was paused goes on, and the next one may attach', async () => {
  await using folder = await makeFolder();
  await using debugged = await debug(folder, MAIN);
  const url = pathToFileURL(join(debugged.dir, 'main.ts')).href;
  const first = await attach(debugged.ws);
  await first.ask('Debugger.enable');
  await first.ask('Debugger.setBreakpointByUrl', { url, lineNumber: 4 });
  debugged.type('twice {"a":1}');
  await first.nth('Debugger.paused', 1);
  first[Symbol.dispose]();
  await expect.poll(debugged.outcomes).toHaveLength(1);
  using second = await attach(debugged.ws);
  await second.ask('Debugger.enable');
  debugged.type('twice {"a":2}');
  await expect.poll(debugged.outcomes).toHaveLength(2);
});

test('SIGTERM while it stands at a breakpoint ends all with 0', async () => {
  await using folder = await makeFolder();
  await using debugged = await debug(folder, MAIN);
  const url = pathToFileURL(join(debugged.dir, 'main.ts')).href;
  using client = await attach(debugged.ws);
  await client.ask('Debugger.enable');
  await client.ask('Debugger.setBreakpointByUrl', { url, lineNumber: 4 });
  debugged.type('twice {"a":1}');
  await client.nth('Debugger.paused', 1);
  debugged.child.kill('SIGTERM');
  expect((await debugged.ended).code).toBe(0);
});

test('the receipt says debug, and what a debugged guest may reach beside its socket is what every guest may', async () => {
  await using folder = await makeFolder();
  const parameters = `{ type: 'object' }`;
  const main = `export default { tools: [{ name: 'reach', description: 'x', parameters: ${parameters},
    execute: () => fetch('http://127.0.0.1:1') }] };`;
  await using debugged = await debug(folder, main);
  expect(debugged.stdout()).toMatch(/"event":"debugging".*"debug":true/);
  debugged.type('reach');
  await expect.poll(debugged.outcomes).toMatchObject([{ outcome: { ok: false, error: { code: 'ACCESS_REFUSED' } } }]);
});

function statusOf(ws: string, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { port } = new URL(ws);
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

test('a page of a browser may neither list nor attach, and nobody attaches without the path', async () => {
  await using folder = await makeFolder();
  await using debugged = await debug(folder, MAIN);
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const { ws } = debugged;
  const { pathname } = new URL(ws);
  expect(await statusOf(ws, '/json/list', {})).toBe(200);
  expect(await statusOf(ws, '/json/list', { host: 'evil.example' })).toBe(403);
  expect(await statusOf(ws, pathname, { ...upgrade, origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf(ws, pathname, { ...upgrade, host: 'evil.example' })).toBe(403);
  expect(await statusOf(ws, '/00000000-0000-0000-0000-000000000000', upgrade)).toBe(403);
});

test('a plugin that does not load is told with file and line, and exits 1', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'broken', main: `\nthrow new Error('boom');` });
  const { code, stdout } = await run(['debug', dir]);
  expect(stdout).toContain('main.js:2  error  LOAD_FAILED  Error: boom');
  expect(code).toBe(1);
});

test.each([
  ['./not-there', [], './not-there is no folder'],
  ['weather', ['--port', '1'], '--port is of a folder, and weather is a plugin of a running server'],
])('%s %j is wrong usage', async (where, more, said) => {
  const { code, stderr } = await run(['debug', where, ...more]);
  expect(stderr).toContain(said);
  expect(code).toBe(2);
});

test('serve has no way to debug: no option, no key of the configuration', async () => {
  const option = await run(['serve', '--debug']);
  expect(option).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option '--debug'") });
  const key = await run(['serve'], { env: { BULKHEAD__SANDBOX__DEBUG: 'true' } });
  expect(key).toMatchObject({ code: 2, stderr: expect.stringContaining('BULKHEAD__SANDBOX__DEBUG is not known') });
});
