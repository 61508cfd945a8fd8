/**
 * What is answered here is what the library answers: each request is sent twice, once as it is taken here, once with a member in it that
 * leaves it to the library, which does not look at that member.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { healthOf, startServer, TOKEN, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `
const tool = (name, execute, more = {}) => ({ name, description: name, parameters: { type: 'object' }, execute, ...more });
const OBJECT = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] };
export default { tools: [
  tool('number', () => 42),
  tool('text', () => 'Grüße, "Ada"\\n\\u2028'),
  tool('nothing', () => null),
  tool('list', () => [1, { two: 2 }]),
  tool('object', ({ deep }) => ({ z: 1, a: { z: [deep] }, 7: 'seven' })),
  tool('described', () => ({ sum: 3 }), { returns: OBJECT }),
  tool('numbered', () => 3, { returns: { type: 'number' } }),
  tool('fails', () => { throw new Error('no disk'); }),
  tool('strict', () => 'ok', { parameters: OBJECT }),
  tool('content', () => ({ content: [{ type: 'text', text: 'shown' }], structuredContent: { a: 1 } }), { content: true }),
  tool('says', (_, { logger, progress }) => { logger.warn('said', { size: 3 }); progress(1, { total: 2 }); return 'done'; }),
  tool('waits', (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve))),
  tool('lasts', () => new Promise((resolve) => setTimeout(resolve, 60, 'at last'))),
] };`;

let plugin: TestPlugin;
let served: TestServer;
beforeAll(async () => {
  plugin = await writePlugin('helper', MAIN);
  served = await startServer({ plugins: [plugin.dir] });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

/** Sends one request on a connection of its own, and reads its whole answer as it came. */
async function send(headers: Readonly<Record<string, string>>, body: object): Promise<string> {
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(requestOf(headers, body));
  const answer = await readAnswer(socket);
  socket.destroy();
  return answer;
}

function requestOf(headers: Readonly<Record<string, string>>, body: object): string {
  const text = JSON.stringify(body);
  const all = {
    ...{ host: '127.0.0.1', authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...{ accept: 'application/json, text/event-stream', 'content-length': String(Buffer.byteLength(text)), ...headers },
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /mcp/helper HTTP/1.1\r\n${head.join('')}\r\n${text}`;
}

async function readAnswer(socket: Socket): Promise<string> {
  let answer = '';
  for await (const piece of socket.setEncoding('latin1')) {
    answer += piece as string; // Of a socket with an encoding.
    if (isWhole(answer)) return answer;
  }
  return answer;
}

function isWhole(answer: string): boolean {
  const body = answer.indexOf('\r\n\r\n') + 4;
  if (body < 4) return false;
  const length = /content-length: (\d+)/i.exec(answer)?.[1];
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= body + Number(length);
}

/** The head and the body of an answer, without what is another one each time, and the pieces that the body came in. */
function read(answer: string) {
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  const pieces = /^transfer-encoding: chunked$/im.test(head) ? piecesOf(body) : [body];
  return { head: settled(head), body: settled(pieces.join('')), pieces: pieces.length };
}

function piecesOf(body: string): readonly string[] {
  const size = Number.parseInt(body, 16);
  const from = body.indexOf('\r\n') + 2;
  return size === 0 ? [] : [body.slice(from, from + size), ...piecesOf(body.slice(from + size + 2))];
}

function settled(text: string): string {
  return text
    .replaceAll(/"duration_ms":[\d.]+/g, '"duration_ms":0')
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}(_\d+)?/g, 'ID')
    .replace(/^date: .*$/im, 'date')
    .replace(/^content-length: .*$/im, 'content-length'); // Of what was measured.
}

const REVISION = '2025-11-25';
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
};

type Way = { readonly headers: Readonly<Record<string, string>>; readonly meta?: object };
type Tool = { readonly name: string; readonly args?: object; readonly id?: string | number };

const WAYS: Readonly<Record<string, (tool: string) => Promise<Way>>> = {
  'by itself': async () => ({ headers: { 'mcp-protocol-version': REVISION } }),
  'in a session': async () => ({
    headers: { 'mcp-protocol-version': REVISION, 'mcp-session-id': await beginSession() },
  }),
  'in the revision without sessions': async (tool) => ({
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool },
    meta: META,
  }),
};

async function beginSession(): Promise<string> {
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await send({}, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
  return /^mcp-session-id: (.+)$/im.exec(answer)?.[1] ?? '';
}

/** Answers of this server and of the library; in the revision without sessions the library has judged the client by then. */
async function compare(way: string, { name, args, id = 7 }: Tool, meta?: object) {
  const { headers, meta: own } = (await WAYS[way]?.(name)) ?? { headers: {} };
  const said = own === undefined && meta === undefined ? {} : { _meta: { ...own, ...meta } };
  const params = { name, ...(args && { arguments: args }), ...said };
  const message = { jsonrpc: '2.0', id, method: 'tools/call' };
  const library = read(await send(headers, { ...message, params: { ...params, unknown: true } }));
  return { here: read(await send(headers, { ...message, params })), library };
}

const TOOLS: readonly Tool[] = [
  ...['number', 'text', 'nothing', 'list', 'described', 'numbered', 'fails', 'content', 'strict', 'missing'].map(
    (name) => ({ name }),
  ),
  { name: 'object', args: { deep: 'ü' } },
  { name: 'number', id: 'a "quoted" id' },
  { name: 'helper.number' },
];

describe.each(Object.keys(WAYS))('a call %s', (way) => {
  test.each(TOOLS)('is answered as by the library: $name', async (tool) => {
    const { here, library } = await compare(way, tool);
    expect([here.head, here.body]).toEqual([library.head, library.body]);
  });

  test('that says something, or lasts, is the library’s in the end', async () => {
    for (const name of ['says', 'lasts']) {
      const { here, library } = await compare(way, { name });
      expect([here.head, here.body]).toEqual([library.head, library.body]);
    }
  });
});

test('in a session the answer is one piece where the call ends early, and has its stream where it does not', async () => {
  const { here, library } = await compare('in a session', { name: 'number' });
  expect([here.pieces, library.pieces]).toEqual([1, 2]);
  expect((await compare('in a session', { name: 'lasts' })).here.pieces).toBe(2);
});

test('what a call says before the library has it is heard, in order, and with its progress', async () => {
  const { here } = await compare('in a session', { name: 'says' }, { progressToken: 'token' });
  const methods = [...here.body.matchAll(/"method":"([^"]+)"/g)].map(([, method]) => method);
  expect(methods).toEqual(['notifications/message', 'notifications/progress']);
  expect(here.body).toContain('"progressToken":"token"');
});

test.each(Object.keys(WAYS))('a call %s that is handed over runs once', async (way) => {
  const before = await successes();
  for (const name of ['lasts', 'content']) await compare(way, { name });
  expect((await successes()) - before).toBe(4);
});

async function successes(): Promise<number> {
  const { success_count: count } = await healthOf(served.url, 'helper');
  return count;
}

test('a call in a session is cancelled by a word that follows at once', async () => {
  const { headers } = (await WAYS['in a session']?.('waits')) ?? { headers: {} };
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  const call = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'waits' } };
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } };
  socket.write(requestOf(headers, call) + requestOf(headers, cancel));
  await expect.poll(() => ends('waits')).toEqual(['cancelled']);
  socket.destroy();
});

test('a call by itself ends when its client leaves at once', async () => {
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  const call = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'waits' } };
  socket.write(requestOf({}, call), () => socket.destroy());
  await expect.poll(() => ends('waits')).toEqual(['cancelled', 'cancelled']);
});

/** How calls of a tool ended, as the log has it. */
function ends(target: string): readonly unknown[] {
  return served.logged.flatMap(({ message, fields }) =>
    message === 'call' && fields['target'] === target ? [fields['outcome']] : [],
  );
}
