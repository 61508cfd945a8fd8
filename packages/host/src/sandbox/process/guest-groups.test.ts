import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TIERS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { tierObstacle } from './command.ts';
import { end, guestGroupNames, hostGroupOf, startInGroup, withGroups } from './group-fixture.ts';
import { guestGroupLimits, openGuestGroups, parseGroupPaths } from './guest-groups.ts';
import { openLaunchFixture } from './launch-fixture.ts';
import { createGuestLauncher } from './launcher.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);
const MIB = 1024 * 1024;
const LIMITS = { memoryBytes: 64 * MIB, processesMax: 32 };

test.each(TIERS_HERE)(
  'a guest at tier %s that its group has no more memory for is ended, and the group says why [FAULTS 27]',
  (tier) =>
    withGroups(async (groups) => {
      const fixture = await openLaunchFixture();
      const group = groups.make(LIMITS);
      const shape = { ...fixture.shapeOf(tier), groupEntries: group.entries };
      const guest = await fixture.start(fixture.command(tier, { shape }));
      expect(await groups.isInside(guest.child.pid ?? 0)).toBe(true);
      expect(group.wasOutOfMemory()).toBe(false);
      // Below what RLIMIT_DATA and V8 allow, so that nothing but the group can end it.
      const code = `export default () => Array.from({ length: 100 }, () => Buffer.alloc(1024 * 1024, 1)).length`;
      const closed = once(guest.child, 'close');
      await expect(guest.ask(code)).rejects.toThrow('the guest ended');
      expect(await closed).toEqual(tier === 'jail' && groups.version === 1 ? [137, null] : [null, 'SIGKILL']);
      group.remove();
      expect([group.wasOutOfMemory(), group.oomKills()]).toEqual([true, 1]);
      await fixture.close();
    }),
);

test.each(TIERS_HERE)('a guest at tier %s that is killed by the host was not out of memory', (tier) =>
  withGroups(async (groups) => {
    const fixture = await openLaunchFixture();
    const uids = { first: 0, acquire: () => fixture.shapeOf('jail').uid, release: () => undefined };
    const { staged, shapeOf } = fixture;
    const launcher = createGuestLauncher({
      ...{ tier, toolset, staged, groups, token: fixture.runDirectory.token, hostPid: process.pid },
      uids: toolset.isRoot ? { ...uids, close: () => Promise.resolve() } : undefined,
    });
    const { uid: _, ...shape } = shapeOf(tier);
    const launch = launcher.prepare(shape);
    const fds = fixture.command(tier).fds;
    const guest = await fixture.start({ ...launch, fds });
    launch.didSpawn();
    expect(await groups.isInside(guest.child.pid ?? 0)).toBe(true);
    await guest.end();
    expect(launch.wasOutOfMemory()).toBe(false);
    launch.release();
    launch.release();
    await fixture.close();
  }),
);

test('a group has room for the budget and for Node itself, above RLIMIT_DATA and the watchdog [FAULTS 26]', () => {
  expect(guestGroupLimits(128)).toEqual({ memoryBytes: 256 * MIB, processesMax: 64 });
});

test('two hundred guests that come and go at once leave no group behind', () =>
  withGroups(async (groups) => {
    const last = groups.make(LIMITS);
    const startOne = async (): Promise<number | null> => {
      const group = groups.make(LIMITS);
      const child = startInGroup(group, ['/bin/true']);
      const [code] = (await once(child, 'exit')) as [number | null];
      group.remove();
      return code;
    };
    for (let round = 0; round < 10; round += 1) {
      const codes = await Promise.all(Array.from({ length: 20 }, startOne));
      expect(new Set(codes)).toEqual(new Set([0]));
    }
    await expect.poll(() => guestGroupNames(last)).toEqual(last.paths.map((path) => basename(path)));
  }));

test('a guest whose group is gone is not started', () =>
  withGroups(async (groups) => {
    const group = groups.make(LIMITS);
    group.remove();
    const child = startInGroup(group, ['/bin/true']);
    const [text] = (await once(child.stderr ?? child, 'data')) as [Buffer];
    expect(text.toString()).toBe(`bulkhead launch: control group ${group.entries[0]}: No such file or directory\n`);
    expect(await once(child, 'close')).toEqual([78, null]);
  }));

test('what a dead guest left in its group ends with the group', () =>
  withGroups(async (groups) => {
    const group = groups.make(LIMITS);
    const child = startInGroup(group, ['/bin/sh', '-c', 'sleep 60 & echo started; wait']);
    await once(child.stdout ?? child, 'data');
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await once(child, 'exit');
    group.remove();
    // The pipe is held by the process that was left, so this comes only when that is dead too.
    await ended;
    await expect.poll(() => stat(group.paths[0] ?? '').catch(() => 'gone')).toBe('gone');
  }));

test('closing removes the host’s groups, named by its token, with guests that are still there', () =>
  withGroups(async (groups, { runDirectory, layer }) => {
    const group = groups.make(LIMITS);
    const child = startInGroup(group, ['/bin/cat']);
    await expect.poll(() => groups.isInside(child.pid ?? 0)).toBe(true);
    const homes = hostGroupOf(group);
    expect(new Set(homes.map(([name]) => name))).toEqual(new Set([`bulkhead-${runDirectory.token}`]));
    const closed = once(child, 'close');
    await layer.close();
    expect((await closed)[1]).toBe('SIGKILL');
    for (const [, path] of homes) expect(await stat(path).catch(() => 'gone')).toBe('gone');
    await end(child);
  }));

test('the run folder says where the host’s groups are, for the reaper', () =>
  withGroups(async (groups, { runDirectory }) => {
    const paths = hostGroupOf(groups.make(LIMITS)).map(([, path]) => path);
    const written: unknown = JSON.parse(await readFile(join(runDirectory.path, 'groups.json'), 'utf8'));
    expect(parseGroupPaths(written, runDirectory.token)).toEqual(paths);
    expect(parseGroupPaths(written, 'ab'.repeat(16))).toEqual([]);
    expect(parseGroupPaths({}, runDirectory.token)).toEqual([]);
  }));

test('where the kernel refuses one of the groups, none is left of the others', () =>
  withGroups(async (groups, { runDirectory }) => {
    const [, home = ''] = hostGroupOf(groups.make(LIMITS))[0] ?? [];
    const place = { path: home, version: groups.version, controllers: ['memory'] as const };
    const other = { ...place, path: join(home, 'nowhere') };
    const token = 'ab'.repeat(16);
    const target = runDirectory.makeTempDir(undefined);
    await expect(openGuestGroups({ places: [place, other], token, runDirectory: target })).rejects.toThrow('ENOENT');
    expect(await stat(join(home, `bulkhead-${token}`)).catch(() => 'gone')).toBe('gone');
  }));
