/**
 * A control group for each guest, where this machine lets the host make them: a limit for all memory that the kernel
 * charges to a guest, files in memory and full socket buffers included, and one for its processes and threads. A guest
 * enters by launch.pl before it becomes anybody; the host never moves a process.
 *
 *   <place>/bulkhead-<token>/     one per host and hierarchy, named by the generation token for the reaper
 *     guest-<n>/                  one per guest, gone when it is dead
 *
 * G1: a guest's memory limit is above what RLIMIT_DATA and the watchdog allow, so that their clearer reports come first.
 */
import { LIMITS } from '@bulkhead/protocol';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCodeOf } from '../../base/host-error.ts';
import type { GroupPlace } from './group-places.ts';
import { removeGroups, removeHostGroup } from './remove-groups.ts';

/** What a guest's group is held to. */
export type GroupLimits = { readonly memoryBytes: number; readonly processesMax: number };

/** The group of one guest, in each hierarchy. */
export type GuestGroup = {
  /** Its folders, one for each hierarchy. */
  readonly paths: readonly string[];
  /** Files to which the launcher writes 0, which stands for itself; one for each hierarchy. */
  readonly entries: readonly string[];
  /** How many of its processes the kernel has ended for memory; stays known after `remove`. */
  readonly oomKills: () => number;
  /** True where the kernel ended one because this group's own limit was reached, not because the machine was full. */
  readonly wasOutOfMemory: () => boolean;
  /** Removes the group, and ends what is still in it. Call it when the guest is dead; may be called again. */
  readonly remove: () => void;
};

/** The groups of one host. */
export type GuestGroups = {
  readonly version: 1 | 2;
  readonly limitsProcesses: boolean;
  /** Makes the group of one more guest; throws where the kernel refuses. */
  readonly make: (limits: GroupLimits) => GuestGroup;
  /** Tells whether the process is in one of these groups, in every hierarchy. */
  readonly isInside: (pid: number) => Promise<boolean>;
  /** Removes everything, and ends what is still in it. May be called again. */
  readonly close: () => Promise<void>;
};

/** Where a host makes its groups, and where it writes that down. */
export type GuestGroupsOptions = {
  readonly places: readonly GroupPlace[];
  readonly token: string;
  /** The run folder, in which the reaper finds where the groups are. */
  readonly runDirectory: string;
};

/** Memory above a guest's budget: Node's own (11 MB) and RLIMIT_DATA's margin (64 MiB), with room to spare; files are not charged. */
const BASE_MEMORY_BYTES = 128 * 1024 * 1024;
/** Node has at most 12 threads in a guest, and bubblewrap is two processes more. */
const PROCESSES_MAX = 64;
const MIB = 1024 * 1024;

/** Returns the limits for a guest of that memory budget, which may have its temp folder in memory, too. */
export function guestGroupLimits(memoryMb: number, hasMemoryTemp = false): GroupLimits {
  const tempBytes = hasMemoryTemp ? LIMITS.temp_bytes.value : 0;
  return { memoryBytes: memoryMb * MIB + BASE_MEMORY_BYTES + tempBytes, processesMax: PROCESSES_MAX };
}

/**
 * Makes the host's groups.
 *
 * @throws {Error} Of the file system where the kernel does not let this process; nothing is left then.
 */
export async function openGuestGroups({ places, token, runDirectory }: GuestGroupsOptions): Promise<GuestGroups> {
  const name = hostGroupName(token);
  const homes = places.map((place) => ({ ...place, path: join(place.path, name) }));
  const paths = homes.map(({ path }) => path);
  // First, so that a host that is killed between the two lines leaves no group that nobody knows of.
  await writeFile(join(runDirectory, GROUPS_FILE), JSON.stringify(paths), { mode: 0o600, flag: 'wx' });
  try {
    for (const [index, home] of homes.entries()) makeHome(home, places[index]?.path ?? '');
  } catch (error) {
    await Promise.all(paths.map(removeHostGroup));
    throw error;
  }
  return createGroups(homes, name);
}

/** Name of a host's own group in every hierarchy. */
function hostGroupName(token: string): string {
  return `bulkhead-${token}`;
}

/** In the run folder: a JSON array of the paths of the host's groups. */
export const GROUPS_FILE = 'groups.json';

function makeHome({ path, version, controllers }: GroupPlace, parent: string): void {
  const wanted = controllers.map((name) => `+${name}`).join(' ');
  if (version === 2) writeFileSync(join(parent, 'cgroup.subtree_control'), wanted);
  mkdirSync(path);
  if (version === 2) writeFileSync(join(path, 'cgroup.subtree_control'), wanted);
}

function createGroups(homes: readonly GroupPlace[], name: string): GuestGroups {
  const removing = new Set<Promise<unknown>>();
  let made = 0;
  const leave = (paths: readonly string[]): void => {
    const job = removeGroups(paths);
    removing.add(job);
    void job.then(() => removing.delete(job));
  };
  return {
    version: homes[0]?.version ?? 1,
    limitsProcesses: homes.some(({ controllers }) => controllers.includes('pids')),
    make: (limits) => makeGroup({ homes, name: `guest-${(made += 1)}`, limits, leave }),
    isInside: async (pid) => {
      const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
      return groups.split('\n').filter((line) => line.includes(`/${name}/`)).length === homes.length;
    },
    close: async () => {
      await Promise.all(removing);
      await Promise.all(homes.map(({ path }) => removeHostGroup(path)));
    },
  };
}

type NewGroup = {
  readonly homes: readonly GroupPlace[];
  readonly name: string;
  readonly limits: GroupLimits;
  /** Takes over paths that could not be removed at once. */
  readonly leave: (paths: readonly string[]) => void;
};

function makeGroup({ homes, name, limits, leave }: NewGroup): GuestGroup {
  const groups = homes.map((home) => ({ ...home, path: join(home.path, name) }));
  const paths = groups.map(({ path }) => path);
  try {
    for (const group of groups) setLimits(group, limits);
  } catch (error) {
    leave(paths);
    throw error;
  }
  const memory = groups.find(({ controllers }) => controllers.includes('memory'));
  let last = NO_KILLS;
  let isRemoved = false;
  const kills = (): OomKills => (isRemoved || memory === undefined ? last : readKills(memory, limits.memoryBytes));
  return {
    paths,
    entries: groups.map(({ path, version }) => join(path, ENTRY_FILES[version])),
    oomKills: () => kills().count,
    wasOutOfMemory: () => kills().count > 0 && kills().hitLimit,
    remove: () => {
      if (isRemoved) return;
      last = kills();
      isRemoved = true;
      const left = paths.filter((path) => !removeAtOnce(path));
      if (left.length > 0) leave(left);
    },
  };
}

/**
 * To move a whole process, cgroup.procs, the kernel waits until nobody is in the middle of starting a thread anywhere:
 * 5 to 20 ms after a pause. A thread that moves itself by `tasks` waits for nobody, and the launcher has one thread.
 * Version 2 has no such file; its root mounted with `favordynmods` does not wait either.
 */
const ENTRY_FILES = { 1: 'tasks', 2: 'cgroup.procs' } as const;

function setLimits({ path, version, controllers }: GroupPlace, limits: GroupLimits): void {
  mkdirSync(path);
  for (const controller of controllers) {
    for (const { file, value, isOptional } of SETTINGS[version][controller](limits)) {
      // Swap is counted on some machines only, and older kernels end one process instead of the group.
      if (!isOptional || existsSync(join(path, file))) writeFileSync(join(path, file), value);
    }
  }
}

type Setting = { readonly file: string; readonly value: string; readonly isOptional: boolean };

const must = (file: string, value: number): Setting => ({ file, value: `${value}`, isOptional: false });
const may = (file: string, value: number): Setting => ({ file, value: `${value}`, isOptional: true });
const pids = ({ processesMax }: GroupLimits): readonly Setting[] => [must('pids.max', processesMax)];

/** Version 1 bounds memory and swap together, and only after memory; version 2 bounds swap by itself. */
const SETTINGS: Readonly<Record<1 | 2, Record<'memory' | 'pids', (limits: GroupLimits) => readonly Setting[]>>> = {
  1: {
    memory: ({ memoryBytes }) => [
      must('memory.limit_in_bytes', memoryBytes),
      may('memory.memsw.limit_in_bytes', memoryBytes),
    ],
    pids,
  },
  2: {
    memory: ({ memoryBytes }) => [
      must('memory.max', memoryBytes),
      may('memory.swap.max', 0),
      may('memory.oom.group', 1),
    ],
    pids,
  },
};

type OomKills = { readonly count: number; readonly hitLimit: boolean };

const NO_KILLS: OomKills = { count: 0, hitLimit: false };

/** The kernel ends a process when it cannot charge one more page, or one more huge one. */
const LIMIT_SLACK_BYTES = 2 * MIB;

/**
 * A machine that is full ends guests first, also such as keep to their limit: that is no fault of theirs. Version 1 has
 * a count of failures for that, memory.failcnt, but Linux 6.18 ends processes without counting there; the peak tells.
 */
function readKills({ path, version }: GroupPlace, limitBytes: number): OomKills {
  if (version === 2) {
    const events = readText(join(path, 'memory.events'));
    return { count: valueOf(events, 'oom_kill'), hitLimit: valueOf(events, 'oom') > 0 };
  }
  const count = valueOf(readText(join(path, 'memory.oom_control')), 'oom_kill');
  const peakBytes = Number(readText(join(path, 'memory.max_usage_in_bytes')));
  return { count, hitLimit: peakBytes > limitBytes - LIMIT_SLACK_BYTES };
}

function valueOf(text: string, key: string): number {
  return Number(new RegExp(String.raw`^${key} (\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // A file that this kernel does not have, or a group that somebody else removed: nothing was counted.
  }
}

/** Returns false where it has to be waited for: processes that were killed with the guest may not be gone yet. */
function removeAtOnce(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT';
  }
}

/** Reads the paths that a host wrote down; only such as bear its token are returned. */
export function parseGroupPaths(value: unknown, token: string): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((path): path is string => typeof path === 'string' && basename(path) === hostGroupName(token));
}
