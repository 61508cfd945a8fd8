/**
 * The `process` driver: one guest is one Node process in the strongest sandbox that was measured to hold here.
 * It starts processes, ends every one of them when it is closed, and knows no release, tenant quota or registry.
 */
import { callError, type CallError, type Receipt, type Tier } from '@bulkhead/protocol';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { AnswerGuest, Driver, EventLine, EventLink, SandboxOpening } from '../sandbox.ts';
import { watchTemp } from '../temp-watch.ts';
import { createWarmPool, type WarmPool } from '../warm-pool.ts';
import type { Watchdog } from '../watchdog.ts';
import type { HidePaths } from './clean-text.ts';
import { spawnGuest } from './guest-handle.ts';
import type { GuestBinding } from './guest-binding.ts';
import { GuestProcess } from './guest-process.ts';
import type { GuestTemp, PreparedLaunch } from './launcher.ts';
import { createPluginLog, type SaidLine, type TakeLine } from './plugin-log.ts';

/** What the process itself is made to hold; guests of one shape are interchangeable until they are bound. */
export type GuestShape = {
  readonly memoryMb: number;
  /** It has a temp folder of its own, bounded, which goes with it; false where it is left out. */
  readonly hasTempDir?: boolean;
};

/** Makes command lines for one tier. */
export type GuestLaunches = {
  readonly tier: Tier;
  readonly prepare: (shape: GuestShape) => PreparedLaunch;
  /** Hides the paths that such a guest could tell of. */
  readonly hidePaths: HidePaths;
};

/** A plugin to open: what it is bound to, the shape of its process, and what the watchdog holds it to. */
export type ProcessSpec = {
  readonly shape: GuestShape;
  readonly binding: GuestBinding;
  readonly cpuMsMax: number;
  /** Answers what the plugin asks of the host; one that runs no plugin asks nothing. */
  readonly answer?: AnswerGuest;
  /** Takes the guest's line of events; one that runs no plugin hears none. */
  readonly connect?: (line: EventLine) => EventLink;
};

/** What the driver is made of. */
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
  /** Told of each line that a plugin logs or writes to its pipes, cleaned and bounded. */
  readonly onSaid: (speaker: GuestSpeaker, line: GuestLine) => void;
};

/** Whose line it is. */
export type GuestSpeaker = { readonly plugin: string; readonly tenant: string; readonly instanceId: string };

/** A line, and where it was said; what came through a pipe has no level. */
export type GuestLine =
  | ({ readonly source: 'logger' } & SaidLine)
  | { readonly source: 'stdout' | 'stderr'; readonly level: null; readonly text: string; readonly fields: undefined };

/** The driver, its pool, and the end of both. */
export type ProcessDriver = Driver<ProcessSpec> & {
  readonly pool: WarmPool<GuestShape, GuestProcess>;
  /** Ends every guest, bound or spare; what is opened afterwards is refused with HOST_CLOSED. */
  readonly close: () => Promise<void>;
};

/** A spare's replacement boots after the call that took the spare has most likely been answered. */
const REFILL_DELAY_MS = 20;
const REPLACE_DELAY_MS = 1_000;

/** Makes the driver and begins to fill its warm pool. */
export function createProcessDriver(options: ProcessDriverOptions): ProcessDriver {
  const live = new Set<GuestProcess>();
  const leaving = new Set<Promise<void>>();
  const boot = (shape: GuestShape): BootedGuest => bootGuest(options, shape, { live, leaving });
  let isClosed = false;
  const pool = createWarmPool<GuestShape, GuestProcess>({
    size: options.spareCount,
    defaultShape: options.defaultShape,
    keyOf: ({ memoryMb, hasTempDir = false }) => `${memoryMb} ${hasTempDir ? 'with' : 'without'} temp`,
    boot: (shape) => {
      const booted = boot(shape);
      return booted.ok ? booted.guest : undefined;
    },
    refillDelayMs: REFILL_DELAY_MS,
    replaceDelayMs: REPLACE_DELAY_MS,
  });

  async function open(spec: ProcessSpec): Promise<SandboxOpening> {
    if (isClosed) return refused(callError('HOST_CLOSED'));
    const startedAt = options.clock.now();
    const spare = pool.take(spec.shape);
    const booted = spare === undefined ? boot(spec.shape) : ({ ok: true, guest: spare } as const);
    if (!booted.ok) return refused(await booted.error);
    const { guest } = booted;
    const failure = await guest.booted;
    if (failure !== undefined) return refused(failure);
    hear(options, spec.binding, guest);
    if (spec.answer !== undefined) guest.answerBy(spec.answer);
    if (spec.connect !== undefined) link(guest, spec.connect);
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
    close: async () => {
      isClosed = true;
      await pool.close();
      await Promise.all([...live].map((guest) => guest.close()));
      await Promise.all(leaving);
      options.watchdog.close();
    },
  };
}

type BootedGuest =
  { readonly ok: true; readonly guest: GuestProcess } | { readonly ok: false; readonly error: Promise<CallError> };

/** Guests that are alive, and those that are dead and of which something is left to be removed. */
type Guests = { readonly live: Set<GuestProcess>; readonly leaving: Set<Promise<void>> };

/** Spawns a guest; a refusal of the kernel (no memory, processes or descriptors) is an answer (FAULTS 114). */
function bootGuest(options: ProcessDriverOptions, shape: GuestShape, { live, leaving }: Guests): BootedGuest {
  const { launches, clock, bootTimeoutMs, onDropped } = options;
  let launch: PreparedLaunch;
  try {
    launch = launches.prepare(shape);
  } catch (error) {
    return { ok: false, error: spawnFailed(options, String(error)) };
  }
  const spawned = spawnGuest(launch);
  if (!spawned.ok) {
    void release(launch, leaving);
    return { ok: false, error: spawned.reason.then((reason) => spawnFailed(options, reason)) };
  }
  const guest = new GuestProcess({
    instanceId: randomUUID(),
    tier: launches.tier,
    handle: spawned.handle,
    clock,
    memoryMb: shape.memoryMb,
    tempDir: launch.temp?.path,
    bootTimeoutMs,
    hidePaths: launches.hidePaths,
    wasOutOfMemory: launch.wasOutOfMemory,
    onDropped,
  });
  live.add(guest);
  if (launch.temp !== undefined) watchTempOf(guest, launch.temp);
  // In one turn, so that whoever closes the driver meets it in one of the two.
  void guest.died.then(() => {
    void release(launch, leaving);
    live.delete(guest);
  });
  return { ok: true, guest };
}

async function release(launch: PreparedLaunch, leaving: Set<Promise<void>>): Promise<void> {
  launch.release();
  if (launch.temp === undefined) return;
  const left = launch.temp.remove();
  leaving.add(left);
  await left;
  leaving.delete(left);
}

function watchTempOf(guest: GuestProcess, { measure }: GuestTemp): void {
  watchTemp({
    measure: () => measure(guest.nodePid()),
    callsInFlight: () => guest.callsInFlight(),
    kill: (error) => guest.kill(error),
    died: guest.died,
  });
}

async function spawnFailed({ log, launches }: ProcessDriverOptions, reason: string): Promise<CallError> {
  log.error({ reason }, 'a guest could not be started');
  return callError('HOST_SPAWN_FAILED', { message: `a guest could not be started: ${launches.hidePaths(reason)}` });
}

/** The self-test's guests run no plugin, and their lines are nobody's. */
function hear(options: ProcessDriverOptions, { kind, name, tenant }: GuestBinding, guest: GuestProcess): void {
  const { log, clock, launches, onSaid } = options;
  const { instanceId } = guest;
  const speaker = { plugin: name, tenant, instanceId };
  const say = (line: GuestLine): void => (kind === 'probe' ? undefined : onSaid(speaker, line));
  const source = { plugin: name, tenant, instance_id: instanceId };
  const onLine: TakeLine = (line, call) => {
    say({ source: 'logger', ...line });
    if (call !== undefined) guest.tellLine(call, line);
  };
  guest.logTo(createPluginLog({ log, clock, source, hidePaths: launches.hidePaths, onLine }));
  guest.outputTo((pipe, text) => say({ source: pipe, level: null, text, fields: undefined }));
}

function link(guest: GuestProcess, connect: (line: EventLine) => EventLink): void {
  const { didHear, end } = connect({ send: (json, isWork) => guest.events.send(json, isWork) });
  guest.events.hearBy(didHear);
  void guest.died.then(end);
}

function refused(error: CallError): SandboxOpening {
  return { ok: false, error, stack: undefined };
}
