/**
 * Rollouts: the tenants of a plugin move to a release by growing shares, with time in between for what is wrong to show.
 *
 *   running ──each step: those of the share who have not moved, one after another; then it waits──▶ running ──▶ done
 *      │──a moved tenant was rolled back by the host, or the release did not load──▶ halted
 *      │                                            (done ──whoever watches it finds fault──▶ halted)
 *      └──an administrator ends it──▶ cancelled
 *
 * O1: All that a rollout knows is stored: a restart carries it on, and a node that is lost is replaced by another.
 * O2: A step may run twice, in part or whole: who has moved is not moved again, and who has gone back stays where it is.
 * O3: It takes nobody's consent for granted: tenants that would have to consent are left out, and listed.
 */
import { LIMITS, type ErrorCode } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { createTurns } from '../base/turns.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import { releaseNotFound } from '../catalogue/plugin-shelves.ts';
import type { Releases } from '../catalogue/releases.ts';
import type { RolloutProgress, Rollouts } from '../catalogue/rollouts.ts';
import type { LeftOut, StoredRegistration, StoredRollout } from '../storage/catalogue-port.ts';
import { shareOf } from './share-of.ts';

/**
 * What an administrator asks for; `waitMs` is between the end of one step and the next.
 *
 * @experimental
 */
export type RolloutRequest = {
  readonly version: string;
  readonly gate?: StoredRollout['gate'];
  readonly steps?: readonly number[];
  readonly waitMs?: number;
  readonly by: string;
};

/** What rollouts work with; `move` upgrades one tenant, and `isAlive` tells whether another node may still carry one on. */
export type RolloutOptions = {
  readonly releases: Pick<Releases, 'release' | 'registrantsOf' | 'movesOf'>;
  readonly rollouts: Rollouts;
  readonly node: string;
  readonly isAlive: (node: string) => boolean;
  readonly move: (rollout: StoredRollout, row: StoredRegistration) => Promise<unknown>;
  readonly clock: Pick<Clock, 'wallTime'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly startTimer: StartTimer;
};

/** Carries rollouts on until it is closed. */
export type RolloutDriver = {
  /** @throws {HostError} `RELEASE_NOT_FOUND`, `VALIDATION_FAILED`, `ROLLOUT_RUNNING`. */
  readonly start: (plugin: string, request: RolloutRequest) => Promise<StoredRollout>;
  /** Ends one where it is; who has moved stays moved. @throws {HostError} `ROLLOUT_NOT_FOUND` where none runs. */
  readonly cancel: (plugin: string, by: string) => Promise<StoredRollout>;
  /** Halts this one for a fault of its release, though all of its steps may be done; nothing where it was halted or ended by somebody. */
  readonly halt: (rollout: StoredRollout, reason: string) => Promise<void>;
  readonly of: (plugin: string) => StoredRollout | undefined;
  /** Something may have changed; O(rollouts that run) where nothing did. */
  readonly look: () => void;
  /** Waits for the tenant that is being moved. */
  readonly close: () => Promise<void>;
};

/** A tenth shows what is wrong, a half how it carries. */
const DEFAULT_STEPS = [0.1, 0.5, 1];
/** How often a node that does not carry a rollout on looks whether the one that does still lives. */
const OTHERS_EVERY_MS = 10_000;
const RETRY_AFTER_MS = 5_000;

/** Begins to carry on what is stored. */
export function createRolloutDriver(options: RolloutOptions): RolloutDriver {
  const { rollouts, releases, log, startTimer } = options;
  const inTurn = createTurns();
  let isClosed = false;
  let isLooking = false;
  let cancelTimer: (() => void) | undefined;

  function look(): void {
    if (isClosed || isLooking || rollouts.running().length === 0) return;
    isLooking = true;
    cancelTimer?.();
    void inTurn(async () => {
      const next = await carryOnAll(options, () => isClosed).catch((error: unknown) => {
        log.warn({ err: error }, 'a rollout could not be carried on');
        return RETRY_AFTER_MS;
      });
      isLooking = false;
      if (!isClosed && next !== undefined) cancelTimer = startTimer(next, look);
    });
  }

  async function start(plugin: string, request: RolloutRequest): Promise<StoredRollout> {
    const { version, gate = 'trial', steps = DEFAULT_STEPS, waitMs = LIMITS.probation_ms.value, by } = request;
    if (releases.release(plugin, version) === undefined) throw releaseNotFound(plugin, version);
    insistOnSteps(steps);
    insistOnWait(waitMs);
    const wanted = { plugin_name: plugin, version, gate, steps, wait_ms: waitMs, node: options.node, actor: by };
    const rollout = await rollouts.begin(wanted);
    look();
    return rollout;
  }

  async function cancel(plugin: string, by: string): Promise<StoredRollout> {
    for (;;) {
      const rollout = rollouts.of(plugin);
      if (rollout?.state !== 'running') {
        throw new HostError('ROLLOUT_NOT_FOUND', { message: `no rollout of ${plugin.slice(0, 80)} is under way` });
      }
      const ended = await rollouts.progress(rollout, { state: 'cancelled' }, by);
      if (ended !== undefined) return ended;
    }
  }

  async function haltFor({ id, plugin_name: plugin }: StoredRollout, reason: string): Promise<void> {
    for (;;) {
      const rollout = rollouts.of(plugin);
      if (rollout?.id !== id || rollout.state === 'halted' || rollout.state === 'cancelled') return;
      await halt(options, rollout, reason);
    }
  }

  return {
    start,
    cancel,
    halt: haltFor,
    of: rollouts.of,
    look,
    close: async () => {
      isClosed = true;
      cancelTimer?.();
      await inTurn(async () => undefined);
    },
  };
}

/** Carries each on as far as it may go now; returns after how many milliseconds to look again, undefined where none runs. */
async function carryOnAll(options: RolloutOptions, isStopped: () => boolean): Promise<number | undefined> {
  for (const rollout of options.rollouts.running()) await carryOn(options, rollout, isStopped);
  const waits = options.rollouts.running().map((rollout) => dueInMs(options, rollout));
  return waits.length === 0 ? undefined : Math.min(...waits);
}

async function carryOn(options: RolloutOptions, rollout: StoredRollout, isStopped: () => boolean): Promise<void> {
  const { rollouts, node, isAlive } = options;
  if (rollout.node !== node && isAlive(rollout.node)) return;
  const fallen = fallenTenant(options, rollout);
  if (fallen !== undefined) return halt(options, rollout, `tenant ${fallen} was rolled back by the host`);
  if (stepDueInMs(options, rollout) > 0) return;
  const own = rollout.node === node ? rollout : await rollouts.progress(rollout, { node });
  if (own !== undefined) await takeStep(options, own, isStopped);
}

/** Zero where it is due; at another node's, when to see whether that node lives. */
function dueInMs(options: RolloutOptions, rollout: StoredRollout): number {
  if (rollout.node !== options.node) return OTHERS_EVERY_MS;
  return fallenTenant(options, rollout) === undefined ? Math.max(0, stepDueInMs(options, rollout)) : 0;
}

function stepDueInMs({ clock }: RolloutOptions, { steps_done, wait_ms, updated_at }: StoredRollout): number {
  return steps_done === 0 ? 0 : Date.parse(updated_at) + wait_ms - clock.wallTime();
}

async function takeStep(options: RolloutOptions, rollout: StoredRollout, isStopped: () => boolean): Promise<void> {
  const { rollouts, log } = options;
  const { plugin_name: plugin, version, steps, steps_done, revision } = rollout;
  const leftOut: LeftOut[] = [];
  for (const row of candidates(options, rollout)) {
    if (isStopped() || rollouts.of(plugin)?.revision !== revision) return;
    const fallen = fallenTenant(options, rollout);
    if (fallen !== undefined) return halt(options, rollout, `tenant ${fallen} was rolled back by the host`);
    const moved = await tryMove(options, rollout, row);
    if (moved.kind === 'halt') return halt(options, rollout, `tenant ${row.tenant_id}: ${moved.reason}`);
    if (moved.kind === 'left_out') leftOut.push({ tenant_id: row.tenant_id, code: moved.code });
  }
  const isLast = steps_done + 1 === steps.length;
  const progress: RolloutProgress = {
    steps_done: steps_done + 1,
    state: isLast ? 'done' : 'running',
    left_out: joined(rollout.left_out, leftOut),
  };
  await rollouts.progress(rollout, progress);
  log.info({ plugin, version, share: steps[steps_done], left_out: leftOut.length }, 'a step of a rollout is done');
}

/** Tenants of the step's share that run another release, in the order of their shares. */
function candidates({ releases }: RolloutOptions, rollout: StoredRollout): readonly StoredRegistration[] {
  const { plugin_name: plugin, version, steps, steps_done } = rollout;
  const share = steps[steps_done] ?? 0;
  return releases
    .registrantsOf(plugin)
    .filter(({ enabled, plugin_version, tenant_id }) => {
      return enabled && plugin_version !== version && shareOf(tenant_id, plugin) < share;
    })
    .toSorted((a, b) => shareOf(a.tenant_id, plugin) - shareOf(b.tenant_id, plugin));
}

type Moved =
  | { readonly kind: 'moved' }
  | { readonly kind: 'left_out'; readonly code: string }
  | { readonly kind: 'halt'; readonly reason: string };

/** What concerns a tenant alone; whatever else keeps a release from being used keeps it from all. */
const ITS_OWN: readonly ErrorCode[] = ['CAPABILITY_CHANGE', 'CONFIG_INVALID', 'PLUGIN_NOT_FOUND', 'REVISION_CONFLICT'];

async function tryMove(options: RolloutOptions, rollout: StoredRollout, row: StoredRegistration): Promise<Moved> {
  if (hasGoneBack(options, rollout, row)) return { kind: 'left_out', code: 'ROLLED_BACK' };
  try {
    await options.move(rollout, row);
    return { kind: 'moved' };
  } catch (error) {
    if (!(error instanceof HostError) || error.code === 'STORAGE_UNAVAILABLE') throw error;
    if (ITS_OWN.includes(error.code)) return { kind: 'left_out', code: error.code };
    return { kind: 'halt', reason: `${error.code}: ${error.message}` };
  }
}

/** Whoever took a tenant back to another release had a reason. */
function hasGoneBack({ releases }: RolloutOptions, rollout: StoredRollout, { tenant_id }: StoredRegistration): boolean {
  const moves = releases.movesOf(tenant_id, rollout.plugin_name);
  return moves.some(({ from_version, at }) => from_version === rollout.version && at >= rollout.started_at);
}

/** A tenant that the host has rolled back from this version since the rollout began. */
function fallenTenant({ releases }: RolloutOptions, rollout: StoredRollout): string | undefined {
  const { plugin_name: plugin, version, started_at } = rollout;
  const isFallen = ({ tenant_id }: StoredRegistration): boolean =>
    releases
      .movesOf(tenant_id, plugin)
      .some(
        ({ kind, from_version, at }) => kind === 'automatic_rollback' && from_version === version && at >= started_at,
      );
  return releases.registrantsOf(plugin).find(isFallen)?.tenant_id;
}

const REASON_CHARACTERS_MAX = 500;

async function halt({ rollouts, log }: RolloutOptions, rollout: StoredRollout, reason: string): Promise<void> {
  const { plugin_name: plugin, version } = rollout;
  log.warn({ plugin, version, reason }, 'a rollout was halted');
  await rollouts.progress(rollout, { state: 'halted', reason: reason.slice(0, REASON_CHARACTERS_MAX) }, 'host');
}

/** The newest word on each tenant. */
function joined(before: readonly LeftOut[], now: readonly LeftOut[]): readonly LeftOut[] {
  const isToldAnew = ({ tenant_id }: LeftOut): boolean => now.some((each) => each.tenant_id === tenant_id);
  return [...before.filter((each) => !isToldAnew(each)), ...now];
}

function insistOnSteps(steps: readonly number[]): void {
  const isRising = steps.every((share, index) => share > (steps[index - 1] ?? 0) && share <= 1);
  if (steps.length > 0 && steps.length <= LIMITS.rollout_steps.value && isRising) return;
  throw new HostError('VALIDATION_FAILED', {
    message: `steps is ${JSON.stringify(steps.slice(0, 10))}; expected 1 to ${LIMITS.rollout_steps.value} rising shares above 0 and at most 1`,
  });
}

function insistOnWait(waitMs: number): void {
  const most = LIMITS.rollout_wait_ms.value;
  if (Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= most) return;
  throw new HostError('VALIDATION_FAILED', {
    message: `wait_ms is ${waitMs}; expected a whole number of milliseconds, at most ${most}`,
  });
}
