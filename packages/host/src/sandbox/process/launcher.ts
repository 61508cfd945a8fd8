/**
 * Turns "one more guest of this shape" into a command line with everything that only this guest has: its user id, its
 * control group and the open files that it starts with. One launcher per tier; it spawns nothing itself.
 */
import { closeSync, openSync } from 'node:fs';
import type { Tier } from '@bulkhead/protocol';
import {
  JAILED_TEMP_DIR,
  launchCommand,
  type LaunchCommand,
  type LaunchFd,
  type LaunchRequest,
  type LaunchShape,
} from './command.ts';
import { guestGroupLimits, type GroupLimits, type GuestGroup, type GuestGroups } from './guest-groups.ts';
import type { TempUsage } from './measure-temp.ts';
import { leaseUid, type UidLease } from './uid-lease.ts';

/** What spawn is given for one guest, and what is to be told when it has started and when it is dead. */
export type PreparedLaunch = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: '/';
  /** stdin a lifeline that nobody writes to, stdout and stderr pipes, fd 3 the channel, then what the command asks for. */
  readonly stdio: readonly ('ignore' | 'pipe' | number)[];
  /** Index in `stdio` of bubblewrap's status pipe; undefined where the spawned process is the guest itself. */
  readonly statusFd: number | undefined;
  /** Index in `stdio` of the socket of a guest that is debugged. */
  readonly inspectorFd?: number | undefined;
  readonly uid: number | undefined;
  /** Closes this process's copies of the passed files. Call it when spawn has returned or thrown. */
  readonly didSpawn: () => void;
  /**
   * True where the kernel ended a process of the guest because its control group was full; false where it has none.
   * Ask it when the guest is dead, before or after `release`.
   */
  readonly wasOutOfMemory: () => boolean;
  /** Its temp folder, where it has one. */
  readonly temp?: GuestTemp;
  /** Gives the user id back and removes the control group. Call it when every process of the guest is dead. */
  readonly release: () => void;
};

/** The temp folder of one guest. */
export type GuestTemp = {
  /** As the guest sees it. */
  readonly path: string;
  /** Resolves with what is in it; undefined where that cannot be known. `pid` is the guest's Node. */
  readonly measure: (pid: number | undefined) => Promise<TempUsage | undefined>;
  /** Resolves when it is gone, and never rejects. Call it when every process of the guest is dead. */
  readonly remove: () => Promise<void>;
};

/** What is equal for all guests of a launcher. */
export type LauncherOptions = Omit<LaunchRequest, 'shape'> & {
  /** Undefined where the host is not root. Tier `process` leases no id. */
  readonly uids: UidLease | undefined;
  /** Undefined where guests get no control groups. */
  readonly groups?: GuestGroups | undefined;
};

/** What the caller chooses for each guest. */
export type LauncherShape = Omit<LaunchShape, 'uid' | 'groupEntries'> & {
  /** An id that the caller has acquired already, because a temp folder had to be given to it. */
  readonly uid?: number;
};

/** Prepares guests of one tier; `prepare` throws where the kernel refuses a file or a group, or no user id is free. */
export type GuestLauncher = { readonly tier: Tier; readonly prepare: (shape: LauncherShape) => PreparedLaunch };

/** Makes the launcher of a tier; the tier must have no obstacle here. */
export function createGuestLauncher(options: LauncherOptions): GuestLauncher {
  return { tier: options.tier, prepare: (shape) => prepare(options, shape) };
}

function prepare(options: LauncherOptions, shape: LauncherShape): PreparedLaunch {
  return prepareLaunch(options, shape, (whole) => launchCommand({ ...options, shape: whole }));
}

/** Prepares a process by the command that `commandOf` makes once it is known what only this one has. */
export function prepareLaunch(
  options: Pick<LauncherOptions, 'tier' | 'uids' | 'groups'> & { readonly groupLimits?: GroupLimits },
  shape: LauncherShape,
  commandOf: (shape: LaunchShape) => LaunchCommand,
): PreparedLaunch {
  const leased = shape.uid === undefined && options.tier !== 'process' ? leaseUid(options.uids) : undefined;
  const uid = shape.uid ?? leased;
  let group: GuestGroup | undefined;
  const release = (): void => {
    group?.remove();
    if (leased !== undefined) options.uids?.release(leased);
  };
  try {
    const ofGuest = guestGroupLimits(shape.memoryMb, shape.tempDir === JAILED_TEMP_DIR);
    group = options.groups?.make(options.groupLimits ?? ofGuest);
    const command = commandOf({ ...shape, ...own(uid, group) });
    const passed = openPassedFiles(command);
    return {
      file: command.file,
      args: command.args,
      env: command.env,
      cwd: command.cwd,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...passed],
      statusFd: indexOf(command, 'json_status'),
      inspectorFd: indexOf(command, 'inspector'),
      uid,
      wasOutOfMemory: () => group?.wasOutOfMemory() ?? false,
      didSpawn: once(() => closePassedFiles(passed)),
      release: once(release),
    };
  } catch (error) {
    release();
    throw error;
  }
}

const FIRST_PASSED_FD = 4;

function indexOf({ fds }: LaunchCommand, wanted: LaunchFd['kind']): number | undefined {
  const at = fds.findIndex(({ kind }) => kind === wanted);
  return at === -1 ? undefined : FIRST_PASSED_FD + at;
}

/** What only this guest has, without a key for what it has not. */
function own(uid: number | undefined, group: GuestGroup | undefined): Pick<LaunchShape, 'uid' | 'groupEntries'> {
  return { ...(uid === undefined ? {} : { uid }), ...(group === undefined ? {} : { groupEntries: group.entries }) };
}

/** Opens what the command passes on, anew for each guest: the position of an open file is shared with its heirs. */
export function openPassedFiles({ fds }: LaunchCommand): readonly ('pipe' | number)[] {
  return fds.map((fd) => (fd.kind === 'file' ? openSync(fd.path, 'r') : 'pipe'));
}

/** Closes this process's copies once the guest has its own. */
export function closePassedFiles(passed: readonly ('pipe' | number)[]): void {
  for (const fd of passed) if (typeof fd === 'number') closeSync(fd);
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
