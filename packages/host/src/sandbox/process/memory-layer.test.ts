import { afterEach, expect, test } from 'vitest';
import { LAUNCHER, end, startInGroup, withGroups } from './group-fixture.ts';
import { openMemoryLayer } from './memory-layer.ts';
import { openRunDirectory } from './run-directory.ts';
import { findToolset } from './toolset.ts';

test('the layer holds for a guest in its group, and says at what the kernel ended the attempt [FAULTS 25-27]', () =>
  withGroups(async (groups, { layer }) => {
    const child = startInGroup(groups.make({ memoryBytes: 64 * 1024 * 1024, processesMax: 8 }), ['/bin/cat']);
    await expect.poll(() => groups.isInside(child.pid ?? 0)).toBe(true);
    const more = groups.limitsProcesses ? 'process 5 refused' : 'processes are not limited by it';
    expect(await layer.judge(child.pid)).toEqual({
      name: 'memory-beyond-group',
      expected: 'ended by the kernel',
      got: `ended at 16 MiB, ${more} (cgroup version ${groups.version})`,
      refused: true,
    });
    await end(child);
  }));

test('the layer does not hold for a process that is in no group of this host', () =>
  withGroups(async (_, { layer }) => {
    const here = { got: 'a guest that is not in its control group', refused: false };
    expect(await layer.judge(process.pid)).toMatchObject(here);
    expect(await layer.judge(undefined)).toMatchObject(here);
  }));

const toolset = await findToolset();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test('without perl there are no groups, and the layer says why', async () => {
  const withoutPerl = { ...toolset, perl: { found: false, cure: 'apt-get install perl-base' } } as const;
  const layer = await openMemoryLayer({ toolset: withoutPerl, ...(await place()) });
  expect(layer.groups).toBeUndefined();
  expect(await layer.judge(process.pid)).toMatchObject({
    got: 'perl, by which guests enter a control group, is not installed',
    refused: false,
  });
});

test('where groups cannot be made there are none, and the layer says what the kernel answered', async () => {
  const places = {
    ok: true,
    places: [{ path: '/proc/self/nowhere', version: 1, controllers: ['memory'] }],
  } as const;
  const layer = await openMemoryLayer({ toolset: { ...toolset, perl: PERL }, ...(await place()), places });
  expect(layer.groups).toBeUndefined();
  expect((await layer.judge(process.pid)).got).toBe('the kernel refuses control groups to this host (ENOENT)');
  await layer.close();
});

test('a folder that is no control group holds nothing, and is found out by the attempt', async () => {
  const { runDirectory, ...rest } = await place();
  const places = { ok: true, places: [{ path: runDirectory, version: 1, controllers: ['memory'] }] } as const;
  const layer = await openMemoryLayer({ toolset: { ...toolset, perl: PERL }, runDirectory, ...rest, places });
  expect(layer.groups).toBeUndefined();
  expect((await layer.judge(process.pid)).refused).toBe(false);
});

/** That a program is there is enough where it is not reached. */
const PERL = { found: true, path: '/usr/bin/perl' } as const;

async function place(): Promise<{ readonly launcher: string; readonly token: string; readonly runDirectory: string }> {
  const { token, path, close } = await openRunDirectory({ forOtherUsers: false });
  closers.push(close);
  return { launcher: LAUNCHER, token, runDirectory: path };
}
