import { LIMITS } from '@bulkhead/protocol';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Sandbox, SandboxCall } from '../sandbox.ts';
import type { StdioSpec } from './driver.ts';
import { MCP_SERVER, openStdioFixture, pinned, serverSpec } from './stdio-fixture.ts';

const root = await mkdtemp(join(tmpdir(), 'bulkhead-state-'));
const [jail, confined] = await Promise.all([openStdioFixture('jail', root), openStdioFixture('confined')]);
afterAll(async () => {
  await Promise.all([jail.close(), confined.close()]);
  await rm(root, { recursive: true });
});

type Change = Partial<StdioSpec> & { readonly at?: typeof jail };

/** Opens a server whose tools are these lines of a literal, such as `echo: (args) => args`. */
async function openTools(tools: string, { at = jail, ...change }: Change = {}): Promise<Sandbox> {
  const opening = await at.driver.open(specOf(tools, change));
  if (!opening.ok) throw new Error(JSON.stringify(opening.error));
  return opening.sandbox;
}

function specOf(tools: string, change: Partial<StdioSpec> = {}, options = '{}'): StdioSpec {
  const names = [...tools.matchAll(/(?:^|\n)\s*(\w+):/g)].map(([, name = '']) => name);
  const main = `
    import { serve, ask, answer, notify } from './mcp.mjs';
    import * as fs from 'node:fs';
    import { spawnSync } from 'node:child_process';
    import { connect } from 'node:net';
    import { Worker } from 'node:worker_threads';
    serve({ ${tools} }, ${options});`;
  return serverSpec({ 'main.mjs': main, 'mcp.mjs': MCP_SERVER }, { tools: pinned(...names), ...change });
}

function callOf(
  name: string,
  params: SandboxCall['args'][number] = {},
  change: Partial<SandboxCall> = {},
): SandboxCall {
  const deadline = performance.now() + 10_000;
  return {
    ...{ target: 'tool', name, args: [params], deadline, timeoutMs: 10_000, isFullTime: true, signal: undefined },
    ...change,
  };
}

async function valueOf(sandbox: Sandbox, name: string, params?: SandboxCall['args'][number]) {
  const reply = await sandbox.run(callOf(name, params));
  return reply.ok ? (reply.value as { readonly value: unknown }).value : reply.error.message; // As the server wraps it.
}

const FILES = `
  write: ({ path, text }) => fs.writeFileSync(path, text),
  read: ({ path }) => fs.readFileSync(path, 'utf8'),
  list: ({ path }) => fs.readdirSync(path),
  env: () => process.env,`;

test('a server in the jail sees its files, its folder and nothing else of the machine', async () => {
  const sandbox = await openTools(FILES, { env: { TOKEN: 'given', PLACE: '{data}/x in {server}' } });
  expect(await valueOf(sandbox, 'env')).toEqual({
    HOME: '/bulkhead/data',
    TMPDIR: '/bulkhead/data',
    LANG: 'C.UTF-8',
    PWD: '/bulkhead/data',
    TOKEN: 'given',
    PLACE: '/bulkhead/data/x in /bulkhead/server',
  });
  expect(await valueOf(sandbox, 'list', { path: '/bulkhead' })).toEqual(['data', 'node', 'server']);
  expect(await valueOf(sandbox, 'list', { path: '/bulkhead/server' })).toEqual(['main.mjs', 'mcp.mjs']);
  for (const path of ['/etc/passwd', '/proc/self/environ', '/root', root, '/home'])
    expect(await valueOf(sandbox, 'read', { path })).toContain('ENOENT');
  for (const path of ['/x', '/bulkhead/x', '/bulkhead/server/main.mjs', '/usr/x', '/dev/x'])
    expect(await valueOf(sandbox, 'write', { path, text: 'x' })).toMatch(/EROFS|ENOENT|EACCES/);
  await sandbox.close();
});

test('a confined server reads nothing of the host’s and writes in its folder alone', async () => {
  const sandbox = await openTools(FILES, { at: confined });
  const { HOME: home } = (await valueOf(sandbox, 'env')) as { readonly HOME: string };
  await valueOf(sandbox, 'write', { path: `${home}/a`, text: 'kept' });
  expect(await valueOf(sandbox, 'read', { path: 'a' })).toBe('kept');
  for (const path of [
    '/etc/passwd',
    `/proc/${process.pid}/environ`,
    process.execPath.replace(/\/[^/]+$/, '/../package.json'),
  ])
    expect(await valueOf(sandbox, 'read', { path })).toMatch(/EACCES|ENOENT/);
  expect(await valueOf(sandbox, 'write', { path: '/tmp/x', text: 'x' })).toContain('EACCES');
  await sandbox.close();
});

test('what a server keeps is there when it starts again, for its own tenant alone', async () => {
  const mine = { keepsState: true, tenant: 'acme' };
  const first = await openTools(FILES, mine);
  await valueOf(first, 'write', { path: 'note', text: 'of acme' });
  await first.close();
  const [again, other] = await Promise.all([openTools(FILES, mine), openTools(FILES, { ...mine, tenant: 'other' })]);
  expect(await valueOf(again, 'read', { path: 'note' })).toBe('of acme');
  expect(await valueOf(other, 'list', { path: '.' })).toEqual([]);
  await Promise.all([again.close(), other.close()]);
  await jail.driver.state.forget('under_test', 'acme');
  expect(await readdir(join(root, 'under_test'))).toEqual(['other']);
});

test('of one folder there is one server at a time: the second begins when the first is gone', async () => {
  const first = await openTools(FILES, { keepsState: true });
  const second = openTools(FILES, { keepsState: true });
  let isGone = false;
  void first.died.then(() => (isGone = true));
  await first.close();
  const sandbox = await second;
  expect(isGone).toBe(true);
  await sandbox.close();
});

test('a folder beyond its bounds ends its server, and the next one does not begin', async () => {
  const tools = `
    fill: async ({ files }) => { for (let n = 0; n < files; n += 1) fs.mkdirSync('d' + n); await new Promise(() => 0); },
    large: () => fs.writeFileSync('large', Buffer.alloc(${LIMITS.state_file_bytes.value + 1})),`;
  const change = { keepsState: true, tenant: 'full' };
  const sandbox = await openTools(tools, change);
  expect(await valueOf(sandbox, 'large')).toContain('EFBIG');
  const reply = await sandbox.run(callOf('fill', { files: LIMITS.state_files.value + 1 }));
  expect(reply).toMatchObject({ error: { code: 'STATE_LIMIT', kind: 'crashed' } });
  await sandbox.died;
  expect(await jail.driver.open(specOf(tools, change))).toMatchObject({ ok: false, error: { code: 'STATE_LIMIT' } });
});

const ANSWERS_LATE = `
  late: () => new Promise((resolve) => { globalThis.release = resolve; }),
  release: () => globalThis.release(),
  echo: (args) => args,`;

test.each([
  ['before the ping behind it', `({ method }) => method === 'notifications/cancelled' && void globalThis.release()`],
  ['long after', '() => false'],
])('a call that was cancelled is counted once among the dropped, answered %s', async (_, onMessage) => {
  const opening = await jail.driver.open(specOf(ANSWERS_LATE, {}, `{ onMessage: ${onMessage} }`));
  if (!opening.ok) throw new Error(JSON.stringify(opening.error));
  const { sandbox } = opening;
  const before = jail.droppedCount();
  const abort = new AbortController();
  const reply = sandbox.run(callOf('late', {}, { signal: abort.signal }));
  await sandbox.run(callOf('echo'));
  abort.abort();
  expect(await reply).toMatchObject({ error: { code: 'CALL_CANCELLED' } });
  expect(await sandbox.whenServing()).toBe(true);
  await sandbox.run(callOf('release'));
  await sandbox.run(callOf('echo'));
  expect(jail.droppedCount()).toBe(before + 1);
  await sandbox.close();
});

const POWERS = `
  child: () => { const ran = spawnSync(process.execPath, ['-e', '0']); if (ran.error) throw ran.error; return ran.status; },
  signal: () => process.kill(process.ppid, 9),
  socket: () => new Promise((_, reject) => connect(1, '127.0.0.1').on('error', reject)),
  thread: () => new Promise((done) => new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true }).on('message', done)),`;

test.each([
  ['jail', jail],
  ['confined', confined],
])('at tier %s a server has threads, and no children, signals or network', async (_, at) => {
  const sandbox = await openTools(POWERS, { at, memoryMb: 512 });
  expect(await valueOf(sandbox, 'thread')).toBe(1);
  expect(await valueOf(sandbox, 'child')).toMatch(/EPERM|EACCES/);
  expect(await valueOf(sandbox, 'signal')).toMatch(/EPERM|ESRCH/);
  expect(await valueOf(sandbox, 'socket')).toMatch(/EACCES|EPERM/);
  await sandbox.close();
});

test('children are for whom they were granted, in the jail alone', async () => {
  const sandbox = await openTools(POWERS, { allowChildren: true });
  expect(await valueOf(sandbox, 'child')).toBe(0);
  await sandbox.close();
  const weaker = await confined.driver.open(specOf(POWERS, { allowChildren: true }));
  expect(weaker).toMatchObject({ ok: false, error: { code: 'SANDBOX_TOO_WEAK' } });
});

test('a server without a sandbox that holds it is not started', async () => {
  const weak = await openStdioFixture('uid');
  expect(await weak.driver.open(specOf(FILES))).toMatchObject({ ok: false, error: { code: 'SANDBOX_TOO_WEAK' } });
  await weak.close();
});

const LIES = [
  ['text that is no JSON', `process.stdout.write('Server started!\\n')`, 'FRAME_MALFORMED'],
  ['a line without an end', `process.stdout.write('x'.repeat(2_000_000))`, 'FRAME_TOO_LARGE'],
  ['a result that is none', `answer(id, { content: 'text' })`, 'FRAME_SCHEMA'],
  ['answers that nobody asked for', `for (let n = 0; n < 17; n += 1) answer(1000 + n, {})`, 'FRAME_UNKNOWN_ID'],
  ['a flood of messages', `for (let n = 0; n < 20_001; n += 1) notify('n', {})`, 'FRAME_FLOOD'],
] as const;

test.each(LIES)('[FAULTS-42] [FAULTS-44] [FAULTS-45] %s ends the server as %s', async (_, statement, code) => {
  const sandbox = await openTools(`lie: (_, { id }) => { ${statement}; return new Promise(() => 0); },`);
  const reply = await sandbox.run(callOf('lie'));
  expect(reply).toMatchObject({ ok: false, error: { kind: 'protocol_violation', code } });
  expect(await sandbox.died).toMatchObject({ cause: 'fault', isKilled: true });
});

test('a result beyond limits.output_bytes is refused, and the server lives on', async () => {
  const tools = `text: ({ bytes }) => 'x'.repeat(bytes),`;
  const sandbox = await openTools(tools, { outputBytesMax: 10_000 });
  expect(await sandbox.run(callOf('text', { bytes: 20_000 }))).toMatchObject({ error: { code: 'RESULT_TOO_LARGE' } });
  expect(await valueOf(sandbox, 'text', { bytes: 3 })).toBe('xxx');
  await sandbox.close();
});

test('a caller hears of progress, and what was said on standard error is of the call', async () => {
  const tools = `steps: async (_, { token }) => {
    process.stderr.write('at work\\n');
    notify('notifications/message', { level: 'warning', data: 'half way' });
    notify('notifications/progress', { progressToken: token, progress: 1, total: 2, message: 'one' });
    await ask('ping');
  },`;
  const sandbox = await openTools(tools);
  const heard: unknown[] = [];
  const onProgress = (progress: unknown): void => void heard.push(progress);
  const reply = await sandbox.run(callOf('steps', {}, { listener: { onProgress } }));
  expect(reply).toMatchObject({ ok: true });
  expect(heard).toEqual([{ progress: 1, total: 2, message: 'one' }]);
  await sandbox.close();
  expect(jail.said).toContainEqual({ source: 'logger', level: 'warn', text: 'half way', fields: undefined });
  expect(jail.said).toContainEqual({ source: 'stderr', level: null, text: 'at work', fields: undefined });
});

test('a server may ping and ask for its folder; what else it asks of its client is refused', async () => {
  const sandbox = await openTools(
    `asks: async ({ method }) => { const { result, error } = await ask(method); return { result, error }; },`,
  );
  expect(await valueOf(sandbox, 'asks', { method: 'ping' })).toEqual({ result: {} });
  const roots = { roots: [{ uri: 'file:///bulkhead/data', name: 'data' }] };
  expect(await valueOf(sandbox, 'asks', { method: 'roots/list' })).toEqual({ result: roots });
  for (const method of ['sampling/createMessage', 'elicitation/create', 'odd'])
    expect(await valueOf(sandbox, 'asks', { method })).toMatchObject({ error: { code: -32_601 } });
  await sandbox.close();
});

test('a server that answers after its caller has gone lives on, and its late answers are no lie', async () => {
  const held = '(globalThis.held ??= [])';
  const sandbox = await openTools(`
    slow: () => new Promise((done) => ${held}.push(done)),
    free: () => ${held}.splice(0).forEach((done) => done(1)),`);
  for (let n = 0; n < 20; n += 1) {
    const abort = new AbortController();
    const reply = sandbox.run(callOf('slow', {}, { signal: abort.signal }));
    abort.abort();
    expect(await reply).toMatchObject({ error: { code: 'CALL_CANCELLED' } });
    expect(await sandbox.whenServing()).toBe(true);
  }
  expect(await sandbox.run(callOf('free'))).toMatchObject({ ok: true });
  expect(await valueOf(sandbox, 'free')).toBe(null);
  await sandbox.close();
});

test('a server that lets a whole deadline pass is killed, and it is its fault', async () => {
  const sandbox = await openTools(`slow: () => new Promise(() => 0),`);
  const late = { deadline: performance.now() + 100, timeoutMs: 100 };
  expect(await sandbox.run(callOf('slow', {}, late))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
  expect(await sandbox.died).toMatchObject({ cause: 'fault', isKilled: true });
});

test('a server whose tools are not those that are pinned is not run, and what differs is named', async () => {
  const tools = [...pinned('gone'), ...pinned('echo').map((tool) => ({ ...tool, description: 'another' }))];
  const opening = await jail.driver.open({ ...specOf(`echo: (args) => args,\n more: () => 1,`), tools });
  expect(opening).toMatchObject({ ok: false, error: { code: 'MCP_TOOLS_CHANGED' } });
  expect(opening.ok ? '' : opening.error.message).toContain('changed: "echo" (description); new: "more"; gone: "gone"');
});

const BAD_STARTS = [
  ['another revision', `{ protocolVersion: '1999-01-01' }`, 'MCP_VERSION'],
  [
    'a list without end',
    `{ onMessage: ({ id, method }) => method === 'tools/list' && (answer(id, { tools: [], nextCursor: 'x' }), true) }`,
    'INIT_FAILED',
  ],
  ['a tool that is none', `{ list: [{ name: 'echo' }] }`, 'INIT_FAILED'],
  ['no answer', `{ onMessage: () => true }`, 'INIT_TIMEOUT'],
] as const;

test.each(BAD_STARTS)('a server that begins with %s is not run', async (_, options, code) => {
  const opening = await jail.driver.open(specOf('echo: (args) => args,', { initTimeoutMs: 2_000 }, options));
  expect(opening).toMatchObject({ ok: false, error: { code } });
});

test('a server that ends before it is ready says why in its own words', async () => {
  const spec = serverSpec({ 'main.mjs': `console.error('GITHUB_TOKEN is not set'); process.exit(3);` });
  const opening = await jail.driver.open(spec);
  expect(opening).toMatchObject({ ok: false, error: { code: 'INIT_EXITED' } });
  expect(opening.ok ? '' : opening.error.message).toContain('exit code 3 before it was ready: GITHUB_TOKEN is not set');
});

test('files that are not what they were are not run', async () => {
  const spec = { ...specOf(FILES), digest: '0'.repeat(64), readTree: async () => Buffer.from('nothing') };
  expect(await jail.driver.open(spec)).toMatchObject({ ok: false, error: { code: 'ARTIFACT_CORRUPT' } });
  expect(await jail.driver.open({ ...spec, readTree: async () => undefined })).toMatchObject({
    ok: false,
    error: { code: 'ARTIFACT_MISSING' },
  });
});
