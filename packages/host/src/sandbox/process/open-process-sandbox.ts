/**
 * Opens the `process` driver of one host, in order: clear up after dead hosts, make this host's run folder, put the
 * files of a guest in place, find the strongest tier that the self-test shows to hold, start the warm pool.
 */
import { LIMITS, LIMIT_PROFILES, TIERS, isTierAtLeast, type Receipt, type Tier } from '@bulkhead/protocol';
import { release } from 'node:os';
import { dirname } from 'node:path';
import { isoTime, type Clock } from '../../base/clock.ts';
import { HostError } from '../../base/host-error.ts';
import type { Log } from '../../base/log.ts';
import { openProbeTargets } from '../../self-test/targets.ts';
import { createWatchdog } from '../watchdog.ts';
import { createPathHider, type HidePaths } from './clean-text.ts';
import { dataLimitBytes, guestPathInside, tierObstacle, type StagedFiles } from './command.ts';
import {
  createProcessDriver,
  type GuestLaunches,
  type GuestShape,
  type ProcessDriver,
  type ProcessDriverOptions,
} from './driver.ts';
import { stageLaunchFiles } from './launch-files.ts';
import { createGuestLauncher } from './launcher.ts';
import { measureTiers } from './measure-tiers.ts';
import { openMemoryLayer, type MemoryLayer } from './memory-layer.ts';
import { reapDeadHosts } from './reaper.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';
import { runSelfTest } from './run-self-test.ts';
import { prepareWithTemp } from './temp-dirs.ts';
import { findToolset, type Toolset } from './toolset.ts';
import { openWatchman } from './watchman.ts';
import { UID_LEASE_DIRECTORY, leaseUids, type UidLease, type UidLeaseOptions } from './uid-lease.ts';

/** What the sandbox of a host is opened with. */
export type ProcessSandboxOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** The built guest and the built self-test, each one self-contained file. */
  readonly guestPath: string;
  readonly probePath: string;
  readonly spareCount: number;
  /** Of a plugin without limits of its own by default. */
  readonly spareMemoryMb?: number;
  /** Its guests are debugged; the self-test's are not. */
  readonly isDebugged?: boolean;
  /** Leaves out stronger tiers than this; for tests. */
  readonly tierMax: Tier;
  readonly onOpened: (kind: 'warm' | 'cold', durationMs: number) => void;
  readonly onDropped: () => void;
  readonly onSaid: ProcessDriverOptions['onSaid'];
  /**
   * False only where no plugin will run and nobody is told what holds: the strongest tier that the machine has the tools for
   * is then used as it is, its receipt has no layers, and opening takes a fraction of the time.
   */
  readonly isMeasured?: boolean;
};

/** The driver, and what other parts start processes with. */
export type ProcessSandbox = {
  readonly driver: ProcessDriver;
  readonly receipt: Receipt;
  readonly runDirectory: RunDirectory;
  readonly toolset: Toolset;
  readonly staged: StagedFiles;
  readonly uids: UidLease | undefined;
  /** Ends every guest and removes the run folder. */
  readonly close: () => Promise<void>;
};

/** Open files of a guest: Node itself needs about 20 (FAULTS 34). */
const OPEN_FILES_MAX = 64;
const FILE_BYTES_MAX = LIMITS.temp_file_bytes.value;

/**
 * Opens the sandbox.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK` where not even the weakest tier holds, or guests cannot be given users of
 *   their own though the host is root.
 */
export async function openProcessSandbox(options: ProcessSandboxOptions): Promise<ProcessSandbox> {
  const toolset = await findToolset();
  await clearRemains(options.log, toolset.isRoot);
  await using opened = new AsyncDisposableStack();
  const runDirectory = await openRunDirectory({ forOtherUsers: toolset.isRoot });
  opened.defer(() => runDirectory.close());
  const watchman = openWatchman({ perl: toolset.perl, token: runDirectory.token, log: options.log });
  opened.defer(() => watchman.close());
  const uids = toolset.isRoot ? await leaseUsers({ alivePath: runDirectory.alivePath }) : undefined;
  opened.defer(async () => uids?.close());
  const { guestPath } = options;
  const staged = await stageLaunchFiles({ runDirectory, guestPath, architecture: toolset.architecture });
  const { token, path } = runDirectory;
  const memory = await openMemoryLayer({ toolset, launcher: staged.launcher, token, runDirectory: path });
  opened.defer(() => memory.close());
  const place: Place = { options, toolset, runDirectory, uids, staged, memory };
  const receipt = options.isMeasured === false ? unmeasured(place) : await measure(place);
  const { spareCount, spareMemoryMb = LIMIT_PROFILES.plugin.memory_mb, onOpened } = options;
  const driver = openDriver(place, {
    receipt,
    spareCount,
    onOpened,
    shape: { memoryMb: spareMemoryMb },
    withoutPermissionModel: false,
    isDebugged: options.isDebugged ?? false,
  });
  opened.defer(() => driver.close());
  const closing = opened.move();
  const told: Receipt = options.isDebugged === true ? { ...receipt, debug: true } : receipt;
  return { driver, receipt: told, runDirectory, toolset, staged, uids, close: () => closing.disposeAsync() };
}

type Place = {
  readonly options: ProcessSandboxOptions;
  readonly toolset: Toolset;
  readonly runDirectory: RunDirectory;
  readonly uids: UidLease | undefined;
  readonly staged: StagedFiles;
  readonly memory: MemoryLayer;
};

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

async function measure(place: Place): Promise<Receipt> {
  const { options, toolset, runDirectory, staged } = place;
  const { clock, probePath, tierMax } = options;
  const targets = await openProbeTargets(runDirectory.path, runDirectory.token);
  try {
    const measured = await measureTiers({
      toolset,
      tiers: TIERS.filter((tier) => isTierAtLeast(tierMax, tier)),
      runProbe: (tier) =>
        runSelfTest({
          ...{ clock, tier, probePath, targets: targets.input, openFilesMax: OPEN_FILES_MAX },
          guestPath: guestPathInside(tier, staged),
          judgeMemory: place.memory.judge,
          // Its guests run no plugin, and are not counted among those that do.
          openDriver: (choice) => openDriver(place, { ...choice, spareCount: 0, onOpened: () => undefined }),
        }),
      kernel: release(),
      node: process.version,
      checkedAt: isoTime(clock.wallTime()),
    });
    if (measured.holds) return measured.receipt;
    const why = measured.above.map(({ tier, reason }) => `${tier}: ${reason}`).join('; ');
    throw new HostError('SANDBOX_TOO_WEAK', { message: `no sandbox holds on this machine (${why})` });
  } finally {
    await targets.close();
  }
}

function unmeasured({ options, toolset }: Place): Receipt {
  const { clock, tierMax } = options;
  const tiers = TIERS.filter((tier) => isTierAtLeast(tierMax, tier) && tierObstacle(tier, toolset) === undefined);
  const checkedAt = isoTime(clock.wallTime());
  return {
    ...{ tier: tiers.at(-1) ?? 'process', layers: [], above: [] },
    ...{ kernel: release(), node: process.version, checked_at: checkedAt },
  };
}

type DriverChoice = {
  readonly receipt: Receipt;
  readonly spareCount: number;
  readonly shape: GuestShape;
  readonly withoutPermissionModel: boolean;
  readonly isDebugged?: boolean;
  readonly onOpened: ProcessSandboxOptions['onOpened'];
};

function openDriver(place: Place, choice: DriverChoice): ProcessDriver {
  const { clock, log, onDropped, onSaid } = place.options;
  return createProcessDriver({
    ...{ clock, log, onDropped, onSaid, onOpened: choice.onOpened },
    launches: launchesOf(place, choice),
    receipt: choice.receipt,
    watchdog: createWatchdog(),
    defaultShape: choice.shape,
    spareCount: choice.spareCount,
    bootTimeoutMs: LIMITS.boot_timeout_ms.value,
  });
}

function launchesOf(
  place: Place,
  { receipt, withoutPermissionModel, isDebugged = false }: DriverChoice,
): GuestLaunches {
  const { toolset, staged, runDirectory, uids, memory } = place;
  const { tier } = receipt;
  const { token } = runDirectory;
  const host = {
    tier,
    toolset,
    staged,
    token,
    hostPid: process.pid,
    withoutPermissionModel,
    isDebugged,
    uids,
    groups: memory.groups,
  };
  const launcher = createGuestLauncher(host);
  const temp = { launcher, toolset, runDirectory, uids, log: place.options.log };
  return {
    tier,
    prepare: ({ memoryMb, hasTempDir = false }) => {
      const shape = {
        memoryMb,
        dataLimitBytes: dataLimitBytes(staged.image.idleDataBytes, memoryMb),
        openFilesMax: OPEN_FILES_MAX,
        fileSizeMaxBytes: FILE_BYTES_MAX,
      };
      return hasTempDir ? prepareWithTemp(temp, shape) : launcher.prepare(shape);
    },
    hidePaths: hiderOf(place, tier),
  };
}

/** What a guest's process could tell of this server: by a stack, by V8's account of a crash, by a loader's complaint. */
function hiderOf({ options, runDirectory, staged }: Place, tier: Tier): HidePaths {
  return createPathHider(
    new Map([
      [dirname(dirname(options.guestPath)), 'bulkhead'],
      [runDirectory.path, 'run'],
      [process.execPath, 'node'],
      [staged.node, 'node'],
      [staged.launcher, 'launcher'],
      [options.guestPath, 'guest'],
      [staged.guest, 'guest'],
      [guestPathInside(tier, staged), 'guest'],
    ]),
  );
}
