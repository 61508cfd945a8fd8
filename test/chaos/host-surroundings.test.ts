/**
 * What happens to the host itself: no descriptors or processes left, bubblewrap missing or broken, the wall clock
 * jumping, and a kill in the middle of an install. Each time the server goes on, or the next one starts as if nothing was.
 */
import { createHost } from '@bulkhead/host';
import { ERRORS, isErrorCode } from '@bulkhead/protocol';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { startHost, type ChildHost, type ChildOptions } from '../support/child-host.ts';
import { copyCheckout } from '../support/checkout-copy.ts';
import { openScratch, writeFiles } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';
import { until } from '../support/until.ts';
import { fixtureFolder } from './matrix/hostile-folders.ts';
import { endingOf } from './matrix/observe-attack.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const TIERS_HERE = await tiersHere();
const STRONGEST = TIERS_HERE.at(-1);

/** Runs prlimit on a host as its own user: not even root may set the limits of another's process everywhere. */
async function limits(host: ChildHost, user: readonly string[], options: readonly string[]): Promise<string> {
  const [file = '', ...args] = [...user, 'prlimit', '--pid', `${host.child.pid}`, ...options];
  return (await run(file, args)).stdout.trim();
}

const PING = { plugin: 'good-neighbour', tool: 'ping' };
const OTHER = { plugin: 'sleep', tool: 'attack', params: { ms: 1 } };
const GOOD = { ending: { kind: 'ok', value: 'pong' }, state: 'INITIALIZED', errors: 0 };
const NO_PROCESS = { ending: { kind: 'unavailable', code: 'HOST_SPAWN_FAILED' }, state: 'INITIALIZED', errors: 0 };
const FOLDERS = ['good-neighbour', 'sleep'];

/** More than an install has open at once. */
const DESCRIPTORS_OF_AN_INSTALL = 32;

type Hunger = { readonly name: 'nofile' | 'nproc'; readonly value: number; readonly user: readonly string[] };

/** Deeper than the processes of an install need descriptors. */
const DEEP = 'deep/'.repeat(12);
/** A neighbour that needs a package, whose file lies far down: each folder on the way is open while it is read. */
const WITH_DEPENDENCY = {
  'plugin.json': JSON.stringify({
    name: 'good-neighbour',
    version: '1.0.0',
    description: 'Answers.',
    author: 'Bulkhead',
  }),
  'main.js': `import { pong } from 'answers/${DEEP}pong.js';
    const parameters = { type: 'object' };
    export default { tools: [{ name: 'ping', description: 'Answers.', parameters, execute: () => pong }] };`,
  'node_modules/answers/package.json': JSON.stringify({ name: 'answers', version: '1.0.0', type: 'module' }),
  [`node_modules/answers/${DEEP}pong.js`]: "export const pong = 'pong';",
};

/** In one word what came of an install: the kind of the code that refused it, or the state of the plugin. */
const kindOf = (state: unknown): string => (isErrorCode(state) ? ERRORS[state].kind : String(state).toLowerCase());

/** Leaves a host so many free descriptors: the limit is on their numbers, and the lowest free one is given out. */
async function leaveDescriptors(host: ChildHost, count: number): Promise<void> {
  const open = new Set((await readdir(`/proc/${host.child.pid}/fd`)).map(Number));
  const free = Array.from({ length: open.size + count }, (_, fd) => fd).filter((fd) => !open.has(fd));
  await limits(host, [], [`--nofile=${(free[count - 1] ?? -1) + 1}:`]);
}

/**
 * Starves a host that has one guest of what it needs to start another, and feeds it again. Only the soft limit changes,
 * so that it can be raised.
 */
async function assertSurvivesHunger(host: ChildHost, { name, value, user }: Hunger): Promise<void> {
  expect(await host.line()).toMatchObject({ above: [] });
  expect(await host.ask(PING)).toEqual(GOOD);
  const usual = await limits(host, user, [`--${name}`, '--output=SOFT', '--noheadings']);
  await limits(host, user, [`--${name}=${value}:`]);
  expect(await host.ask(OTHER)).toEqual(NO_PROCESS);
  expect(await host.ask(PING)).toEqual(GOOD);
  await limits(host, user, [`--${name}=${usual}:`]);
  expect(await host.ask(OTHER)).toEqual({ ending: { kind: 'ok', value: 'slept' }, state: 'INITIALIZED', errors: 0 });
}

describe('a host that runs out of', () => {
  test('[FAULTS-114] descriptors starts no guest, says so, and serves with those it has', async () => {
    await using host = startHost({ verb: 'serve', folders: FOLDERS.map(fixtureFolder), options: { spareCount: 0 } });
    await assertSurvivesHunger(host, { name: 'nofile', value: 0, user: [] });
  });

  test.each([...new Set(['process' as const, STRONGEST])])(
    '[FAULTS-114] descriptors at any step of an install at tier %s says so, and installs when it has some',
    async (tierMax) => {
      const options = { spareCount: 0, ...(tierMax && { tierMax }) };
      await using scratch = await openScratch('hungry');
      await writeFiles(scratch.path, WITH_DEPENDENCY);
      await using host = startHost({ verb: 'serve', folders: [], options });
      await host.line();
      const refused = new Set<string>();
      const install = async (freeDescriptors: number): Promise<unknown> => {
        await leaveDescriptors(host, freeDescriptors);
        return (await host.ask({ install: scratch.path }))['state'];
      };
      for (let free = 0; free < DESCRIPTORS_OF_AN_INSTALL; free += 1) {
        const state = await install(free);
        if (state === 'INITIALIZED') break;
        refused.add(kindOf(state));
      }
      expect([...refused]).toEqual(['unavailable']);
      expect(await install(DESCRIPTORS_OF_AN_INSTALL)).toBe('INITIALIZED');
      expect(await host.ask(PING)).toEqual(GOOD);
    },
  );

  test(
    '[FAULTS-114] processes starts no guest, says so, and serves with those it has',
    { timeout: 120_000 },
    async () => {
      await using scratch = await openScratch('starved');
      // The kernel does not hold root to it, and counts for each user; this one has no other process.
      const user = isRoot ? ['setpriv', '--reuid=64999', '--regid=64999', '--clear-groups', '--'] : [];
      const checkout = isRoot ? await copyCheckout(scratch.path) : undefined;
      const folders = FOLDERS.map((name) =>
        checkout ? join(checkout.root, 'fixtures/hostile', name) : fixtureFolder(name),
      );
      const child: ChildOptions = checkout === undefined ? {} : { through: user, checkout };
      await using bare = startHost({ verb: 'serve', folders: [], options: { spareCount: 0 } }, child);
      await bare.line();
      const usual = await limits(bare, user, ['--nproc', '--output=SOFT', '--noheadings']);
      await limits(bare, user, ['--nproc=1:']);
      expect(await bare.ask({ install: folders[0] })).toEqual({ state: 'HOST_SPAWN_FAILED' });
      await limits(bare, user, [`--nproc=${usual}:`]);
      expect(await bare.ask({ install: folders[0] })).toEqual({ state: 'INITIALIZED' });
      await using host = startHost({ verb: 'serve', folders, options: { spareCount: 0 } }, child);
      await assertSurvivesHunger(host, { name: 'nproc', value: 1, user });
    },
  );
});

/** A mount namespace of its own, in which another file stands where bubblewrap is; nobody else sees it. */
const withBwrap = (file: string): ChildOptions => ({
  through: [
    'unshare',
    ...(isRoot ? ['--mount'] : ['--mount', '--user', '--map-root-user']),
    'sh',
    '-c',
    'mount --bind "$0" /usr/bin/bwrap && exec "$@"',
    file,
  ],
});

const BROKEN_BWRAPS: readonly (readonly [string, string, number])[] = [
  ['is missing', '', 0o644],
  ['is broken', '#!/bin/sh\nexit 1\n', 0o755],
  ['is refused by the kernel', '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n', 0o755],
  ['hangs', '#!/bin/sh\nexec sleep 600\n', 0o755],
  ['does nothing and says that it did', '#!/bin/sh\nexit 0\n', 0o755],
];

describe('where bubblewrap', () => {
  test.concurrent.each(BROKEN_BWRAPS)(
    '[FAULTS-116] %s, the host says so and is of a weaker tier',
    async (_how, text, mode) => {
      await using scratch = await openScratch('bwrap');
      await writeFiles(scratch.path, { bwrap: text });
      await chmod(join(scratch.path, 'bwrap'), mode);
      const folders = [fixtureFolder('good-neighbour')];
      const child = withBwrap(join(scratch.path, 'bwrap'));
      await using host = startHost({ verb: 'serve', folders, options: {} }, child);
      await using strict = startHost({ verb: 'serve', folders, options: { minTier: 'jail' } }, child);
      expect(await host.line()).toEqual({ tier: TIERS_HERE.at(-2), above: [STRONGEST] });
      expect(await host.ask(PING)).toEqual(GOOD);
      expect(await strict.line()).toEqual({ refused: 'SANDBOX_TOO_WEAK' });
    },
  );

  test('[FAULTS-116] breaks while a host runs, guests that run go on, and none starts outside of its tier', async () => {
    await using scratch = await openScratch('bwrap');
    await writeFiles(scratch.path, { bwrap: '#!/bin/sh\nexit 1\n' });
    await chmod(join(scratch.path, 'bwrap'), 0o755);
    const bwrap = join(scratch.path, 'bwrap');
    const folders = FOLDERS.map(fixtureFolder);
    await using host = startHost({ verb: 'serve', folders, options: { spareCount: 0 } }, withBwrap('/usr/bin/bwrap'));
    expect(await host.line()).toEqual({ tier: STRONGEST, above: [] });
    expect(await host.ask(PING)).toEqual(GOOD);
    const enter = ['--target', `${host.child.pid}`, '--mount', ...(isRoot ? [] : ['--user', '--preserve-credentials'])];
    await run('nsenter', [...enter, '--', 'mount', '--bind', bwrap, '/usr/bin/bwrap']);
    expect(await host.ask(OTHER)).toEqual(NO_PROCESS);
    expect(await host.ask(PING)).toEqual(GOOD);
  });
});

describe('the wall clock', () => {
  test.each([
    ['a day ahead', 86_400_000],
    ['a day back', -86_400_000],
  ])('[FAULTS-117] jumps %s, and no call times out or waits', async (_where, jumpMs) => {
    await using host = await createHost({ spareCount: 0 });
    for (const fixture of FOLDERS) await host.install(fixtureFolder(fixture));
    const sleeping = host.call({ plugin: 'sleep', tool: 'attack', params: { ms: 300 }, timeoutMs: 5_000 });
    await until(
      () => host.health('sleep')?.state,
      (state) => state === 'RUNNING',
    );
    const realNow = Date.now;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + jumpMs);
    const during = await host.call({ ...PING, timeoutMs: 5_000 });
    const slept = await sleeping;
    clock.mockRestore();
    expect([endingOf(during), endingOf(slept)]).toEqual([
      { kind: 'ok', value: 'pong' },
      { kind: 'ok', value: 'slept' },
    ]);
    expect(slept.call.duration_ms).toBeLessThan(5_000);
  });
});

/** Different each time, and the same in each run: where in an install the kill falls is what varies. */
const KILLS = Array.from({ length: 12 }, (_, index) => [index + 1, 7 + ((index * 37) % 101)] as const);

describe('a host that is killed while it installs', () => {
  test.concurrent.each(KILLS)(
    '[FAULTS-118] leaves whole artifacts, no lock and no temporary file (%i: after %i ms more)',
    async (_n, ms) => {
      await using scratch = await openScratch('installs');
      const folder = join(scratch.path, 'changing');
      const manifest = { name: 'changing', version: '1.0.0', description: 'Changes.', author: 'Bulkhead' };
      await writeFiles(folder, { 'plugin.json': JSON.stringify(manifest) });
      const dataDir = join(scratch.path, 'data');
      await mkdir(dataDir);
      const host = startHost({ verb: 'rewrite', folder, options: { dataDir, spareCount: 0 } });
      expect(await host.line()).toEqual({ state: 'INITIALIZED' });
      const killAt = performance.now() + ms;
      await until(
        () => performance.now(),
        (now) => now >= killAt,
      );
      await host.kill();
      const artifacts = (await filesBelow(dataDir)).filter((path) => path.endsWith('.artifact'));
      expect(artifacts.length).toBeGreaterThanOrEqual(1);
      for (const path of artifacts) expect(await sha256(path)).toBe(basename(path, '.artifact'));
      await using next = await createHost({ dataDir, spareCount: 0 });
      const left = (await filesBelow(dataDir)).map((path) => path.slice(dataDir.length));
      expect(left.toSorted()).toEqual(['/holder.json', '/holder.sqlite', '/node']);
      await writeFiles(folder, { 'main.js': 'export default { tools: [] };\n' });
      expect(await next.install(folder)).toMatchObject({ state: 'INITIALIZED' });
    },
  );
});

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
