import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Receipt } from '@bulkhead/protocol';
import { TIERS } from '@bulkhead/protocol';
import { makeFolder, REPOSITORY, run, runHere } from './cli-fixture.ts';

const VERBS = [
  ...['serve', 'call', 'check', 'review', 'init', 'doctor', 'list', 'health', 'plugins', 'enable', 'disable'],
  ...['config get', 'config set', 'tenant create', 'tenant list', 'tenant show', 'tenant update', 'tenant delete'],
  ...[
    'token create',
    'token list',
    'token revoke',
    'install',
    'pack',
    'sign',
    'verify',
    'offer',
    'releases',
    'upgrade',
    'rollback',
    'logs',
    'debug',
    'nodes',
    'migrate up',
    'migrate down',
    'migrate status',
  ],
];

test.each(VERBS)('%s --help shows examples and exits 0', async (verb) => {
  const { code, stdout, stderr } = await runHere([...verb.split(' '), '--help']);
  expect(stdout).toContain('Usage: bulkhead');
  expect(stdout).toContain('Examples:');
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('without a verb the verbs are listed, as wrong usage', async () => {
  const { code, stderr } = await run([]);
  expect(code).toBe(2);
  for (const verb of VERBS) expect(stderr).toMatch(new RegExp(`^ +(\\S+\\|)?${verb.split(' ', 1).join('')}\\b`, 'm'));
});

test('an unknown option is answered with the one that was meant', async () => {
  const { code, stderr } = await run(['serve', '--prot', '1']);
  expect(code).toBe(2);
  expect(stderr).toContain('--port');
});

test('doctor prints tier and layers as one line, each with how it was tested', async () => {
  const { code, stdout } = await run(['doctor', '--json']);
  const receipt = JSON.parse(stdout) as Receipt; // Looked at below.
  expect(TIERS).toContain(receipt.tier);
  expect(receipt.layers.length).toBeGreaterThan(5);
  for (const layer of receipt.layers) {
    expect(layer).toEqual({ name: expect.any(String), holds: expect.any(Boolean), how: expect.any(String) });
  }
  expect(code).toBe(0);
});

test('doctor tells people the tier, and each layer on a line', async () => {
  const { stdout } = await run(['doctor']);
  expect(stdout).toMatch(/^tier \w+, Node v\d+/);
  expect(stdout).toMatch(/^ {2}[✓✗] permission-model/m);
});

/** Says that Node is old to the first process only. */
const OLD_NODE =
  "--import=data:text/javascript,if(!process.env.BULKHEAD_PARENT_FD)Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.0.0'}})";

test('under an old Node it starts itself again with the pinned one, and hands on the exit code', async () => {
  const { code, stdout } = await run(['doctor', '--json'], { nodeArgs: [OLD_NODE] });
  expect(JSON.parse(stdout)).toMatchObject({ tier: expect.any(String) });
  expect(code).toBe(0);
  expect((await run(['check'], { nodeArgs: [OLD_NODE] })).code).toBe(2);
});

test('what V8 made of the code is kept in the user’s cache folder, and is no need', async () => {
  await using folder = await makeFolder();
  const version = (cache: string) => run(['--version'], { env: { XDG_CACHE_HOME: cache }, isBuilt: true });
  expect(await version(folder.path)).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(join(folder.path, 'bulkhead/code'))).not.toEqual([]);
  expect(await version(join(REPOSITORY, 'package.json'))).toMatchObject({ code: 0, stderr: '' });
});

test('every verb runs outside the repository', async () => {
  await using folder = await makeFolder();
  expect((await run(['--version'], { cwd: folder.path })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
