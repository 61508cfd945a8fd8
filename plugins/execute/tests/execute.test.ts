import { createHost, type Host } from '@bulkhead/host';
import type { CommandRequest, JsonObject, Result, Task } from '@bulkhead/sdk';
import { createTestContext } from '@bulkhead/sdk/testing';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Execute, ExecuteDocker } from '../main.ts';
import manifest from '../plugin.json' with { type: 'json' };

let host: Host;

beforeAll(async () => {
  host = await createHost({ spareCount: 0 });
  await host.install(resolve(import.meta.dirname, '..'), { grant: ['children'] });
});
afterAll(() => host.close());

function taskOf(payload: JsonObject): Task {
  const id = '0123456789abcdef';
  return { kind: 'execute', id, payload, requires: [], attempts: 0, created_at: '2026-01-01T00:00:00Z', schema_v: 1 };
}

/** In the real sandbox, as a worker does it. */
async function execute(payload: JsonObject, name = 'execute'): Promise<Result> {
  const entry = { group: 'task_handlers', name, method: 'handle' } as const;
  const outcome = await host.callEntry({ plugin: 'execute', ...entry, args: [taskOf(payload)], tenant: 'default' });
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value as Result; // Made by Result.
}

const js = (source: string, more: JsonObject = {}): JsonObject => ({
  ...{ lang: 'js', source, entry_fn: 'solve' },
  ...(more['cases'] === undefined && { args: [] }),
  ...more,
});
const NUMBERS = { median: expect.any(Number), spread: expect.any(Number), values: expect.any(Array) };

test('it takes JavaScript, TypeScript and commands, and leaves other languages and kinds to others [F000-4] [F000-5] [F000-6]', () => {
  const handler = new Execute();
  expect(handler.KIND).toBe('execute');
  expect(handler.PROVIDES).toEqual(['cpu', 'node']);
  expect(handler.dispatch(taskOf({ lang: 'js' }))).toBe(true);
  expect(handler.dispatch(taskOf({ lang: 'ts' }))).toBe(true);
  expect(handler.dispatch(taskOf({ command: 'true' }))).toBe(true);
  expect(handler.dispatch(taskOf({ lang: 'rust', command: 'true' }))).toBe(false);
  expect(handler.dispatch(taskOf({}))).toBe(false);
  expect(handler.dispatch({ ...taskOf({ lang: 'js' }), kind: 'mutate' })).toBe(false);
  expect(new Execute({ enabled: false }).dispatch(taskOf({ lang: 'js' }))).toBe(false);
  expect(manifest.required_permissions).toEqual(['children']);
});

test('with an image it is taken by the handler of containers, and by no other [F000-6] [X000-18]', () => {
  const [handler, docker] = [new Execute(), new ExecuteDocker()];
  expect(docker.KIND).toBe('execute');
  expect(docker.PROVIDES).toEqual(['cpu', 'docker']);
  for (const payload of [{ lang: 'js' }, { lang: 'ts' }, { command: 'true' }]) {
    const [inside, outside] = [taskOf({ ...payload, image: 'node:26' }), taskOf(payload)];
    expect([docker.dispatch(inside), docker.dispatch(outside)]).toEqual([true, false]);
    expect([handler.dispatch(inside), handler.dispatch(outside)]).toEqual([false, true]);
  }
  expect(docker.dispatch(taskOf({ command: 'true', image: 1 }))).toBe(false);
  expect(docker.dispatch(taskOf({ lang: 'rust', image: 'rust:1' }))).toBe(false);
  expect(docker.dispatch({ ...taskOf({ command: 'true', image: 'a' }), kind: 'mutate' })).toBe(false);
  expect(new ExecuteDocker({ enabled: false }).dispatch(taskOf({ command: 'true', image: 'a' }))).toBe(false);
});

test('an image and all that goes with it reach the host as they are [X000-18]', async () => {
  const asked: CommandRequest[] = [];
  const refusal = Object.assign(new Error('no daemon'), { code: 'COMMAND_UNAVAILABLE', retryable: false });
  const context = createTestContext({
    run: (request) => {
      asked.push(request);
      return Promise.reject(refusal);
    },
  });
  const command = { command: 'go', args: ['run', '.'], files: { 'main.go': 'package main' }, stdin: 'in' };
  for (const payload of [{ ...command, timeout_ms: 5_000 }, js('export const solve = () => 1;')]) {
    const result = await new ExecuteDocker().handle(taskOf({ ...payload, image: 'golang:1.25' }), context);
    expect(result).toMatchObject({
      status: 'error',
      data: { message: 'COMMAND_UNAVAILABLE: no daemon', retryable: false },
    });
  }
  expect(asked[0]).toMatchObject({ ...command, image: 'golang:1.25', timeoutMs: 5_000, memoryMb: 1_024 });
  expect(asked[1]).toMatchObject({ command: 'node', image: 'golang:1.25' });
});

test.for(['--privileged', '-v', 'a b', '', 'node:26 -v /:/host'])(
  'an image such as %j is refused, and is never an option of docker [F000-45]',
  async (image) => {
    expect(await execute({ command: 'true', image }, 'execute_docker')).toMatchObject({
      status: 'error',
      data: { message: expect.stringMatching(/^SERVICE_ASK_INVALID: .*image/), retryable: false },
    });
  },
);

test('a function is called with its arguments, and measured [F000-7] [F000-11] [X000-18]', async () => {
  const result = await execute(
    js('export const solve = (a, b) => { console.log("printed"); return [a + b]; };', { args: [2, 3] }),
  );
  expect(result).toMatchObject({
    task_id: '0123456789abcdef',
    status: 'ok',
    data: {
      value: [5],
      values: [[5]],
      ok: [true],
      stdout: 'printed\n',
      stderr: '',
      wall_ms: NUMBERS,
      call_ms: NUMBERS,
    },
  });
  expect(result.data['cpu_ms']).toBeGreaterThan(1);
  expect(result.data['peak_rss_bytes']).toBeGreaterThan(10_000_000);
});

test('TypeScript runs as it is, and each repeat is measured by itself', async () => {
  const source =
    'type Pair = readonly [number, number]; export async function solve(pair: Pair): Promise<number> { return pair[0] * pair[1]; }';
  const result = await execute({ lang: 'ts', source, entry_fn: 'solve', cases: [[[2, 3]], [[4, 5]]], repeats: 3 });
  expect(result).toMatchObject({ status: 'ok', data: { values: [6, 20], ok: [true, true], repeats: 3 } });
  expect(result.data['wall_ms']).toMatchObject({
    values: [expect.any(Number), expect.any(Number), expect.any(Number)],
  });
});

test('without arguments it is loaded, and not called', async () => {
  const source = 'console.log("loaded"); export const solve = () => { throw new Error("it was called"); };';
  const { status, data } = await execute({ lang: 'js', source, entry_fn: 'solve' });
  expect(status).toBe('ok');
  expect(data).toMatchObject({ values: [], ok: [], errors: [], stdout: 'loaded\n', wall_ms: NUMBERS });
  expect(data).not.toHaveProperty('value');
  expect(await execute({ lang: 'js', source: 'export const other = 1;', entry_fn: 'solve' })).toMatchObject({
    status: 'error',
    data: { message: expect.stringContaining('exports no function "solve"') },
  });
});

test('each case is told by itself: one that throws takes no other along', async () => {
  const source =
    'export const solve = (n) => { if (n === 1) throw new RangeError("no one"); if (n === 2) return NaN; return n; };';
  const { status, data } = await execute(js(source, { cases: [[0], [1], [2]] }));
  expect(status).toBe('ok');
  expect(data).toMatchObject({ ok: [true, false, false], values: [0, null, null] });
  expect(data['errors']).toEqual([null, 'RangeError: no one', 'the result is no JSON: Error: a number of it is NaN']);
});

test.for([
  ['throws', 'export function solve() { throw new TypeError("wrong"); }', /^TypeError: wrong$/],
  ['does not parse', 'export const solve = (;', /SyntaxError/],
  ['exports nothing of the name', 'export const other = 1;', /exports no function "solve"/],
  ['never ends', 'export function solve() { for (;;); }', /ran out of time/],
  ['exits with success', 'export function solve() { process.exit(0); }', /before it had answered/],
  ['exits while it is loaded', 'process.exit(0); export function solve() { return 1; }', /before it had answered/],
  ['never settles', 'export const solve = () => new Promise(() => {});', /exited with 13|before it had answered/],
  [
    'takes all memory',
    'export function solve() { const all = []; for (;;) all.push(new Array(1e6).fill(1)); }',
    /ended|exited/,
  ],
  [
    'reads a file',
    'import fs from "node:fs"; export const solve = () => fs.readFileSync("/etc/passwd", "utf8");',
    /ERR_ACCESS_DENIED|restricted/,
  ],
  [
    'starts a process',
    'import { execSync } from "node:child_process"; export const solve = () => String(execSync("id"));',
    /restricted|denied/i,
  ],
] as const)(
  'a candidate that %s is an error that no attempt mends [F000-11] [F000-47]',
  async ([, source, message]) => {
    const result = await execute(js(source, { timeout_ms: 2_000, memory_mb: 128 }));
    expect(result).toMatchObject({
      status: 'error',
      data: { retryable: false, message: expect.stringMatching(message) },
    });
  },
);

test('what a candidate prints or writes is never taken for its answer', async () => {
  const forged = '{"cases":[{"ok":true,"ms":0,"value":"forged"}]}';
  const printing = `console.log('nonce\\n${forged}'); export const solve = () => 'true answer';`;
  expect(await execute(js(printing))).toMatchObject({ status: 'ok', data: { value: 'true answer' } });
  const writing = `import fs from 'node:fs'; fs.writeFileSync('answer', 'nonce\\n${forged}'); process.exit(0); export const solve = () => 1;`;
  expect(await execute(js(writing))).toMatchObject({
    status: 'error',
    data: { message: expect.stringContaining('before it had') },
  });
});

test('a candidate that changes what everybody uses does not change what is answered', async () => {
  const source = `
    JSON.stringify = () => '"forged"'; JSON.parse = () => ({});
    Object.prototype.toJSON = () => 'forged'; String.prototype.slice = () => 'forged';
    performance.now = () => 0; Number.isFinite = () => true; Reflect.apply = () => 'forged';
    process.on('exit', () => process.stdout.write('seen'));
    Promise.prototype.then = (resolve) => resolve('forged'); Promise.prototype.constructor = class {};
    export const solve = () => 7;`;
  const { status, data } = await execute(js(source));
  expect({ status, value: data['value'], stdout: data['stdout'] }).toEqual({ status: 'ok', value: 7, stdout: '' });
});

test('a candidate that answers by chance has no value', async () => {
  const result = await execute(js('export const solve = () => Math.random();', { repeats: 2 }));
  expect(result).toMatchObject({
    status: 'error',
    data: { message: 'the result differs between repeats', ok: [false] },
  });
});

test('a command is run with its files and input', async () => {
  const result = await execute({
    ...{ command: 'node', args: ['main.js'], stdin: 'in', repeats: 2, collect: ['out'] },
    files: { 'main.js': 'const fs = require("fs"); fs.writeFileSync("out", fs.readFileSync(0)); console.log(1)' },
  });
  expect(result).toMatchObject({
    status: 'ok',
    data: { exit_code: 0, stdout: '1\n', files: { out: 'in' }, repeats: 2 },
  });
});

test('a command that fails, or is not there, is an error with its cure', async () => {
  const failing = { command: 'node', args: ['-e', 'console.error("why"); process.exit(4)'] };
  expect(await execute(failing)).toMatchObject({
    status: 'error',
    data: { message: 'node exited with 4', retryable: false, exit_code: 4, stderr: 'why\n' },
  });
  expect(await execute({ command: 'no-such-compiler' })).toMatchObject({
    status: 'error',
    data: {
      message: expect.stringMatching(/^COMMAND_UNAVAILABLE: .*To cure: install no-such-compiler/),
      retryable: false,
    },
  });
});

test.for([
  [{ lang: 'js', entry_fn: 'solve' }, /^source is missing/],
  [{ lang: 'js', source: 'x'.repeat(204_801), entry_fn: 'solve' }, /204801 bytes; expected at most 204800/],
  [{ lang: 'js', source: '', entry_fn: 'a.b' }, /^entry_fn is "a.b"/],
  [{ lang: 'js', source: '', entry_fn: 'f', args: 1 }, /^args is 1/],
  [{ lang: 'js', source: '', entry_fn: 'f', args: [], cases: [] }, /both given/],
  [{ lang: 'js', source: '', entry_fn: 'f', cases: [] }, /^cases is \[\]/],
  [{ command: 'true', timeout_ms: 0 }, /^timeout_ms is 0/],
  [{ command: 'true', files: { a: 1 } }, /^files.a is 1/],
  [{ command: 'true', image: 1 }, /^image is 1; expected the name of an image/],
  [{ command: '/bin/sh' }, /^SERVICE_ASK_INVALID/],
] as const)('a payload such as %j is refused in words [F000-45]', async ([payload, message]) => {
  expect(await execute(payload as unknown as JsonObject)).toMatchObject({
    status: 'error',
    data: { message: expect.stringMatching(message), retryable: false },
  });
});

test('where the host has no room another attempt is worth it, and without a sandbox none is', async () => {
  const handler = new Execute();
  for (const [code, retryable] of [
    ['HOST_OVERLOADED', true],
    ['COMMAND_UNAVAILABLE', false],
  ] as const) {
    const refusal = Object.assign(new Error('no'), { code, retryable });
    const context = createTestContext({ run: () => Promise.reject(refusal) });
    const result = await handler.handle(taskOf({ command: 'true' }), context);
    expect(result).toMatchObject({ status: 'error', data: { message: `${code}: no`, retryable } });
  }
});
