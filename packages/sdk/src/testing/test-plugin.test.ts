import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

test('what the plugin fetches is answered from the cassette that is named', { timeout: 60_000 }, async () => {
  const registered = new Map<string, () => Promise<void>>();
  const register: RegisterTest = (title, run) => registered.set(title, run);
  const bin = join(root, 'packages/cli/bin/bulkhead.js');
  const greeter = join(root, 'plugins/greeter');
  testPlugin(greeter, { test: register, bin, cassette: join(folder, 'nowhere.json') });
  await expect(registered.get('it loads in the sandbox')?.()).rejects.toThrow('nowhere.json" cannot be read');
  await writeFile(join(folder, 'empty.json'), JSON.stringify({ format: 1, exchanges: [] }));
  registered.clear();
  testPlugin(greeter, { test: register, bin, cassette: join(folder, 'empty.json') });
  await registered.get('it loads in the sandbox')?.();
});

/** A plugin with the test file that an author writes, beside the packages that are installed here. */
async function authored(name: string): Promise<string> {
  const project = join(folder, name);
  await mkdir(project);
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
  await cp(join(root, 'plugins/units'), join(project, 'plugin'), { recursive: true });
  await rm(join(project, 'plugin/tests'), { recursive: true, force: true });
  const file = join(project, 'plugin/contract.test.mjs');
  await writeFile(file, `import { testPlugin } from '@bulkhead/sdk/testing';\ntestPlugin(import.meta.dirname);\n`);
  return file;
}

type Ended = { readonly code: number; readonly stdout: string };

function runNode(args: readonly string[], cwd: string): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const { NODE_TEST_CONTEXT: _context, VITEST: _vitest, ...env } = process.env;
  const options = { cwd, env: { ...env, NODE_OPTIONS: '--conditions=source', NO_COLOR: '1' } };
  const child = execFile(process.execPath, args, options, (_error, stdout, stderr) =>
    resolve({ code: child.exitCode ?? -1, stdout: stdout + stderr }),
  );
  return promise;
}

const bins = {
  vitest: join(root, 'node_modules/vitest/vitest.mjs'),
  mocha: fileURLToPath(import.meta.resolve('mocha/bin/mocha.js')),
  jestLike: join(import.meta.dirname, 'jest-like.fixture.ts'),
};

test.each<readonly [string, readonly string[]]>([
  ['node:test', ['--test', '--test-reporter=spec']],
  ['vitest with globals', [bins.vitest, 'run', '--globals', '--reporter=verbose']],
  ['mocha', [bins.mocha]],
  ['the globals of jest', [bins.jestLike]],
])(
  '%s registers and runs every contract test, with the time that they take',
  { timeout: 60_000 },
  async (name, args) => {
    const file = await authored(name.replaceAll(/\W/g, '-'));
    const { code, stdout } = await runNode([...args, file], join(file, '../..'));
    for (const title of ['it loads in the sandbox', 'the server survives it', 'its cleanup leaves nothing behind'])
      expect(stdout).toMatch(new RegExp(`^\\s*[✓✔].*${title}`, 'm'));
    expect(code).toBe(0);
  },
);

test('without a runner it says what to pass, and without the command what to install', () => {
  expect(() => testPlugin(folder)).toThrow('pass its functions: testPlugin(dir, { test, describe })');
  expectTypeOf(test).toExtend<RegisterTest>();
});
