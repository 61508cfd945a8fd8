/**
 * What a sandbox needs before anything is measured or runs in it: this machine's tools, a run folder, users to give, and the
 * files of a guest in place. Clears up after dead hosts first.
 */
import { TIERS, isTierAtLeast, type Tier } from '@bulkhead/protocol';
import { HostError } from '../../base/host-error.ts';
import type { Log } from '../../base/log.ts';
import { tierObstacle, type StagedFiles } from './command.ts';
import { stageLaunchFiles } from './launch-files.ts';
import { noNotes, type MachineNotes } from './machine-notes.ts';
import { openMemoryLayer, type MemoryLayer } from './memory-layer.ts';
import { reapDeadHosts } from './reaper.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';
import { findToolset, type Toolset } from './toolset.ts';
import { UID_LEASE_DIRECTORY, leaseUids, type UidLease, type UidLeaseOptions } from './uid-lease.ts';
import { openWatchman } from './watchman.ts';

/** What is in place; nothing runs yet. */
export type PreparedSandbox = {
  readonly runDirectory: RunDirectory;
  readonly toolset: Toolset;
  readonly staged: StagedFiles;
  /** Undefined where the host is not root. */
  readonly uids: UidLease | undefined;
  /** What was measured of this machine lately. */
  readonly notes: MachineNotes;
  /** The control groups of its guests, tried when they are first asked for. */
  readonly memory: () => Promise<MemoryLayer>;
  /** Removes the groups and the run folder; whatever was started from it has ended before. */
  readonly close: () => Promise<void>;
};

/** `guestPath` is the built guest, one self-contained file; without `notes` everything is measured now. */
export type PrepareOptions = { readonly log: Log; readonly guestPath: string; readonly notes?: MachineNotes };

/**
 * Puts everything in place.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK` where guests cannot be given users of their own though the host is root.
 */
export async function prepareSandbox({ log, guestPath, notes = noNotes }: PrepareOptions): Promise<PreparedSandbox> {
  const toolset = await findToolset();
  await clearRemains(log, toolset.isRoot);
  await using opened = new AsyncDisposableStack();
  const runDirectory = await openRunDirectory({ forOtherUsers: toolset.isRoot });
  opened.defer(() => runDirectory.close());
  const watchman = openWatchman({ perl: toolset.perl, token: runDirectory.token, log });
  opened.defer(() => watchman.close());
  const uids = toolset.isRoot ? await leaseUsers({ alivePath: runDirectory.alivePath }) : undefined;
  opened.defer(async () => uids?.close());
  const staged = await stageLaunchFiles({ runDirectory, guestPath, notes, architecture: toolset.architecture });
  const { token, path } = runDirectory;
  let layer: Promise<MemoryLayer> | undefined;
  const memory = (): Promise<MemoryLayer> =>
    (layer ??= openMemoryLayer({ toolset, launcher: staged.launcher, token, runDirectory: path, notes }));
  opened.defer(async () => (await layer)?.close());
  const closing = opened.move();
  return { runDirectory, toolset, staged, uids, notes, memory, close: () => closing.disposeAsync() };
}

/** The strongest tier that this machine has the tools for. Whether it holds, nobody has measured. */
export function likelyTier(toolset: Toolset, tierMax: Tier): Tier {
  const tiers = TIERS.filter((tier) => isTierAtLeast(tierMax, tier) && tierObstacle(tier, toolset) === undefined);
  return tiers.at(-1) ?? 'process';
}

async function clearRemains(log: Log, isRoot: boolean): Promise<void> {
  const remains = await reapDeadHosts({ leaseDirectory: isRoot ? UID_LEASE_DIRECTORY : undefined });
  if (remains.killed > 0 || remains.removed.length > 0) log.info(remains, 'cleared up after a host that was killed');
  if (remains.problems.length > 0) log.warn({ problems: remains.problems }, 'could not clear up after a dead host');
}

/**
 * Leases the user ids of this host. Without ids to give, guests of root would be root: rather no host than that.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK`; its hint says what to do.
 */
export async function leaseUsers(options: UidLeaseOptions): Promise<UidLease> {
  try {
    return await leaseUids(options);
  } catch (cause) {
    const directory = options.directory ?? UID_LEASE_DIRECTORY;
    throw new HostError('SANDBOX_TOO_WEAK', {
      message: `guests cannot be given users of their own: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: `Make ${directory} a folder of root's with mode 0700, or start the host as another user than root.`,
      cause,
    });
  }
}
