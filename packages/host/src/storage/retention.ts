/**
 * Removes from the storage what is too old, at start and every few minutes; a storage that is away is asked again next time.
 */
import { LIMITS } from '@bulkhead/protocol';
import { dayOf, isoTime, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Storage } from './port.ts';
import type { Retention } from './records-port.ts';

/** What retention works with. */
export type RetentionOptions = {
  readonly storage: Pick<
    Storage,
    'prune' | 'sweepArtifacts' | 'forgetNodes' | 'trimEvents' | 'pruneAgentRuns' | 'pruneEvaluations'
  >;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly startTimer: StartTimer;
};

/** Begins; the returned function ends it, and waits for a removal that is under way. */
export function startRetention({ storage, clock, log, startTimer }: RetentionOptions): () => Promise<void> {
  let isEnded = false;
  let cancelTimer: (() => void) | undefined;
  let pruning = prune();

  async function removeOld(): Promise<void> {
    const now = clock.wallTime();
    await storage.prune(retentionAt(now));
    await storage.sweepArtifacts(isoTime(now - LIMITS.artifact_unnamed_ms.value));
    await storage.forgetNodes(LIMITS.node_kept_ms.value);
    await storage.trimEvents(eventsAt(now));
    await storage.pruneAgentRuns(isoTime(now - LIMITS.agent_run_retention_ms.value));
    await storage.pruneEvaluations(isoTime(now - LIMITS.evaluation_retention_ms.value));
  }

  async function prune(): Promise<void> {
    await removeOld().catch((error: unknown) =>
      log.warn({ err: error }, 'what is too old was not removed from the storage'),
    );
    if (isEnded) return;
    cancelTimer = startTimer(LIMITS.retention_interval_ms.value, () => {
      pruning = prune();
    });
  }

  return async () => {
    isEnded = true;
    cancelTimer?.();
    await pruning;
  };
}

/** What may stay of events at a wall time. */
export function eventsAt(wallTime: number): { readonly before: string; readonly rowsMax: number } {
  return { before: isoTime(wallTime - LIMITS.event_kept_ms.value), rowsMax: LIMITS.event_kept_rows.value };
}

/** What may stay at a wall time. */
export function retentionAt(wallTime: number): Retention {
  return {
    now: isoTime(wallTime),
    ledgerSince: isoTime(wallTime - LIMITS.ledger_retention_ms.value),
    transitionsSince: isoTime(wallTime - LIMITS.transition_retention_ms.value),
    transitionsMax: LIMITS.transitions.value,
    usageSince: dayOf(wallTime - LIMITS.usage_retention_ms.value),
  };
}
