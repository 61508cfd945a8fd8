import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContractOutcome } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { makeFolder, run, writePlugin, type PluginSource } from './cli-fixture.ts';

type Report = {
  ok: boolean;
  plugin: string | null;
  contracts: ContractOutcome[];
  own: { runner: string; ok: boolean; output: string };
};

const report = async (parent: string, source: PluginSource, args: readonly string[] = []) => {
  const dir = await writePlugin(parent, source);
  const { code, stdout } = await run(['test', dir, '--json', ...args]);
  return { code, ...(JSON.parse(stdout) as Report) }; // Its form is what these tests judge.
};
const failures = ({ contracts }: Report) => contracts.filter((contract) => !contract.ok);

const GOOD = `export default { tools: [{ name: 'double', description: 'Doubles n.',
  parameters: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
  execute: ({ n }) => n * 2 }] };`;

test('a good plugin keeps every contract, and the tests of its author run with @bulkhead/sdk at hand [F001-40] [F004-19]', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'good', main: GOOD });
  await mkdir(join(dir, 'tests'));
  const own = `import { test } from 'node:test'; import { ToolResult } from '@bulkhead/sdk'; test('own', () => void ToolResult.ok(1));`;
  await writeFile(join(dir, 'tests/own.test.js'), own);
  const { code, stdout } = await run(['test', dir]);
  expect(stdout.split('\n')).toEqual([
    'ok    it loads in the sandbox',
    'ok    what it says of itself equals plugin.json',
    'ok    bad input ends in an outcome',
    'ok    the server survives it, and it answers on',
    'ok    its cleanup leaves nothing behind',
    'ok    its own tests (node:test)',
    '',
  ]);
  expect(code).toBe(0);
});

test('tests of its author that fail are shown as their runner shows them, and fail the command', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'good', main: GOOD });
  await mkdir(join(dir, 'tests'));
  const own = `import { test } from 'node:test';\ntest('it adds up', () => { throw new Error('two and two'); });`;
  await writeFile(join(dir, 'tests/own.test.js'), own);
  const { code, stdout } = await run(['test', dir]);
  expect(code).toBe(1);
  expect(stdout).toContain('FAIL  its own tests (node:test)');
  expect(stdout).toMatch(/own\.test\.js:2/);
  expect(stdout).toContain('two and two');
});

test('tests of another runner run by the test script of package.json', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'good', main: GOOD });
  await mkdir(join(dir, 'tests'));
  await writeFile(join(dir, 'tests/own.test.js'), `import { test } from 'another';`);
  await writeFile(join(dir, 'package.json'), '{"scripts":{"test":"echo they ran"}}');
  const { code, stdout } = await run(['test', dir, '--json']);
  expect(code).toBe(0);
  expect((JSON.parse(stdout) as Report).own).toEqual({ runner: 'npm test', ok: true, output: 'they ran' });
});

const WRONG: readonly (readonly [string, PluginSource, object])[] = [
  [
    'a wrong manifest',
    { name: 'wrong', main: GOOD, manifest: { limits: { memory_mb: 'much' } } },
    { path: expect.stringMatching(/^plugin\.json/), hint: expect.stringMatching(/./) },
  ],
  [
    'a throw at import',
    { name: 'throws', main: `const a = 1;\nthrow new Error('no luck');` },
    { path: 'main.js', line: 2, message: expect.stringContaining('no luck'), hint: expect.stringMatching(/./) },
  ],
  [
    'a syntax error',
    { name: 'syntax', main: `const a = 1;\nexport default {{;` },
    { path: 'main.js', line: 2, hint: expect.stringMatching(/./) },
  ],
  [
    'a forbidden import',
    { name: 'forbidden', main: `const a = 1;\nimport fs from 'node:fs';\nexport default { tools: [fs] };` },
    { path: 'main.js', line: 2, message: expect.stringContaining('fs'), hint: expect.stringMatching(/./) },
  ],
  [
    'a missing dependency',
    { name: 'missing', main: `const a = 1;\nimport pad from 'left-pad';\nexport default { tools: [pad] };` },
    { path: 'main.js', line: 2, hint: expect.stringMatching(/^npm install --prefix .* left-pad$/) },
  ],
  [
    'a hang',
    { name: 'hangs', main: `const a = 1;\nfor (;;) {}` },
    { path: 'main.js', line: 2, message: expect.stringContaining('10000 ms'), hint: expect.stringMatching(/./) },
  ],
];

test.for(WRONG)('%s is told with file, line and cure', { timeout: 60_000 }, async ([, source, expected]) => {
  await using folder = await makeFolder();
  const told = await report(folder.path, source, ['--contracts']);
  expect(told).toMatchObject({ code: 1, ok: false, own: null });
  const [loads, ...others] = failures(told);
  expect(loads).toMatchObject({ id: 'loads', ...expected });
  expect(others.map((contract) => !contract.ok && contract.message)).toEqual(
    Array.from({ length: 4 }, () => 'not tried, since it does not load'),
  );
});

const CONTRACTS: readonly (readonly [string, PluginSource, object])[] = [
  [
    'metadata that differs [F003-17]',
    { name: 'other', main: `export default { metadata: { name: 'other', version: '2.0.0' }, tools: [] };` },
    { id: 'metadata', path: 'plugin.json', message: 'its version is "2.0.0", and in plugin.json "1.0.0"' },
  ],
  [
    'a tool that bad input ends [F001-27]',
    {
      name: 'fragile',
      main: `export default { tools: [{
  name: 'exit', description: 'Exits.', parameters: { type: 'object' },
  execute: (params) => (Object.keys(params).length === 0 ? null : process.abort()) }] };`,
    },
    {
      id: 'bad_input',
      path: 'main.js',
      line: 2,
      message: expect.stringContaining('the tool "exit" with {"__unexpected"'),
    },
  ],
  [
    'a cleanup that throws [F004-11]',
    { name: 'messy', main: `${GOOD.replace('};', '')}, onUnload() {\n  throw new Error('still open');\n} };` },
    { id: 'cleanup', path: 'main.js', message: expect.stringContaining('still open') },
  ],
];

test.for(CONTRACTS)('%s fails its own contract alone', { timeout: 60_000 }, async ([, source, expected]) => {
  await using folder = await makeFolder();
  const told = await report(folder.path, source, ['--contracts']);
  expect(failures(told)).toEqual([expect.objectContaining(expected)]);
  expect(told.code).toBe(1);
});

const NO_KINDS: readonly (readonly [string, string, string, string])[] = [
  ['task_handlers', `KIND = 'render'; PROVIDES = ['cpu']; dispatch() { return true; } handle() {}`, 'dispatch of a task of kind "mutate" answered true; expected false', 'F000-6'],
  ['llm_backends', `generate() { return { words: [] }; }`, 'generate answered {"words":[]}; expected a text', 'F000-16'],
  ['parent_selectors', `select() { return { id: 'mine' }; } sampleInspirations() { return []; } feedback() {}`, 'select answered {"id":"mine"}; expected a program of the database', 'F000-24'],
  ['executors', `execute() { return { success: true }; }`, 'execute answered {"success":true}; expected { success, result or error,', 'F002-17'],
  ['monitors', `start() {} record() {} finalize() { return { id: 'x', summary: {}, alerts: [] }; } identifier() { return 'y'; }`, 'expected { id: "y", summary: {}, alerts: [] }', 'F002-24'],
]; // prettier-ignore

test.for(NO_KINDS)(
  'one of %s that breaks its contract is told, with the line of its class',
  { timeout: 60_000 },
  async ([group, body, message]) => {
    await using folder = await makeFolder();
    const manifest = { entry_points: { [group]: { mine: './main.js#Mine' } } };
    const told = await report(
      folder.path,
      { name: 'kinds', main: `const a = 1;\nexport class Mine { ${body} }`, manifest },
      ['--contracts'],
    );
    expect(failures(told)).toEqual([
      expect.objectContaining({
        id: `${group}/mine`,
        path: 'main.js',
        line: 2,
        message: expect.stringContaining(message),
      }),
    ]);
  },
);

test('a folder that is not there is wrong usage', async () => {
  const { code, stderr } = await run(['test', './nowhere']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('./nowhere is no folder') });
});
