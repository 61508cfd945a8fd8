/**
 * The `process` driver: one guest is one Node process in the strongest sandbox that was measured to hold here.
 * It starts processes and knows no release, tenant quota or registry.
 */
import { callError, type Receipt, type Tier } from '@bulkhead/protocol';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Driver, SandboxOpening } from '../sandbox.ts';
import { createWarmPool, type WarmPool } from '../warm-pool.ts';
import type { Watchdog } from '../watchdog.ts';
import { GuestProcess, type GuestBinding, type GuestLogLine } from './guest-process.ts';
import type { PreparedLaunch } from './launcher.ts';

/** What the process itself is made to hold; guests of one shape are interchangeable until they are bound. */
export type GuestShape = { readonly memoryMb: number };

/** Makes command lines for one tier. */
export type GuestLaunches = { readonly tier: Tier; readonly prepare: (shape: GuestShape) => PreparedLaunch };

/** A plugin to open: what it is bound to, the shape of its process, and what the watchdog holds it to. */
export type ProcessSpec = {
  readonly shape: GuestShape;
  readonly binding: GuestBinding;
  readonly cpuMsMax: number;
};

export type ProcessDriverOptions = {
  readonly launches: GuestLaunches;
  readonly receipt: Receipt;
  readonly clock: Clock;
  readonly watchdog: Watchdog;
  readonly log: Log;
  readonly defaultShape: GuestShape;
  readonly spareCount: number;
  readonly bootTimeoutMs: number;
  /** Told of each opening: its way and how long it took, for metrics. */
  readonly onOpened: (kind: 'warm' | 'cold', durationMs: number) => void;
  readonly onDropped: () => void;
};

export type ProcessDriver = Driver<ProcessSpec> & {
  readonly pool: WarmPool<GuestShape, GuestProcess>;
  readonly close: () => Promise<void>;
};

/** A spare's replacement boots after the call that took the spare has most likely been answered. */
const REFILL_DELAY_MS = 20;

/** Makes the driver and begins to fill its warm pool. */
export function createProcessDriver(options: ProcessDriverOptions): ProcessDriver {
  const boot = (shape: GuestShape): GuestProcess | undefined => bootGuest(options, shape);
  const pool = createWarmPool<GuestShape, GuestProcess>({
    size: options.spareCount,
    defaultShape: options.defaultShape,
    keyOf: (shape) => `${shape.memoryMb}`,
    boot,
    refillDelayMs: REFILL_DELAY_MS,
  });

  async function open(spec: ProcessSpec): Promise<SandboxOpening> {
    const startedAt = options.clock.now();
    const spare = pool.take(spec.shape);
    const guest = spare ?? boot(spec.shape);
    if (guest === undefined) return { ok: false, error: callError('HOST_SPAWN_FAILED'), stack: undefined };
    const failure = await guest.booted;
    if (failure !== undefined) return { ok: false, error: failure, stack: undefined };
    guest.logTo((line) => logLine(options.log, spec.binding, line));
    const opening = await guest.bind(spec.binding);
    if (!opening.ok) {
      await guest.died;
      return opening;
    }
    options.onOpened(spare === undefined ? 'cold' : 'warm', options.clock.now() - startedAt);
    const limits = { cpuMsMax: spec.cpuMsMax, memoryMb: spec.shape.memoryMb };
    void guest.died.then(options.watchdog.watch(guest, limits)).then(pool.retain(spec.shape));
    return opening;
  }

  return {
    name: 'process',
    open,
    probe: () => Promise.resolve(options.receipt),
    pool,
    close: () => pool.close(),
  };
}

/** Spawns a guest; a refusal of the kernel (no memory, processes or descriptors) is an answer (FAULTS 114). */
function bootGuest(options: ProcessDriverOptions, shape: GuestShape): GuestProcess | undefined {
  let launch: PreparedLaunch | undefined;
  try {
    launch = options.launches.prepare(shape);
    const { file, args, env, stdio, cwd, release } = launch;
    const child = spawn(file, [...args], { env, stdio: [...stdio], cwd, detached: true });
    launch.didSpawn();
    const guest = new GuestProcess({
      instanceId: randomUUID(),
      tier: options.launches.tier,
      child,
      clock: options.clock,
      memoryMb: shape.memoryMb,
      bootTimeoutMs: options.bootTimeoutMs,
      onDropped: options.onDropped,
    });
    void guest.died.then(release);
    return guest;
  } catch (error) {
    launch?.didSpawn();
    launch?.release();
    options.log.error({ err: error }, 'a guest could not be started');
    return undefined;
  }
}

function logLine(log: Log, binding: GuestBinding, line: GuestLogLine): void {
  log[line.level]({ plugin: binding.name, tenant: binding.tenant, fields: line.fields }, line.message);
}
