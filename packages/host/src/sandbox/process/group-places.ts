/**
 * Finds where this host may make control groups for its guests: always below the group that the host itself is in, so
 * that a limit which an operator, a service or a container set on the host holds for its guests too. Reads only.
 *
 *   version 1   <mount of memory>/<own group>/, and the same of pids: as root, or where the group was given to the host
 *   version 2   the parent of the own group, because a group with processes in it cannot be divided. That the parent is
 *               ours to divide cannot be seen, so it is said by the name of the host's own group: LEAF_NAME
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

/** A folder in which a group for one kind of limit, or for both, can be tried. */
export type GroupPlace = {
  readonly path: string;
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
};

/** What a group can be held to, by the kernel's names. */
export type Controller = 'memory' | 'pids';

/** The places, one with `memory` always first; or why there is none. */
export type GroupPlaces =
  { readonly ok: true; readonly places: readonly GroupPlace[] } | { readonly ok: false; readonly reason: string };

/** Name of the host's own group under version 2; systemd makes it by `DelegateSubgroup=`. */
const LEAF_NAME = 'bulkhead-host';

/** Looks at the groups of this process. */
export async function findGroupPlaces(): Promise<GroupPlaces> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const [mounts, groups] = await Promise.all([read('/proc/self/mountinfo'), read('/proc/self/cgroup')]);
  const own = ownGroups(mounts, groups);
  const memory = own.find(({ controllers }) => controllers.includes('memory'));
  if (memory === undefined) return divideUnified(own.find(({ version }) => version === 2));
  const pids = own.find(({ controllers }) => controllers.includes('pids'));
  return { ok: true, places: pids === undefined || pids === memory ? [memory] : [memory, pids] };
}

/**
 * Returns the groups that this process is in, with their paths in the file system.
 *
 * @param mounts - Text of /proc/self/mountinfo.
 * @param groups - Text of /proc/self/cgroup.
 * @returns Those that are mounted here; of version 2 without controllers, because only its own files name them.
 */
export function ownGroups(mounts: string, groups: string): readonly GroupPlace[] {
  const hierarchies = mounts.split('\n').flatMap(parseMount);
  return groups.split('\n').flatMap((line): readonly GroupPlace[] => {
    const [, names = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    const isUnified = names === '';
    const mount = hierarchies.find(({ version, options }) =>
      isUnified ? version === 2 : version === 1 && names.split(',').every((name) => options.includes(name)),
    );
    const below = mount === undefined ? '..' : relative(mount.root, path);
    // Outside of what is mounted here, as where a container sees a part of its machine's groups only.
    if (mount === undefined || below.startsWith('..')) return [];
    const controllers = isUnified ? [] : CONTROLLERS.filter((name) => names.split(',').includes(name));
    return [{ path: join(mount.point, below), version: mount.version, controllers }];
  });
}

const CONTROLLERS: readonly Controller[] = ['memory', 'pids'];

type Mount = {
  readonly version: 1 | 2;
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
};

/** Field 4 is the root of the mount within its file system, 5 where it is mounted; see proc(5). */
function parseMount(line: string): readonly Mount[] {
  const [fields = '', system = ''] = line.split(' - ');
  const [, , , root, point] = fields.split(' ').map(unescape);
  const [type, , options = ''] = system.split(' ');
  if ((type !== 'cgroup' && type !== 'cgroup2') || root === undefined || point === undefined) return [];
  return [{ version: type === 'cgroup' ? 1 : 2, root, point, options: options.split(',') }];
}

/** The kernel writes blanks and backslashes of a path as three octal digits. */
function unescape(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

async function divideUnified(own: GroupPlace | undefined): Promise<GroupPlaces> {
  if (own === undefined) return { ok: false, reason: 'no control groups are mounted here' };
  const parent = dirname(own.path);
  const controllers = await readFile(join(parent, 'cgroup.controllers'), 'utf8').catch(() => '');
  const names = controllers.trim().split(' ');
  if (!names.includes('memory')) return { ok: false, reason: 'the host was given no control group with "memory"' };
  if (basename(own.path) !== LEAF_NAME) {
    return {
      ok: false,
      reason: `the host's own control group is not called ${LEAF_NAME}, so the one above may not be its`,
    };
  }
  return {
    ok: true,
    places: [{ ...own, path: parent, controllers: CONTROLLERS.filter((name) => names.includes(name)) }],
  };
}
