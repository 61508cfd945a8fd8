import type { CallToolResult, ListToolsResult } from '@modelcontextprotocol/server';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPOSITORY, startServer, TOKEN, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `
const tool = (name, execute, more = {}) => ({ name, description: name, parameters: { type: 'object' }, execute, ...more });
let waiting = 0;
let aborted = 0;
export default { tools: [
  tool('greet', ({ name }) => 'Hello, ' + name, { parameters: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } }),
  tool('sum', ({ numbers }) => ({ sum: numbers.reduce((a, b) => a + b, 0) }), { idempotent: true, returns: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] } }),
  tool('fails', () => { throw new Error('no disk'); }),
  tool('exits', () => process.exit(3)),
  tool('steps', async (_params, { progress }) => { for (let step = 1; step <= 3; step += 1) { progress(step, { total: 3, message: 'step ' + step }); await new Promise((done) => setTimeout(done, 150)); } return 'done'; }),
  tool('waits', (_params, { signal }) => new Promise((resolve) => (waiting += 1, signal.addEventListener('abort', () => { aborted += 1; resolve('aborted'); })))),
  tool('counts', () => ({ waiting, aborted })),
] };`;

let plugin: TestPlugin;
let served: TestServer;
beforeAll(async () => {
  plugin = await writePlugin('helper', MAIN);
  served = await startServer({ plugins: [plugin.dir, join(REPOSITORY, 'plugins/calculator')] });
  await served.host.registrations.enable('calculator', { grant: [] });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

/** What a client was answered, with the progress that it heard meanwhile. */
type Answered<Value> = { readonly value: Value; readonly heard: readonly unknown[] };

async function askBy<Value>(series: string, path: string, ...ask: readonly string[]): Promise<Answered<Value>> {
  const script = join(import.meta.dirname, 'official-client.fixture.ts');
  const given = [script, series, `${served.url}${path}`, TOKEN, ...ask];
  const { stdout } = await promisify(execFile)(process.execPath, given);
  const said = JSON.parse(stdout) as Answered<Value> | { readonly error: object };
  if ('error' in said) throw Object.assign(new Error('as the client has it'), said.error);
  return said;
}

describe.each([
  ['v1', 'the official client of the first series'],
  ['v2', 'the official client of the second series'],
])('%s: %s', (series) => {
  const list = (path: string) => askBy<ListToolsResult>(series, path);
  const call = (path: string, name: string, args: object = {}) =>
    askBy<CallToolResult>(series, path, name, JSON.stringify(args));

  test('lists each tool once, with its schema and what is known of it', async () => {
    const { tools } = (await list('/mcp')).value;
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['calculator__add', 'helper__greet', 'helper__sum']),
    );
    expect(tools.find(({ name }) => name === 'helper__sum')).toMatchObject({
      description: 'sum',
      inputSchema: { type: 'object' },
      outputSchema: { type: 'object', required: ['sum'] },
      annotations: { idempotentHint: true },
    });
  });

  test('calls them, by the listed name and by plugin.tool', async () => {
    const { value: greeted } = await call('/mcp', 'helper__greet', { name: 'Ada' });
    expect(greeted).toMatchObject({ content: [{ type: 'text', text: 'Hello, Ada' }] });
    expect(greeted.isError).not.toBe(true);
    expect((await call('/mcp', 'helper.sum', { numbers: [1, 2, 3] })).value).toMatchObject({
      content: [{ type: 'text', text: '{"sum":6}' }],
      structuredContent: { sum: 6 },
    });
  });

  test('sees of one plugin its tools under their own names', async () => {
    const { tools } = (await list('/mcp/helper')).value;
    expect(tools.map(({ name }) => name)).toEqual(['counts', 'exits', 'fails', 'greet', 'steps', 'sum', 'waits']);
    expect((await call('/mcp/helper', 'greet', { name: 'Bob' })).value).toMatchObject({
      content: [{ text: 'Hello, Bob' }],
    });
  });

  test.each([
    ['throws', 'helper__fails', {}, 'tool_error', 'no disk'],
    ['ends its process', 'helper__exits', {}, 'crashed', 'GUEST_EXITED'],
    ['is given what it does not take', 'helper__greet', {}, 'invalid_input', "required property 'name'"],
  ])('is told as a result of a tool that %s, so that the model can mend it', async (_what, name, args, kind, text) => {
    const { value: result } = await call('/mcp', name, args);
    expect(result).toMatchObject({ isError: true, _meta: { 'bulkhead/error': { kind } } });
    expect(JSON.stringify(result.content)).toContain(text);
    expect((await call('/mcp', 'helper__greet', { name: 'x' })).value).not.toMatchObject({ isError: true });
  });

  test('is told of a tool that is not there as an error of the protocol', async () => {
    for (const name of ['helper__nothing', 'nothing__greet', 'greet', '__proto__'])
      await expect(call('/mcp', name)).rejects.toMatchObject({
        code: -32_602,
        message: expect.stringContaining('Unknown tool'),
      });
  });

  test('hears how far a call is', async () => {
    const { value: result, heard } = await call('/mcp', 'helper__steps');
    expect(result).toMatchObject({ content: [{ text: 'done' }] });
    expect(heard).toContainEqual({ progress: 1, total: 3, message: 'step 1' });
  });
});

test('a client that goes away ends its call', async () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'helper__waits', arguments: {} },
  });
  const controller = new AbortController();
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const asked = fetch(`${served.url}/mcp`, { method: 'POST', body, headers, signal: controller.signal });
  const ended = asked.then((response) => response.text());
  const counts = async () => {
    const outcome = await served.host.call({ plugin: 'helper', tool: 'counts' });
    return outcome.ok ? outcome.value : undefined;
  };
  await expect.poll(counts).toEqual({ waiting: 1, aborted: 0 });
  controller.abort();
  await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  await expect.poll(counts).toEqual({ waiting: 1, aborted: 1 });
});

test('without a token there is nothing, and a tenant sees its own tools alone', async () => {
  const initialize = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const post = (token: string) =>
    fetch(`${served.url}/mcp`, {
      method: 'POST',
      body: JSON.stringify(initialize),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token !== '' && { authorization: `Bearer ${token}` }),
      },
    });
  expect((await post('')).status).toBe(401);
  expect((await post('wrong-token-that-is-long-enough-to-be-one')).status).toBe(401);
  const { id } = await served.host.tenants.create({ name: 'acme' });
  await served.host.registrations.enable('helper', { tenant: id });
  await served.host.registrations.disable('helper', { tenant: id });
  const made = async (role: 'viewer' | 'operator') => (await served.host.tokens.issue({ tenant: id, role })).text;
  expect((await post(await made('viewer'))).status).toBe(403);
  const tenants = await post(await made('operator'));
  expect(tenants.status).toBe(200);
  const text = await tenants.text();
  expect(text).toContain('calculator__add');
  expect(text).not.toContain('helper__');
});

test.each([
  ['no JSON', 'x', 400],
  ['no message', '{}', 400],
  ['a number', '5', 400],
  ['a batch', '[]', 400],
])('a body that is %s is refused without a status above 499', async (_what, body, status) => {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const answer = await fetch(`${served.url}/mcp`, { method: 'POST', body, headers });
  expect(answer.status).toBe(status);
});
