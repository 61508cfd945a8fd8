import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, serve, start, writePlugin, type Folder, type Running, type Served } from './cli-fixture.ts';

const MAIN = `
let waiting = 0;
const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('greet', ({ name = 'you' }) => 'Hello, ' + name),
  tool('steps', async (_, { progress }) => { progress(1, { total: 2 }); await new Promise((done) => setTimeout(done, 150)); progress(2, { total: 2 }); return 'done'; }),
  tool('asks', async (_, { client }) => (await client.elicit({ message: 'Who?', requestedSchema: { type: 'object', properties: {} } })).action),
  tool('waits', (_, { signal }) => new Promise((resolve) => { waiting += 1; signal.addEventListener('abort', () => { waiting -= 1; resolve(); }); })),
  tool('counts', () => waiting),
] };`;
const TOKEN = 'a-platform-token-that-is-long-enough';

let folder: Folder;
let served: Served;
let tokenFile: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writePlugin(join(folder.path, 'plugins'), { name: 'helper', main: MAIN });
  tokenFile = join(folder.path, 'mine');
  await writeFile(tokenFile, `${TOKEN}\n`);
  const places = ['--plugins', join(folder.path, 'plugins'), '--data', join(folder.path, 'data')];
  served = await serve(places, { env: { BULKHEAD_TOKEN: TOKEN } });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

type Message = Readonly<Record<string, unknown>>;

/** A bridge that runs, what it wrote, and a way to write to it. */
type Bridge = AsyncDisposable &
  Running & { readonly send: (message: object) => void; readonly said: () => readonly Message[] };

function openBridge(...more: readonly string[]): Bridge {
  const args = ['mcp', '--server', served.ready.url, '--token-file', tokenFile, ...more];
  const running = start(args, { stdin: 'pipe' });
  return {
    ...running,
    send: (message) => running.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    said: () =>
      running
        .stdout()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Message),
    [Symbol.asyncDispose]: async () => {
      running.child.stdin?.end();
      await running.ended;
    },
  };
}

const answerTo = (bridge: Bridge, id: number): (() => Message | undefined) => {
  return () => bridge.said().find((message) => message['id'] === id && !('method' in message));
};

async function begin(bridge: Bridge): Promise<void> {
  const params = {
    ...{ protocolVersion: '2025-11-25', capabilities: { elicitation: {} } },
    clientInfo: { name: 'test', version: '1' },
  };
  bridge.send({ id: 1, method: 'initialize', params });
  await expect.poll(answerTo(bridge, 1)).toMatchObject({ result: { serverInfo: { name: 'bulkhead' } } });
  bridge.send({ method: 'notifications/initialized' });
}

test('tools are listed and called through it, with progress, and nothing else is on standard output', async () => {
  await using bridge = openBridge('--plugin', 'helper');
  await begin(bridge);
  bridge.send({ id: 2, method: 'tools/call', params: { name: 'greet', arguments: { name: 'Ada' } } });
  await expect.poll(answerTo(bridge, 2)).toMatchObject({ result: { content: [{ text: 'Hello, Ada' }] } });
  bridge.send({ id: 3, method: 'tools/call', params: { name: 'steps', _meta: { progressToken: 'p' } } });
  await expect.poll(answerTo(bridge, 3)).toMatchObject({ result: { content: [{ text: 'done' }] } });
  expect(bridge.said()).toContainEqual(
    expect.objectContaining({
      method: 'notifications/progress',
      params: { progress: 1, total: 2, progressToken: 'p' },
    }),
  );
  expect(bridge.said().every((message) => message['jsonrpc'] === '2.0')).toBe(true);
});

test('what a tool asks reaches the client, and its answer the tool', async () => {
  await using bridge = openBridge('--plugin', 'helper');
  await begin(bridge);
  bridge.send({ id: 2, method: 'tools/call', params: { name: 'asks' } });
  const asked = (): Message | undefined => bridge.said().find(({ method }) => method === 'elicitation/create');
  await expect.poll(asked).toMatchObject({ params: { message: 'Who?' } });
  bridge.send({ id: asked()?.['id'], result: { action: 'decline' } });
  await expect.poll(answerTo(bridge, 2)).toMatchObject({ result: { content: [{ text: 'decline' }] } });
});

test('a request that is cancelled ends at the server, while others go on', async () => {
  await using bridge = openBridge('--plugin', 'helper');
  await begin(bridge);
  let id = 10;
  const counts = async (): Promise<unknown> => {
    id += 1;
    bridge.send({ id, method: 'tools/call', params: { name: 'counts' } });
    await expect.poll(answerTo(bridge, id)).toBeDefined();
    return answerTo(bridge, id)()?.['result'];
  };
  bridge.send({ id: 2, method: 'tools/call', params: { name: 'waits' } });
  await expect.poll(counts).toMatchObject({ content: [{ text: '1' }] });
  bridge.send({ method: 'notifications/cancelled', params: { requestId: 2 } });
  await expect.poll(counts).toMatchObject({ content: [{ text: '0' }] });
});

test('it ends well when its input does, and says where messages go on standard error', async () => {
  const bridge = openBridge();
  await begin(bridge);
  bridge.child.stdin?.end();
  const { code, stderr } = await bridge.ended;
  expect(code).toBe(0);
  expect(stderr).toBe(`passing messages on to ${served.ready.url}/mcp\n`);
});

test('a line that is no message is answered as one', async () => {
  await using bridge = openBridge();
  bridge.child.stdin?.write('hello\n');
  await expect.poll(bridge.said).toMatchObject([{ id: null, error: { code: -32_700 } }]);
});

test.each([
  ['a wrong token', async () => ['--token', 'a-wrong-token-that-is-long-enough-to-be-one'], 'refused the token'],
  ['a server that is not there', async () => ['--server', 'http://127.0.0.1:9'], 'is the server running?'],
])('with %s each request is answered with an error that says so', async (_what, more, why) => {
  const args = ['mcp', '--server', served.ready.url, '--token', TOKEN, ...(await more())];
  const running = start(args, { stdin: 'pipe' });
  running.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/list' })}\n`);
  await expect.poll(running.stdout).toContain('"id":5');
  expect(JSON.parse(running.stdout())).toMatchObject({ error: { message: expect.stringContaining(why) as string } });
  running.child.stdin?.end();
  expect(await running.ended).toMatchObject({ code: 0, stderr: expect.stringContaining(why) as string });
});

test('without a token it says how to give one', async () => {
  const args = ['mcp', '--server', 'http://example.com', '--plugin', 'helper'];
  const ended = await run(args, { cwd: folder.path, env: { BULKHEAD_TOKEN: '' } });
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--token-file') as string });
  const missing = await run([...args, '--token-file', 'nowhere'], { cwd: folder.path });
  expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('ENOENT') as string });
});
