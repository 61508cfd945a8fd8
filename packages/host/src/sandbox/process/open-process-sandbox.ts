/**
 * Opens the `process` driver of one host, in order: clear up after dead hosts, make this host's run folder, put the
 * files of a guest in place, find the strongest tier that the self-test shows to hold, start the warm pool.
 */
import { LIMIT_PROFILES, TIERS, isTierAtLeast, type Receipt, type Tier } from '@bulkhead/protocol';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { isoTime, type Clock } from '../../base/clock.ts';
import { HostError } from '../../base/host-error.ts';
import type { Log } from '../../base/log.ts';
import { openProbeTargets } from '../../self-test/targets.ts';
import { createWatchdog } from '../watchdog.ts';
import { dataLimitBytes, type LaunchRequest, type StagedFiles } from './command.ts';
import { createProcessDriver, type GuestLaunches, type GuestShape, type ProcessDriver } from './driver.ts';
import { stageLaunchFiles } from './launch-files.ts';
import { createGuestLauncher } from './launcher.ts';
import { measureTiers } from './measure-tiers.ts';
import { reapDeadHosts } from './reaper.ts';
import { parseProbeResults, type ProbeReport } from './receipt.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';
import { findToolset, type Toolset } from './toolset.ts';
import { UID_LEASE_DIRECTORY, leaseUids, type UidLease } from './uid-lease.ts';

export type ProcessSandboxOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** The built guest and the built self-test, each one self-contained file. */
  readonly guestPath: string;
  readonly probePath: string;
  readonly spareCount: number;
  /** Leaves out stronger tiers than this; for tests. */
  readonly tierMax: Tier;
  readonly onOpened: (kind: 'warm' | 'cold', durationMs: number) => void;
  readonly onDropped: () => void;
};

export type ProcessSandbox = {
  readonly driver: ProcessDriver;
  readonly receipt: Receipt;
  readonly runDirectory: RunDirectory;
  readonly toolset: Toolset;
  readonly staged: StagedFiles;
  readonly uids: UidLease | undefined;
  /** Ends the spares and removes the run folder; guests that are bound must be closed before. */
  readonly close: () => Promise<void>;
};

/** Open files of a guest: Node itself needs about 20 (FAULTS 34). */
const OPEN_FILES_MAX = 64;
const FILE_BYTES_MAX = 8 * 1024 * 1024;
const BOOT_TIMEOUT_MS = 10_000;
/** The self-test tries to hold more than this; small, so that it is quick. */
const PROBE_MEMORY_MB = 128;
const PROBE_TIMEOUT_MS = 20_000;
const DEFAULT_SHAPE: GuestShape = { memoryMb: LIMIT_PROFILES.plugin.memory_mb };

/**
 * Opens the sandbox.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK` where not even the weakest tier holds.
 */
export async function openProcessSandbox(options: ProcessSandboxOptions): Promise<ProcessSandbox> {
  const toolset = await findToolset();
  await clearRemains(options.log, toolset.isRoot);
  const runDirectory = await openRunDirectory({ forOtherUsers: toolset.isRoot });
  const uids = toolset.isRoot ? await leaseUids() : undefined;
  try {
    const { guestPath } = options;
    const staged = await stageLaunchFiles({ runDirectory, guestPath, architecture: toolset.architecture });
    const place: Place = { options, toolset, runDirectory, uids, staged };
    const receipt = await measure(place);
    const driver = openDriver(place, receipt, { spareCount: options.spareCount, defaultShape: DEFAULT_SHAPE });
    const close = async (): Promise<void> => {
      await driver.close();
      await uids?.close();
      await runDirectory.close();
    };
    return { driver, receipt, runDirectory, toolset, staged, uids, close };
  } catch (error) {
    await uids?.close();
    await runDirectory.close();
    throw error;
  }
}

type Place = {
  readonly options: ProcessSandboxOptions;
  readonly toolset: Toolset;
  readonly runDirectory: RunDirectory;
  readonly uids: UidLease | undefined;
  readonly staged: StagedFiles;
};

async function clearRemains(log: Log, isRoot: boolean): Promise<void> {
  const remains = await reapDeadHosts({ leaseDirectory: isRoot ? UID_LEASE_DIRECTORY : undefined });
  if (remains.killed > 0 || remains.removed.length > 0) log.info(remains, 'cleared up after a host that was killed');
  if (remains.problems.length > 0) log.warn({ problems: remains.problems }, 'could not clear up after a dead host');
}

async function measure(place: Place): Promise<Receipt> {
  const { options, toolset, runDirectory } = place;
  const targets = await openProbeTargets(runDirectory.path, runDirectory.token);
  try {
    const measured = await measureTiers({
      toolset,
      tiers: TIERS.filter((tier) => isTierAtLeast(options.tierMax, tier)),
      runProbe: (tier) => probeBothWays(place, tier, targets.input),
      kernel: release(),
      node: process.version,
      checkedAt: isoTime(options.clock.wallTime()),
    });
    if (measured.holds) return measured.receipt;
    const why = measured.above.map(({ tier, reason }) => `${tier}: ${reason}`).join('; ');
    throw new HostError('SANDBOX_TOO_WEAK', { message: `no sandbox holds on this machine (${why})` });
  } finally {
    await targets.close();
  }
}

type ProbeTargetInput = Awaited<ReturnType<typeof openProbeTargets>>['input'];

/** As in production, and without Node's permission model: what is still refused then, the kernel refused. */
async function probeBothWays(
  place: Place,
  tier: Tier,
  input: ProbeTargetInput,
): Promise<ProbeReport | { readonly failed: string }> {
  const [production, kernel] = await Promise.all([probe(place, tier, input, false), probe(place, tier, input, true)]);
  if ('failed' in production) return production;
  return 'failed' in kernel ? kernel : { production: production.results, kernel: kernel.results };
}

async function probe(
  place: Place,
  tier: Tier,
  targets: ProbeTargetInput,
  withoutPermissionModel: boolean,
): Promise<{ readonly results: ProbeReport['production'] } | { readonly failed: string }> {
  const shape: GuestShape = { memoryMb: PROBE_MEMORY_MB };
  const receipt: Receipt = { tier, layers: [], above: [], kernel: '', node: '', checked_at: '' };
  const driver = openDriver(place, receipt, { spareCount: 0, defaultShape: shape, withoutPermissionModel });
  const opening = await driver.open({
    shape,
    cpuMsMax: PROBE_TIMEOUT_MS,
    binding: {
      kind: 'probe',
      name: 'self-test',
      version: '1.0.0',
      tenant: 'default',
      manifest: {},
      config: {},
      artifact: await readFile(place.options.probePath),
      outputBytesMax: 1024 * 1024,
      initTimeoutMs: BOOT_TIMEOUT_MS,
    },
  });
  if (!opening.ok) return { failed: opening.error.message };
  const guestPath = tier === 'jail' ? JAILED_GUEST : place.staged.guest;
  const input = { ...targets, guest_path: guestPath, memory_mb: PROBE_MEMORY_MB, open_files_max: OPEN_FILES_MAX };
  const reply = await opening.sandbox.run({
    target: 'export',
    name: 'default',
    args: [input],
    deadline: place.options.clock.now() + PROBE_TIMEOUT_MS,
    signal: undefined,
    timeoutMs: PROBE_TIMEOUT_MS,
    isFullTime: true,
  });
  await opening.sandbox.close();
  if (!reply.ok) return { failed: reply.error.message };
  const results = parseProbeResults(reply.value);
  return results === undefined ? { failed: 'the self-test gave no results' } : { results };
}

const JAILED_GUEST = '/bulkhead/guest.cjs';

type DriverChoice = {
  readonly spareCount: number;
  readonly defaultShape: GuestShape;
  readonly withoutPermissionModel?: boolean;
};

function openDriver(place: Place, receipt: Receipt, choice: DriverChoice): ProcessDriver {
  const { options } = place;
  return createProcessDriver({
    launches: launchesOf(place, receipt.tier, choice.withoutPermissionModel === true),
    receipt,
    clock: options.clock,
    watchdog: createWatchdog(),
    log: options.log,
    defaultShape: choice.defaultShape,
    spareCount: choice.spareCount,
    bootTimeoutMs: BOOT_TIMEOUT_MS,
    onOpened: options.onOpened,
    onDropped: options.onDropped,
  });
}

function launchesOf(place: Place, tier: Tier, withoutPermissionModel: boolean): GuestLaunches {
  const { toolset, staged, runDirectory, uids } = place;
  const request: Omit<LaunchRequest, 'shape'> = {
    tier,
    toolset,
    staged,
    token: runDirectory.token,
    hostPid: process.pid,
    withoutPermissionModel,
  };
  const launcher = createGuestLauncher({ ...request, uids });
  return {
    tier,
    prepare: ({ memoryMb }) =>
      launcher.prepare({
        memoryMb,
        dataLimitBytes: dataLimitBytes(staged.image.idleDataBytes, memoryMb),
        openFilesMax: OPEN_FILES_MAX,
        fileSizeMaxBytes: FILE_BYTES_MAX,
      }),
  };
}
