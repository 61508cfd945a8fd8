import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OUTCOME_KINDS, type Outcome } from '@bulkhead/protocol';
import { makeFolder, REPOSITORY, run, serve, start, writePlugin, type Folder } from './cli-fixture.ts';

const demo = (name: string): string => join(REPOSITORY, 'examples/demo-plugins', name);
const calculator = join(REPOSITORY, 'plugins/calculator');

let folder: Folder;
let testPlugin: string;

const TOOLS = `const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('talk', () => { console.log('to stdout'); console.error('to stderr'); return 'done'; }),
  tool('wait', (_params, { signal }) => { console.log('waiting');
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(0))); }),
  tool('flood', () => 'x'.repeat(2_000_000)),
  tool('tell', async function* (_params, context) {
    context.progress(1, { total: 2, message: 'begun' });
    yield 'one, ';
    yield 'two';
    yield { n: 3 };
    yield new Uint8Array([0x66, 0x6f, 0x75, 0x72]);
  }),
  tool('tell_and_fail', async function* () { yield 'half'; throw new Error('way'); }),
  tool('cycle', () => { const it = {}; it.it = it; return it; }),
] };`;

beforeAll(async () => {
  folder = await makeFolder();
  testPlugin = await writePlugin(folder.path, { name: 'tools', main: TOOLS });
});
afterAll(() => folder[Symbol.asyncDispose]());

function outcomeOf(stdout: string): Outcome {
  expect(stdout.split('\n')).toHaveLength(2); // One line and its end.
  return JSON.parse(stdout) as Outcome; // The tests look at what is inside.
}

test('[F003-40] a call of a folder prints the outcome as one line on stdout, and nothing else there', async () => {
  const { code, stdout } = await run(['call', calculator, 'add', '--params', '{"a":2,"b":3}', '--json']);
  expect(outcomeOf(stdout)).toMatchObject({
    ok: true,
    value: { result: 5 },
    call: { plugin: 'calculator', target: 'add' },
  });
  expect(code).toBe(0);
});

test.each([
  ['tool_error', 10, calculator, 'divide', '{"a":1,"b":0}'],
  ['invalid_input', 11, calculator, 'add', '{"a":1}'],
  ['timeout', 17, demo('spinner'), 'spin', '{}'],
  ['out_of_memory', 18, demo('glutton'), 'eat', '{}'],
  ['crashed', 19, demo('crasher'), 'die', '{}'],
  ['unavailable', 23, demo('needy'), 'anneal', '{}'],
  ['not_found', 25, calculator, 'modulo', '{}'],
] as const)('%s exits %d', async (kind, exitCode, dir, tool, params) => {
  const { code, stdout } = await run(['call', dir, tool, '--params', params, '--json']);
  expect(outcomeOf(stdout)).toMatchObject({ ok: false, error: { kind } });
  expect(code).toBe(exitCode);
  expect(exitCode).toBe(10 + OUTCOME_KINDS.indexOf(kind));
});

test.each([
  ['invalid_output', 12, 'cycle'],
  ['output_too_large', 13, 'flood'],
] as const)('%s exits %d, too', async (kind, exitCode, tool) => {
  const { code, stdout } = await run(['call', testPlugin, tool, '--json']);
  expect(outcomeOf(stdout)).toMatchObject({ error: { kind } });
  expect(code).toBe(exitCode);
});

test('a plugin that is refused is an outcome, too: unavailable, PLUGIN_REFUSED, exit code 23', async () => {
  const dir = await writePlugin(folder.path, { name: 'evil', main: "export default { tools: [] }; eval('1');" });
  const { code, stdout } = await run(['call', dir, 'anything', '--json']);
  expect(outcomeOf(stdout)).toMatchObject({
    ok: false,
    error: { kind: 'unavailable', code: 'PLUGIN_REFUSED', message: expect.stringContaining('main.js:1') },
    call: { plugin: 'evil', target: 'anything' },
  });
  expect(code).toBe(23);
});

test('a capability is granted by --grant and never implied', async () => {
  const manifest = { required_permissions: ['temp_dir'] };
  const main = `export default { tools: [{ name: 'ok', description: 'Is.', parameters: { type: 'object' }, execute: () => 1 }] };`;
  const dir = await writePlugin(folder.path, { name: 'careful', main, manifest });
  const denied = await run(['call', dir, 'ok', '--json']);
  expect(outcomeOf(denied.stdout)).toMatchObject({ error: { kind: 'denied', code: 'PERMISSION_NOT_GRANTED' } });
  expect(denied.code).toBe(14);
  expect((await run(['call', dir, 'ok', '--grant', 'temp_dir', '--json'])).code).toBe(0);
});

test('[F003-30] a shorter time limit is kept', async () => {
  const { code, stdout } = await run(['call', testPlugin, 'wait', '--timeout-ms', '300', '--json']);
  expect(outcomeOf(stdout)).toMatchObject({ error: { kind: 'timeout', limit: { allowed: 300 } } });
  expect(code).toBe(17);
});

test('a time limit of 0 is the call’s own invalid_input', async () => {
  const { code } = await run(['call', testPlugin, 'talk', '--timeout-ms', '0', '--json']);
  expect(code).toBe(11);
});

test('what a plugin prints is in the outcome and not on stdout', async () => {
  const { stdout } = await run(['call', testPlugin, 'talk', '--json']);
  expect(outcomeOf(stdout)).toMatchObject({ call: { stdout: 'to stdout\n', stderr: 'to stderr\n' } });
});

test('for people the value is on stdout, and the talk on stderr without colours in a pipe', async () => {
  const { code, stdout, stderr } = await run(['call', testPlugin, 'talk']);
  expect(stdout).toBe('"done"\n');
  expect(stderr).toContain('| to stdout');
  expect(stderr).toMatch(/ok in \d+ ms, sandbox/);
  expect(stderr).not.toContain('\u001B');
  expect(code).toBe(0);
});

test('for people a failure is on stderr with its code and the next step, and stdout is empty', async () => {
  const { stdout, stderr } = await run(['call', calculator, 'divide', '--params', '{"a":1,"b":0}']);
  expect(stdout).toBe('');
  expect(stderr).toContain('tool_error TOOL_REPORTED_ERROR: Division by zero');
});

test('with --stream what a tool gives is printed as it comes, and how far it is as talk', async () => {
  const { code, stdout, stderr } = await run(['call', testPlugin, 'tell', '--stream']);
  expect(stdout).toBe('one, two{"n":3}\nfour');
  expect(stderr).toContain('1 of 2: begun');
  expect(stderr).toMatch(/ok in \d+ ms/);
  expect(code).toBe(0);
});

test('with --stream --json each piece is a line, and the outcome the last', async () => {
  const { stdout } = await run(['call', testPlugin, 'tell', '--stream', '--json']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { event: 'progress', data: { progress: 1, total: 2, message: 'begun' } },
    { event: 'chunk', data: 'one, ' },
    { event: 'chunk', data: 'two' },
    { event: 'chunk', data: { n: 3 } },
    { event: 'bytes', data: 'Zm91cg==' },
    expect.objectContaining({ ok: true, value: null }),
  ]);
});

test('a stream that breaks off ends with its error and exit code, behind a line of its own', async () => {
  const { code, stdout, stderr } = await run(['call', testPlugin, 'tell_and_fail', '--stream']);
  expect(stdout).toBe('half\n');
  expect(stderr).toContain('tool_error PLUGIN_THREW: Error: way');
  expect(code).toBe(10);
});

test('a server’s tool is streamed alike', async () => {
  await writePlugin(folder.path, { name: 'teller', main: TOOLS });
  await using served = await serve(['--plugins', folder.path]);
  const asked = ['call', 'teller', 'tell', '--stream', '--server', served.ready.url];
  const token = await readFile(served.ready.token_file ?? '', 'utf8');
  const env = { BULKHEAD_TOKEN: token.trim() };
  expect(await run(asked, { env })).toMatchObject({ stdout: 'one, two{"n":3}\nfour', code: 0 });
  const refused = await run(['call', 'teller', 'none', '--stream', '--server', served.ready.url], { env });
  expect(refused.code).toBe(25);
  expect(refused.stderr).toContain('TOOL_NOT_FOUND');
});

test('Ctrl-C cancels the call: exit code 20', async () => {
  const running = start(['call', testPlugin, 'wait', '--json']);
  await expect.poll(() => running.stderr()).toContain('calling wait');
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  expect(outcomeOf(stdout)).toMatchObject({ error: { kind: 'cancelled' } });
  expect(code).toBe(20);
});

test.each([
  ['no arguments', ['call']],
  ['parameters that are no JSON', ['call', calculator, 'add', '--params', '{']],
  ['parameters that are a list', ['call', calculator, 'add', '--params', '[1]']],
  ['a folder that is not there', ['call', './not-there', 'add']],
  ['an unknown option', ['call', calculator, 'add', '--loud']],
  ['a grant that is no permission', ['call', calculator, 'add', '--grant', 'everything']],
  ['a server that is no URL', ['call', 'calculator', 'add', '--server', 'there']],
  ['an unknown verb', ['cal']],
])('%s is wrong usage: exit code 2, nothing on stdout', async (_what, args) => {
  const { code, stdout, stderr } = await run(args, { env: { BULKHEAD_TOKEN: 'x'.repeat(32) } });
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toBe('');
});

test('where no server answers, a call by name exits 1 and says how to start one', async () => {
  const { code, stderr } = await run(['call', 'calculator', 'add', '--server', 'http://127.0.0.1:1'], {
    env: { BULKHEAD_TOKEN: 'x'.repeat(32) },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('bulkhead serve');
});
