import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest';
import { testPlugin, type RegisterTest } from './test-plugin.ts';

const root = join(import.meta.dirname, '../../../..');

// The author's own runner is this one; the tests that it registers are of the real plugin, in the real sandbox.
testPlugin(new URL('../../../../plugins/greeter/', import.meta.url), { test, describe });

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-sdk-testing-'));
afterAll(() => rm(folder, { recursive: true }));

const manifest = (more: object = {}) =>
  JSON.stringify({ name: 'mine', version: '1.0.0', description: 'Mine.', author: 'A test', main: 'main.js', ...more });

test(
  'there is a test for each contract, of each kind, and one that is not kept fails with file, line and cure [F001-40] [F004-19]',
  { timeout: 60_000 },
  async () => {
    const dir = join(folder, 'broken');
    await mkdir(dir);
    await writeFile(join(dir, 'plugin.json'), manifest({ entry_points: { monitors: { mine: './main.js#Mine' } } }));
    await writeFile(join(dir, 'main.js'), `const a = 1;\nexport class Mine { start() {} }`);
    const registered = new Map<string, () => Promise<void>>();
    const register: RegisterTest = (title, run) => registered.set(title, run);
    testPlugin(dir, { test: register, bin: join(root, 'packages/cli/bin/bulkhead.js') });
    expect([...registered.keys()]).toEqual([
      'it loads in the sandbox',
      'what it says of itself equals plugin.json',
      'its monitor "mine" keeps the contract of its kind',
      'bad input ends in an outcome',
      'the server survives it, and it answers on',
      'its cleanup leaves nothing behind',
    ]);
    await expect(registered.get('it loads in the sandbox')?.()).rejects.toThrow(
      /^main\.js:2: .* has no record, no finalize/,
    );
    await expect(registered.get('bad input ends in an outcome')?.()).rejects.toThrow(
      'not tried, since it does not load',
    );
  },
);

test('node:test is found by itself', { timeout: 60_000 }, async () => {
  const dir = join(root, 'node_modules/.cache/sdk-testing');
  await rm(dir, { recursive: true, force: true });
  await cp(join(root, 'plugins/units'), dir, { recursive: true });
  await writeFile(
    join(dir, 'contract.test.js'),
    `import { testPlugin } from '@bulkhead/sdk/testing'; testPlugin(import.meta.dirname);`,
  );
  const ran = Promise.withResolvers<{ code: unknown; stdout: string }>();
  const args = ['--conditions=source', '--test', '--test-reporter=tap', join(dir, 'contract.test.js')];
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, VITEST: undefined };
  execFile(process.execPath, args, { env }, (error, stdout) => ran.resolve({ code: error?.code ?? 0, stdout }));
  const { code, stdout } = await ran.promise;
  await rm(dir, { recursive: true });
  expect(stdout).toMatch(/ok 5 - its cleanup leaves nothing behind/);
  expect(code).toBe(0);
});

test('without a runner it says what to pass, and without the command what to install', () => {
  expect(() => testPlugin(folder)).toThrow('pass its functions: testPlugin(dir, { test, describe })');
  expectTypeOf(test).toExtend<RegisterTest>();
});
