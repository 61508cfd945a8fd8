import { expect, test } from 'vitest';
import { ownGroups } from './group-places.ts';

const MOUNTS = [
  '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
  '23 1 0:22 / / rw,relatime - ext4 /dev/vda rw',
].join('\n');

test('the own groups of version 1 are found below where their hierarchies are mounted', () => {
  const groups = ['9:name=systemd:/', '8:pids:/', '4:memory:/system.slice/a.service', '0::/'].join('\n');
  expect(ownGroups(MOUNTS, groups)).toEqual([
    { path: '/sys/fs/cgroup/pids', version: 1, controllers: ['pids'] },
    { path: '/sys/fs/cgroup/memory/system.slice/a.service', version: 1, controllers: ['memory'] },
    { path: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
  ]);
});

test('in a container that sees its part of a hierarchy only, the path is taken from there', () => {
  const mounts = '35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';
  expect(ownGroups(mounts, '4:memory:/docker/abc')).toEqual([
    { path: '/sys/fs/cgroup/memory', version: 1, controllers: ['memory'] },
  ]);
  expect(ownGroups(mounts, '4:memory:/docker/other')).toEqual([]);
});

test('two limits in one hierarchy are one place', () => {
  const mounts = '35 31 0:32 / /sys/fs/cgroup/both\\040of rw - cgroup cgroup rw,memory,pids';
  expect(ownGroups(mounts, '4:pids,memory:/a')).toEqual([
    { path: '/sys/fs/cgroup/both of/a', version: 1, controllers: ['memory', 'pids'] },
  ]);
});

test('what is not mounted, or is no line of the kernel’s, is no place', () => {
  expect(ownGroups('', '4:memory:/a\n0::/b')).toEqual([]);
  expect(ownGroups(MOUNTS, 'nonsense\n\n')).toEqual([]);
});
