import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TIERS } from '@bulkhead/protocol';
import { openAliveSocket } from './alive-socket.ts';
import { tierObstacle } from './command.ts';
import { hostGroupOf, startInGroup, withGroups } from './group-fixture.ts';
import { findGuests } from './launch-fixture.ts';
import { ownIdentity } from './process-table.ts';
import { reapDeadHosts } from './reaper.ts';
import { openRunDirectory } from './run-directory.ts';
import { findToolset } from './toolset.ts';

const TOKEN = 'ab'.repeat(16);

let parent: string;
beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-test-reaper-')));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const reap = () => reapDeadHosts({ parents: [parent], leaseDirectory: undefined });

test('a killed host’s guests are gone within a second, and the next reaping removes its folder, whatever they left in it [FAULTS 38]', async () => {
  const toolset = await findToolset();
  const tiers = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);
  const program = fileURLToPath(new URL('./fixture-host.ts', import.meta.url));
  const host = spawn(process.execPath, ['--conditions=source', '--no-warnings', program, 'hold', ...tiers], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(host.stdout, 'data')) as [Buffer];
  const { token, path } = JSON.parse(line.toString()) as { readonly token: string; readonly path: string };
  expect((await findGuests(token)).length).toBeGreaterThanOrEqual(tiers.length);
  expect(await readdir(join(path, 'temp'))).toHaveLength(tiers.length);
  host.kill('SIGKILL');
  await once(host, 'close');
  await expect.poll(() => findGuests(token), { timeout: 1_000, interval: 20 }).toEqual([]);
  const remains = await reapDeadHosts({ parents: [dirname(path)], leaseDirectory: undefined });
  expect(remains.removed).toContain(path);
  expect(remains.problems).toEqual([]);
}, 20_000);

test('a process that outlived its host is found by the token among its arguments, not by its name', async () => {
  await layOut({ token: TOKEN, startTime: 1 });
  const survivor = spawn('/bin/sh', ['-c', 'read line', `generation=${TOKEN}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const stranger = spawn('/bin/sh', ['-c', 'read line', `x-generation=${TOKEN}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await Promise.all([once(survivor, 'spawn'), once(stranger, 'spawn')]);
  const remains = await reap();
  expect(remains.killed).toBe(1);
  expect(survivor.signalCode ?? (await once(survivor, 'close'))[1]).toBe('SIGKILL');
  expect(stranger.exitCode).toBeNull();
  stranger.stdin?.end();
  await once(stranger, 'close');
});

test('a process in a dead host’s control group ends, whatever its arguments say, and the group goes', () =>
  withGroups(async (groups, { runDirectory }) => {
    const group = groups.make({ memoryBytes: 64 * 1024 * 1024, processesMax: 8 });
    const child = startInGroup(group, ['/bin/cat']);
    await expect.poll(() => groups.isInside(child.pid ?? 0)).toBe(true);
    await layOut({ token: runDirectory.token, startTime: 1 });
    const left = join(parent, `bulkhead-run-${runDirectory.token}`);
    await copyFile(join(runDirectory.path, 'groups.json'), join(left, 'groups.json'));
    const closed = once(child, 'close');
    expect(await reap()).toEqual({ killed: 1, removed: [left], problems: [] });
    expect((await closed)[1]).toBe('SIGKILL');
    for (const [, path] of hostGroupOf(group)) expect(await readdir(path).catch(() => 'gone')).toBe('gone');
  }));

test('a folder that a dead host calls its group, and that is none, is left alone', async () => {
  const dear = join(parent, `bulkhead-${TOKEN}`);
  await mkdir(join(dear, 'empty'), { recursive: true });
  await layOut({ token: TOKEN, startTime: 1 });
  await writeFile(join(parent, `bulkhead-run-${TOKEN}`, 'groups.json'), JSON.stringify([dear, 7]));
  expect((await reap()).removed).toHaveLength(1);
  expect(await readdir(dear)).toEqual(['empty']);
});

test('the folder of a live host stays', async () => {
  const own = await openRunDirectory({ forOtherUsers: false, parents: [parent] });
  expect((await reap()).removed).toEqual([]);
  expect(await readdir(parent)).toEqual([`bulkhead-run-${own.token}`]);
});

test('a host whose pid a younger process has is dead', async () => {
  await layOut({ token: TOKEN, startTime: 1 });
  expect((await reap()).removed).toEqual([join(parent, `bulkhead-run-${TOKEN}`)]);
});

test('a host of another pid namespace lives while its socket answers, whatever its pid says here', async () => {
  await layOut({ token: TOKEN, startTime: 1, pidNamespace: 'pid:[1]' });
  const path = join(parent, `bulkhead-run-${TOKEN}`);
  const alive = await openAliveSocket(join(path, 'alive'));
  expect((await reap()).removed).toEqual([]);
  await alive.close();
  expect((await reap()).removed).toEqual([path]);
});

test('a host of an earlier boot is dead, whatever its pid namespace was', async () => {
  await layOut({ token: TOKEN, startTime: 1, pidNamespace: 'pid:[1]', bootId: 'earlier' });
  expect((await reap()).removed).toHaveLength(1);
});

test('a folder without an owner is removed when it is a minute old, and not before', async () => {
  const path = join(parent, `bulkhead-run-${TOKEN}`);
  await mkdir(path);
  expect((await reap()).removed).toEqual([]);
  const earlier = new Date(Date.now() - 61_000);
  await utimes(path, earlier, earlier);
  expect((await reap()).removed).toEqual([path]);
});

test('a link with the name of a run folder is left alone, and so is what it leads to', async () => {
  const dear = join(parent, 'dear');
  await mkdir(dear);
  await writeFile(join(dear, 'owner.json'), '{}');
  await symlink(dear, join(parent, `bulkhead-run-${TOKEN}`));
  expect((await reap()).removed).toEqual([]);
  expect(await readdir(dear)).toEqual(['owner.json']);
});

type Layout = {
  readonly token: string;
  readonly startTime: number;
  readonly pidNamespace?: string;
  readonly bootId?: string;
};

async function layOut({ token, startTime, pidNamespace, bootId }: Layout): Promise<void> {
  const own = await ownIdentity();
  const path = join(parent, `bulkhead-run-${token}`);
  await mkdir(join(path, 'temp', 'guest'), { recursive: true });
  await writeFile(join(path, 'temp', 'guest', 'file'), 'x');
  const owner = {
    ...own,
    alive_path: join(path, 'alive'),
    start_time: startTime,
    pid_namespace: pidNamespace ?? own.pid_namespace,
    boot_id: bootId ?? own.boot_id,
    token,
  };
  await writeFile(join(path, 'owner.json'), JSON.stringify(owner));
}
