import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ListedTool } from '@bulkhead/protocol';
import {
  callTool,
  exchange,
  outcomeOfResponse,
  REPOSITORY,
  request,
  send,
  startServer,
  statusesOf,
  TOKEN,
  writePlugin,
  type TestServer,
} from '../server-fixture.ts';

let stack: AsyncDisposableStack;
let started: TestServer;

/** `wait` answers when it is aborted and never otherwise; `crowd` holds its only place until then. */
const PATIENT = `export default { tools: [
  { name: 'wait', description: 'Waits.', parameters: { type: 'object' },
    execute: (_params, { signal }) => new Promise((resolve) => {
      console.log('waiting');
      signal.addEventListener('abort', () => resolve({ aborted: true }));
    }) },
] };`;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const patient = stack.use(await writePlugin('patient', PATIENT, { limits: { concurrency: 1, instances: 1 } }));
  const demos = ['honest', 'spinner', 'glutton', 'crasher', 'needy'];
  const folders = demos.map((name) => join(REPOSITORY, 'examples/demo-plugins', name));
  const calculator = join(REPOSITORY, 'plugins/calculator');
  started = stack.use(await startServer({ plugins: [calculator, patient.dir, ...folders] }));
});
afterAll(() => stack.disposeAsync());

test('a call that goes well is 200 with the outcome', async () => {
  const response = await callTool(started.url, 'calculator/add', { params: { a: 2, b: 3 } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await response.json()).toMatchObject({
    ok: true,
    value: { result: 5 },
    call: { plugin: 'calculator', target: 'add', tenant: 'default', version: '1.0.0', metadata: { operation: 'add' } },
  });
});

test('the tools are listed by plugin and name, with their schemas', async () => {
  const response = await fetch(`${started.url}/v1/tools`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(response.status).toBe(200);
  const tools = (await response.json()) as readonly ListedTool[]; // Looked at below.
  const names = tools.map(({ plugin, name }) => `${plugin}/${name}`);
  expect(names).toEqual(names.toSorted());
  expect(tools.find(({ name }) => name === 'add')).toMatchObject({
    plugin: 'calculator',
    idempotent: true,
    needs_approval: false,
    required_permissions: ['math:calculate'],
    parameters: { required: ['a', 'b'] },
  });
});

test.each([
  ['a tool that reports an error', 'calculator/divide', { params: { a: 1, b: 0 } }, 502, 'TOOL_REPORTED_ERROR'],
  ['a loop without end', 'spinner/spin', {}, 504, 'CALL_TIMEOUT'],
  ['memory without end', 'glutton/eat', {}, 502, 'GUEST_OUT_OF_MEMORY'],
  ['a native death', 'crasher/die', {}, 502, 'GUEST_CRASHED'],
  ['a missing requirement', 'needy/anneal', {}, 503, 'PLUGIN_UNAVAILABLE'],
  ['parameters of the wrong type', 'calculator/add', { params: { a: '2', b: 3 } }, 400, 'PARAMS_INVALID'],
  ['an unknown tool', 'calculator/modulo', {}, 404, 'TOOL_NOT_FOUND'],
  ['an unknown plugin', 'nothing/add', {}, 404, 'PLUGIN_NOT_FOUND'],
  ['a time limit of 0', 'calculator/add', { timeout_ms: 0 }, 400, 'TIMEOUT_INVALID'],
  ['a time limit of half a millisecond', 'calculator/add', { timeout_ms: 0.5 }, 400, 'TIMEOUT_INVALID'],
  ['a time limit that is text', 'calculator/add', { timeout_ms: '5' }, 400, 'TIMEOUT_INVALID'],
  ['an unknown field', 'calculator/add', { parameters: {} }, 400, 'REQUEST_INVALID'],
  ['a body that is a list', 'calculator/add', [], 400, 'REQUEST_INVALID'],
  ['a body that is no JSON', 'calculator/add', '{"params":', 400, 'REQUEST_INVALID'],
  ['a body of 65 levels', 'calculator/add', `${'['.repeat(65)}${']'.repeat(65)}`, 400, 'REQUEST_INVALID'],
  ['a body of 2 MiB and more', 'calculator/add', `"${'a'.repeat(2 * 1024 * 1024)}"`, 413, 'REQUEST_TOO_LARGE'],
] as const)('%s is an outcome with the status of its code', async (_what, tool, body, status, code) => {
  const response = await callTool(started.url, tool, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({
    ok: false,
    error: { code, message: expect.any(String), hint: expect.any(String) },
    call: { plugin: tool.split('/')[0], target: tool.split('/')[1] },
  });
  expect((await callTool(started.url, 'honest/count_words', { params: { text: 'a b' } })).status).toBe(200);
});

test('a 503 says when to try again', async () => {
  const response = await callTool(started.url, 'needy/anneal', {});
  expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
});

test('what a prototype could be reached by never arrives', async () => {
  const body = '{"params":{"a":1,"b":2,"__proto__":{"polluted":true}}}';
  expect(await outcomeOfResponse(await callTool(started.url, 'calculator/add', body))).toMatchObject({ ok: true });
});

test('calls beyond the queue of a plugin are 429 with Retry-After, and the others end', async () => {
  const body = '{"timeout_ms":1500}';
  const pipelined = request('patient/wait', body).repeat(100) + request('patient/wait', body, 'connection: close\r\n');
  const answers = await Promise.all(Array.from({ length: 12 }, () => exchange(started.port, pipelined)));
  const statuses = answers.flatMap(statusesOf);
  expect(statuses).toHaveLength(12 * 101);
  expect(new Set(statuses)).toEqual(new Set([429, 504]));
  const firstRefused = answers.join('').match(/HTTP\/1\.1 429[^{]*/)?.[0];
  expect(firstRefused).toMatch(/retry-after: 1\r\n/i);
  expect((await callTool(started.url, 'honest/count_words', { params: { text: 'a' } })).status).toBe(200);
});

test('a client that goes away cancels its call, which costs the plugin nothing', async () => {
  const before = started.logged.length;
  const client = send(started.port, request('patient/wait', '{}'));
  await expect.poll(() => started.host.health('patient')?.state).toBe('RUNNING');
  client.destroy();
  const line = () => started.logged.slice(before).find(({ fields }) => fields['outcome'] === 'cancelled');
  await expect.poll(line).toMatchObject({ fields: { code: 'CALL_CANCELLED', plugin: 'patient' } });
  await expect.poll(() => started.host.health('patient')?.state).not.toBe('RUNNING');
});

test('a client that goes away cancels every call of its connection, and none of another', async () => {
  const before = started.logged.length;
  const client = send(started.port, request('patient/wait', '{}').repeat(2));
  await expect.poll(() => started.host.health('patient')?.state).toBe('RUNNING');
  const other = exchange(started.port, request('patient/wait', '{"timeout_ms":1000}', 'connection: close\r\n'));
  client.destroy();
  const codes = () => started.logged.slice(before).map(({ fields }) => fields['code']);
  await expect.poll(codes).toEqual(['CALL_CANCELLED', 'CALL_CANCELLED']);
  expect(statusesOf(await other)).toEqual([504]);
});

test('each call is one line of log with tenant and call id, and without parameters or token', async () => {
  const before = started.logged.length;
  const response = await callTool(started.url, 'honest/count_words', { params: { text: 'canary-text' } });
  const { call } = await outcomeOfResponse(response);
  const lines = started.logged.slice(before).filter(({ message }) => message === 'call');
  expect(lines).toHaveLength(1);
  expect(lines[0]?.fields).toMatchObject({ tenant: 'default', call_id: call.call_id, outcome: 'ok' });
  const everything = JSON.stringify(started.logged);
  expect(everything).not.toContain('canary-text');
  expect(everything).not.toContain(TOKEN);
});

test('no outcome holds a stack or a path of this machine', async () => {
  const responses = await Promise.all(
    ['calculator/divide', 'needy/anneal', 'nothing/add'].map((tool) => callTool(started.url, tool, {})),
  );
  const texts = await Promise.all(responses.map((response) => response.text()));
  for (const text of texts) {
    expect(text).not.toContain(REPOSITORY);
    expect(text).not.toMatch(/\n\s+at /);
  }
});
