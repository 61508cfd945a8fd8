import { LIMITS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, TOKEN, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `
let waiting = 0;
const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('greet', () => 'Hello'),
  tool('asks', async (_, { client }) => client.elicit({ message: 'Who?', requestedSchema: { type: 'object', properties: {} } })),
  tool('waits', (_, { signal }) => new Promise((resolve) => { waiting += 1; signal.addEventListener('abort', () => { waiting -= 1; resolve(); }); })),
  tool('counts', () => waiting),
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

type Sent = {
  readonly token?: string;
  readonly session?: string | null;
  readonly path?: string;
  readonly signal?: AbortSignal;
};

const REVISION = '2025-11-25';
const headersOf = ({ token = TOKEN, session }: Sent): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  ...(typeof session === 'string' && { 'mcp-session-id': session, 'mcp-protocol-version': REVISION }),
});

function post(message: object, sent: Sent = {}): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  const { path = '/mcp/helper', signal } = sent;
  return fetch(`${served.url}${path}`, { method: 'POST', body, headers: headersOf(sent), ...(signal && { signal }) });
}

const INITIALIZE = {
  ...{ id: 1, method: 'initialize' },
  params: { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
const LIST = { id: 2, method: 'tools/list' };

async function begin(sent: Sent = {}): Promise<string> {
  const response = await post(INITIALIZE, sent);
  await response.text();
  const session = response.headers.get('mcp-session-id');
  if (session === null) throw new Error('there is no session');
  return session;
}

/** Reads a stream of events until its text is as wanted. */
async function readUntil(response: Response, wanted: RegExp): Promise<string> {
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (wanted.test(text)) return text;
  }
  return text;
}

test('`initialize` begins a session, and its requests are answered in it', async () => {
  const session = await begin();
  const response = await post(LIST, { session });
  expect(response.headers.get('mcp-session-id')).toBe(session);
  expect(await response.text()).toContain('"greet"');
});

test('a request without a session stands for itself', async () => {
  const response = await post(LIST);
  expect(response.headers.get('mcp-session-id')).toBeNull();
  expect(await response.text()).toContain('"greet"');
});

test('a session is its opener’s: to anybody else, and at another place, it is none', async () => {
  const { id } = await served.host.tenants.create({ name: 'acme' });
  const token = (await served.host.tokens.issue({ tenant: id, role: 'operator' })).text;
  const session = await begin();
  for (const sent of [{ token }, { path: '/mcp' }]) {
    const response = await post(LIST, { ...sent, session });
    expect(response.status).toBe(200);
    expect(response.headers.get('mcp-session-id')).toBeNull();
    await response.text();
  }
});

test('a session that this node does not have is no hindrance', async () => {
  const response = await post(LIST, { session: 'of-another-node' });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('"greet"');
});

test('a session ends when its client says so', async () => {
  const session = await begin();
  const ended = await fetch(`${served.url}/mcp/helper`, { method: 'DELETE', headers: headersOf({ session }) });
  expect(ended.status).toBe(200);
  expect((await post(LIST, { session })).headers.get('mcp-session-id')).toBeNull();
});

test('a client that lost its connection reads on where it was', async () => {
  const session = await begin();
  const response = await post({ id: 3, method: 'tools/call', params: { name: 'greet' } }, { session });
  const text = await response.text();
  const [, first = ''] = /^id: (\S+)\n/m.exec(text) ?? [];
  const headers = { ...headersOf({ session }), accept: 'text/event-stream', 'last-event-id': first };
  const leaving = new AbortController();
  const again = await fetch(`${served.url}/mcp/helper`, { headers, signal: leaving.signal });
  expect(await readUntil(again, /Hello/)).toContain('"id":3');
  leaving.abort();
});

test('a tenant has so many sessions, and a new one takes the place of the one that was used longest ago', async () => {
  const { id } = await served.host.tenants.create({ name: 'many' });
  const token = (await served.host.tokens.issue({ tenant: id, role: 'operator' })).text;
  const first = await begin({ token });
  const second = await begin({ token });
  await (await post(LIST, { token, session: first })).text();
  for (let n = 2; n <= LIMITS.mcp_sessions_tenant.value; n += 1) await begin({ token });
  const sessionOf = async (session: string) => {
    const response = await post(LIST, { token, session });
    await response.text();
    return response.headers.get('mcp-session-id');
  };
  expect(await sessionOf(second)).toBeNull();
  expect(await sessionOf(first)).toBe(first);
});

const meta = (state?: string) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  ...(state !== undefined && { note: state }),
});

async function callWithAnswers(token: string, more: object = {}): Promise<Record<string, never>> {
  const headers = {
    ...headersOf({ token }),
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'asks',
  };
  const params = { name: 'asks', arguments: {}, _meta: meta(), ...more };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params });
  const response = await fetch(`${served.url}/mcp/helper`, { method: 'POST', body, headers });
  const text = await response.text();
  const json = text.startsWith('{') ? text : (/^data: (\{.*)$/m.exec(text)?.[1] ?? '{}');
  return JSON.parse(json) as Record<string, never>; // Tests look at what is inside.
}

test('a call that waits for answers is found by whoever made it alone, and once', async () => {
  const asked = (await callWithAnswers(TOKEN)) as unknown as {
    readonly result: { readonly requestState: string; readonly inputRequests: Record<string, unknown> };
  };
  const { requestState, inputRequests } = asked.result;
  const [key = ''] = Object.keys(inputRequests);
  expect(inputRequests[key]).toMatchObject({ method: 'elicitation/create', params: { message: 'Who?' } });
  const answers = { requestState, inputResponses: { [key]: { action: 'decline' } } };
  const { id } = await served.host.tenants.create({ name: 'curious' });
  const token = (await served.host.tokens.issue({ tenant: id, role: 'operator' })).text;
  expect(await callWithAnswers(token, answers)).toMatchObject({ error: { code: -32_602 } });
  expect(await callWithAnswers(TOKEN, answers)).toMatchObject({
    result: { structuredContent: { action: 'decline' } },
  });
  expect(await callWithAnswers(TOKEN, answers)).toMatchObject({ error: { code: -32_602 } });
});

test('a session’s call ends when its client cancels it', async () => {
  const session = await begin();
  const counts = async () => {
    const outcome = await served.host.call({ plugin: 'helper', tool: 'counts' });
    return outcome.ok ? outcome.value : undefined;
  };
  const asked = post({ id: 7, method: 'tools/call', params: { name: 'waits' } }, { session });
  await expect.poll(counts).toBe(1);
  await post({ method: 'notifications/cancelled', params: { requestId: 7 } }, { session });
  await expect.poll(counts).toBe(0);
  await (await asked).body?.cancel();
});

test('a stream is open at once, whether there is news or not', async () => {
  const session = await begin();
  const leaving = new AbortController();
  const headers = { ...headersOf({ session }), accept: 'text/event-stream' };
  const stream = await fetch(`${served.url}/mcp/helper`, { headers, signal: leaving.signal });
  expect(await readUntil(stream, /\n\n/)).toBe(': open\n\n');
  leaving.abort();
});

test('streams that wait for news end when the server drains, so that it can close', async () => {
  const own = await startServer({ plugins: [plugin.dir] });
  const at = (path: string, more: object, body?: object) =>
    fetch(`${own.url}${path}`, { ...more, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
  const begun = await at('/mcp', { headers: headersOf({}) }, { jsonrpc: '2.0', ...INITIALIZE });
  await begun.text();
  const session = begun.headers.get('mcp-session-id');
  const inSession = await at('/mcp', { headers: { ...headersOf({ session }), accept: 'text/event-stream' } });
  const listen = {
    method: 'subscriptions/listen',
    params: { notifications: { toolsListChanged: true }, _meta: meta() },
  };
  const headers = { ...headersOf({}), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' };
  const listening = await at('/mcp', { headers }, { jsonrpc: '2.0', id: 'listen', ...listen });
  expect([inSession.status, listening.status]).toEqual([200, 200]);
  const over = Promise.all([inSession.text(), listening.text()]);
  await own[Symbol.asyncDispose]();
  await over;
});
