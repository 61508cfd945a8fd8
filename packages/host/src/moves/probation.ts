/**
 * Takes an upgrade back by itself where the new release's guests die so often, soon after it, that its breaker opens.
 *
 * B1: Only the tenant whose breaker opened goes back, and only while its last move is that upgrade: whoever moved it since
 *     knows better.
 * B2: An upgrade is taken back once, also by several nodes: the write expects the revision that was judged.
 * B3: Probation is what the stored move says, so it goes on over a restart.
 */
import { ERRORS, LIMITS, isErrorCode } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Releases } from '../catalogue/releases.ts';
import type { BreakerOpened } from '../registry/registry.ts';
import type { MoveRow, StoredRegistration } from '../storage/catalogue-port.ts';

/** An upgrade that is to be taken back, and why. */
export type Fallen = { readonly row: StoredRegistration; readonly move: MoveRow; readonly reason: string };

/** What probation works with; `rollBack` writes the move. */
export type ProbationOptions = {
  readonly releases: Pick<Releases, 'registrationOf' | 'movesOf' | 'release'>;
  readonly clock: Pick<Clock, 'wallTime'>;
  readonly log: Pick<Log, 'warn'>;
  readonly startTimer: StartTimer;
  readonly rollBack: (fallen: Fallen) => Promise<unknown>;
};

/** Watches breakers until it is closed. */
export type Probation = {
  /** Judges at once and goes back behind the caller; never throws. */
  readonly didOpenBreaker: (opened: BreakerOpened) => void;
  /** Waits for what is under way. */
  readonly close: () => Promise<void>;
};

/** A storage that is away is asked again after this, for as long as the probation lasts. */
const RETRY_AFTER_MS = 1_000;

/** Begins to watch. */
export function createProbation(options: ProbationOptions): Probation {
  const { log, startTimer, rollBack } = options;
  const underWay = new Set<Promise<void>>();
  const retries = new Set<() => void>();
  let isClosed = false;

  async function goBack(opened: BreakerOpened, fallen: Fallen): Promise<void> {
    const { plugin, scope: tenant } = opened;
    try {
      await rollBack(fallen);
      log.warn({ plugin, tenant, from: fallen.move.to_version, to: fallen.move.from_version }, fallen.reason);
    } catch (error) {
      const code = error instanceof HostError ? error.code : undefined;
      if (code === 'REVISION_CONFLICT') return; // Another node, or an administrator, was faster.
      log.warn({ err: error, plugin, tenant }, 'an upgrade could not be taken back');
      if (code === 'STORAGE_UNAVAILABLE') retry(opened);
    }
  }

  function retry(opened: BreakerOpened): void {
    if (isClosed) return;
    const cancel = startTimer(RETRY_AFTER_MS, () => {
      retries.delete(cancel);
      didOpenBreaker(opened);
    });
    retries.add(cancel);
  }

  function didOpenBreaker(opened: BreakerOpened): void {
    const fallen = isClosed ? undefined : judge(options, opened);
    if (fallen === undefined) return;
    const going = goBack(opened, fallen).finally(() => underWay.delete(going));
    underWay.add(going);
  }

  return {
    didOpenBreaker,
    close: async () => {
      isClosed = true;
      for (const cancel of retries) cancel();
      await Promise.all(underWay);
    },
  };
}

/** The upgrade on probation of which the guests died; undefined where there is none. */
function judge({ releases, clock }: ProbationOptions, opened: BreakerOpened): Fallen | undefined {
  const { plugin, scope: tenant, digest, error } = opened;
  const row = releases.registrationOf(tenant, plugin);
  const move = releases.movesOf(tenant, plugin).at(-1);
  if (row === undefined || move === undefined || !isWatched(move)) return undefined;
  if (move.to_version !== row.plugin_version) return undefined;
  if (releases.release(plugin, row.plugin_version)?.digest !== digest) return undefined;
  const sinceMs = clock.wallTime() - Date.parse(move.at);
  if (sinceMs >= LIMITS.probation_ms.value) return undefined;
  // The table's words: what the plugin threw is a tenant's, and the history is kept longer than that.
  const what = isErrorCode(error.code) ? ERRORS[error.code].message : error.kind;
  const after = `${Math.max(0, Math.round(sinceMs / 1_000))} s after the upgrade to ${move.to_version}`;
  return { row, move, reason: `the breaker opened ${after}, last for ${error.code}: ${what}` };
}

/** What an administrator, or evidence, let in; what came back or was enabled is on no probation. */
function isWatched({ kind }: MoveRow): boolean {
  return kind === 'upgrade' || kind === 'canary';
}
