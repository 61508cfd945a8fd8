/**
 * Opens the `process` driver of one host, in order: put everything in place, find the strongest tier that the self-test shows to
 * hold, start the warm pool.
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
import { dataLimitBytes, guestPathInside } from './command.ts';
import {
  createProcessDriver,
  type GuestLaunches,
  type GuestShape,
  type ProcessDriver,
  type ProcessDriverOptions,
} from './driver.ts';
import { createGuestLauncher } from './launcher.ts';
import { measureTiers } from './measure-tiers.ts';
import type { MachineNotes } from './machine-notes.ts';
import type { MemoryLayer } from './memory-layer.ts';
import { prepareSandbox, type PreparedSandbox } from './prepare-sandbox.ts';
import { runSelfTest } from './run-self-test.ts';
import { prepareWithTemp } from './temp-dirs.ts';

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
  /** What was measured lately; without it the self-test runs now. */
  readonly notes?: MachineNotes;
  readonly onOpened: (kind: 'warm' | 'cold', durationMs: number) => void;
  readonly onDropped: () => void;
  readonly onSaid: ProcessDriverOptions['onSaid'];
  /** What the caller has prepared, and closes; prepared here where it is left out. */
  readonly prepared?: PreparedSandbox | undefined;
};

/** The driver, and what other parts start processes with. */
export type ProcessSandbox = PreparedSandbox & {
  readonly driver: ProcessDriver;
  readonly receipt: Receipt;
  /** Ends every guest; removes the run folder unless the caller prepared it. */
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
  await using opened = new AsyncDisposableStack();
  const prepared = options.prepared ?? (await prepareSandbox(options));
  if (options.prepared === undefined) opened.defer(() => prepared.close());
  const place: Place = { ...prepared, options, memory: await prepared.memory() };
  const receipt = await prepared.notes.recall(`tier ${options.tierMax}`, filesOf(place), () => measure(place));
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
  return { ...prepared, driver, receipt: told, close: () => closing.disposeAsync() };
}

type Place = Omit<PreparedSandbox, 'close' | 'memory'> & {
  readonly options: ProcessSandboxOptions;
  readonly memory: MemoryLayer;
};

/** Whatever a guest of any tier is started with. */
function filesOf({ toolset, staged, options }: Place): readonly string[] {
  const { bwrap, perl, prlimit, setpriv, choom, nice } = toolset;
  const tools = [bwrap, perl, prlimit, setpriv, choom, nice].map((tool) => (tool.found ? tool.path : tool.cure));
  return [...tools, process.execPath, staged.launcher, options.guestPath, options.probePath];
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
