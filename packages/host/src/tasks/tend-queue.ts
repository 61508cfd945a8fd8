/**
 * The upkeep of a queue: leases that have ended are returned, and tasks that ended long ago removed. Whoever runs a queue tends it; of several
 * that tend one queue none is in another's way.
 */
import { LIMITS } from '@bulkhead/protocol';
import { isoTime, systemClock, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { systemTimer, type StartTimer } from '../base/timer.ts';
import { TASK_QUEUE_BOUNDS, type TaskQueue } from './task-queue.ts';

/**
 * With what a queue is tended.
 *
 * @public
 */
export type TendingOptions = {
  readonly log: Pick<Log, 'warn' | 'info'>;
  readonly clock?: Clock;
  readonly startTimer?: StartTimer;
};

/**
 * Upkeep that goes on until it is stopped.
 *
 * @public
 */
export type Tending = AsyncDisposable & {
  /** Ends it; resolves when nothing of it is under way. Safe to call twice. */
  readonly stop: () => Promise<void>;
};

/**
 * Begins to tend a queue: `reclaim` once a second, again at once while there is more; `prune` now and once an hour, of what ended 14 days ago,
 * dead letters after 30 (X000-11). While the queue does not answer it is tried again a second later, and said once.
 *
 * @returns The upkeep; whoever begins it stops it, before the queue is closed.
 * @public
 */
export function tendQueue(queue: Pick<TaskQueue, 'reclaim' | 'prune'>, options: TendingOptions): Tending {
  const { log, clock = systemClock, startTimer = systemTimer } = options;
  let isStopped = false;
  let hasFailed = false;
  let prunedAt = -Infinity;
  let cancelTimer: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();

  async function tend(): Promise<void> {
    if (clock.now() - prunedAt >= LIMITS.task_prune_ms.value) {
      const count = await queue.prune(pruneTimes(clock.wallTime()));
      prunedAt = clock.now();
      if (count > 0) log.info({ count }, 'tasks that ended long ago were removed');
    }
    let count: number;
    do count = await queue.reclaim();
    while (count >= TASK_QUEUE_BOUNDS.reclaim && !isStopped);
  }

  async function tendAndGoOn(): Promise<void> {
    try {
      await tend();
      hasFailed = false;
    } catch (error) {
      if (!hasFailed && !isStopped) log.warn({ err: error }, 'the queue of tasks was not tended; it is tried again');
      hasFailed = true;
    }
    if (!isStopped) cancelTimer = startTimer(LIMITS.task_reclaim_ms.value, begin);
  }

  function begin(): void {
    running = tendAndGoOn();
  }

  async function stop(): Promise<void> {
    isStopped = true;
    cancelTimer?.();
    await running;
  }

  begin();
  return { stop, [Symbol.asyncDispose]: stop };
}

function pruneTimes(wallTime: number): { readonly ended: string; readonly dead: string } {
  return {
    ended: isoTime(wallTime - LIMITS.task_retention_ms.value),
    dead: isoTime(wallTime - LIMITS.task_dead_retention_ms.value),
  };
}
