import type { Outcome } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTool, createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import { findMarked } from './commands/commands.fixture.ts';

let folders: PluginFolders;
let host: Host;

const CAUGHT = `async function caught(run: () => Promise<any>) {
  try { return await run(); } catch (error: any) { return { code: error.code, message: error.message }; }
}\n`;
const RUNNER = toolsSource({
  run: 'return caught(() => context.run(params));',
  bytes: `const { files } = await context.run({
    command: 'node', args: ['-e', "const fs = require('fs'); fs.writeFileSync('out', fs.readFileSync('in').reverse())"],
    files: { in: new Uint8Array([0, 255, 7]) }, collect: ['out', 'absent'],
  });
  return { bytes: [...files.out], names: Object.keys(files) };`,
  leave:
    'void context.run(params).catch(() => undefined); await new Promise((resolve) => setTimeout(resolve, 100)); return params.args;',
  die: 'void context.run(params).catch(() => undefined); await new Promise((resolve) => setTimeout(resolve, 500)); for (;;);',
});

beforeAll(async () => {
  folders = await createPluginFolders();
  const manifest = { required_permissions: ['children'], limits: { timeout_ms: 30_000 } };
  await folders.write('runner', CAUGHT + RUNNER, manifest);
  host = await openTestHost({ tierMax: 'jail' });
  await host.install(`${folders.root}/runner`, { grant: ['children'] });
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

let marks = 0;
const newMark = (): string => `host-mark-${process.pid}-${(marks += 1)}-${Date.now()}`;
const ask = (params: object, tool = 'run', plugin = 'runner'): Promise<unknown> =>
  askTool(host, tool, { plugin, params });
const sleeping = (mark: string) => ({ command: 'perl', args: ['-e', 'sleep 300', mark] });

test('a plugin that was granted children has a command run, and is told how it ended', async () => {
  const told = await ask({ command: 'sh', args: ['-c', 'echo out; echo err >&2; exit 3'], repeats: 2 });
  expect(told).toMatchObject({
    exit_code: 3,
    signal: null,
    timed_out: false,
    stdout: 'out\n',
    stderr: 'err\n',
    files: {},
  });
  expect(told).toMatchObject({ runs: [{ exit_code: 3, wall_ms: expect.any(Number), cpu_ms: expect.any(Number) }] });
});

test('files are given and collected as bytes; one that is not there is left out', async () => {
  expect(await ask({}, 'bytes')).toEqual({ bytes: [7, 255, 0], names: ['out'] });
});

test('without the grant no command is run, and the grant is named', async () => {
  await folders.write('ungranted', CAUGHT + RUNNER, { optional_permissions: ['children'] });
  await host.install(`${folders.root}/ungranted`);
  expect(await ask({ command: 'true' }, 'run', 'ungranted')).toMatchObject({
    code: 'PERMISSION_NOT_GRANTED',
    message: expect.stringContaining('"children"'),
  });
});

test('a trial runs no command', async () => {
  const source = `export default {
    tools: [],
    async onLoad(context: any) { await context.run({ command: 'true' }); },
  };`;
  await folders.write('eager', source, { required_permissions: ['children'] });
  expect(await host.install(`${folders.root}/eager`, { grant: ['children'] })).toMatchObject({
    state: 'FAILED',
    reason: expect.stringContaining('a trial runs no command'),
  });
});

test.for([
  ['a path of the machine', { command: '/bin/sh' }],
  ['a way out of the folder', { command: './../sh' }],
  ['a shell’s words', { command: 'sh -c id' }],
  ['a file outside of the folder', { command: 'true', files: { '../x': '' } }],
  ['an absolute file', { command: 'true', files: { '/etc/x': '' } }],
  ['an empty part of a name', { command: 'true', files: { 'a//b': '' } }],
  ['a file that is the folder of another', { command: 'true', files: { a: '', 'a/b': '' } }],
  ['a collected file outside of the folder', { command: 'true', collect: ['a/../../x'] }],
  ['more processes than the bound', { command: 'true', pids: 129 }],
  ['more memory than the bound', { command: 'true', memoryMb: 4_097 }],
  ['no time', { command: 'true', timeoutMs: 0 }],
  ['an option that there is not', { command: 'true', env: { A: 'b' } }],
  ['more arguments than the bound of bytes', { command: 'true', args: ['x'.repeat(65_537)] }],
  ['a NUL in an argument', { command: 'true', args: ['a\0b'] }],
] as const)('refused is %s', async ([, params]) => {
  expect(await ask(params)).toMatchObject({ code: 'SERVICE_ASK_INVALID' });
});

test('a command ends with the call that is cancelled, and with the call that runs out of time', async () => {
  for (const end of ['cancel', 'deadline'] as const) {
    const mark = newMark();
    const caller = new AbortController();
    const ends = end === 'cancel' ? { signal: caller.signal } : { timeoutMs: 2_000 };
    const calling: Promise<Outcome> = host.call({ plugin: 'runner', tool: 'run', params: sleeping(mark), ...ends });
    await expect.poll(() => findMarked(mark)).not.toEqual([]);
    caller.abort();
    await calling;
    await expect.poll(() => findMarked(mark)).toEqual([]);
  }
});

test('a command ends with the instance that asked for it', async () => {
  const mark = newMark();
  const calling = host.call({ plugin: 'runner', tool: 'die', params: sleeping(mark), timeoutMs: 1_500 });
  await expect.poll(() => findMarked(mark)).not.toEqual([]);
  expect(await calling).toMatchObject({ ok: false, error: { kind: 'timeout' } });
  await expect.poll(() => findMarked(mark)).toEqual([]);
});

test('a command that nobody waits for ends with its call’s time, or with the host', async () => {
  const mark = newMark();
  const other = await openTestHost({ tierMax: 'jail' });
  await other.install(`${folders.root}/runner`, { grant: ['children'] });
  await other.call({ plugin: 'runner', tool: 'leave', params: sleeping(mark) });
  await expect.poll(() => findMarked(mark)).not.toEqual([]);
  await other.close();
  expect(await findMarked(mark)).toEqual([]);
});
