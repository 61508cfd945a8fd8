/**
 * One claimed task in the hands of a worker: it is run, its lease is held meanwhile, and its result is given to the queue.
 *
 *   run ----------------> complete, again until the queue has answered
 *   heartbeat, every third of the lease, until then; `lost` or `cancelled` ends the run, and the result is dropped
 *
 * W1: A result is given to the queue until the queue has answered, so that none is lost because the queue was away.
 * W2: What somebody else has, or nobody wants any more, is run no longer than until the next heartbeat.
 */
import type { AuditedResult, LeaseAnswer, TaskLease, TaskQueue } from '@bulkhead/host';
import type { JsonObject, Task } from '@bulkhead/protocol';
import { asError, isAway, pause, pauseMs, type WorkerClock } from './queue-away.ts';

/**
 * What of a queue a worker needs; over HTTP there is no more.
 *
 * @public
 */
export type WorkerQueue = Pick<TaskQueue, 'claim' | 'heartbeat' | 'complete'>;

/**
 * Runs one task of a tenant and answers its result; does not reject but for a bug, which ends the worker.
 *
 * @public
 */
export type TaskRunner = (
  task: Task,
  whose: { readonly tenant: string; readonly signal: AbortSignal },
) => Promise<AuditedResult>;

/**
 * What became of a claimed task. `held`: the queue has its result. `lost`, `cancelled`: it was dropped. `undelivered`: the queue was away
 * until the worker had to go, and whoever claims the task next does it again. `refused`: the queue takes no result of it.
 *
 * @public
 */
export type LeaseFate = LeaseAnswer | 'undelivered' | 'refused';

/**
 * That a result which is in hand could not be handed in, and that it was after all. `waits` is told once of a task, at the first try that the
 * queue did not answer; `delivered` only after it, where the queue took the result.
 *
 * @public
 */
export type DeliveryEvent =
  | { readonly kind: 'waits'; readonly lease: TaskLease; readonly error: Error; readonly pauseMs: number }
  | { readonly kind: 'delivered'; readonly lease: TaskLease; readonly waitedMs: number };

/** With what a claimed task is worked on; `leaving` is aborted once the worker claims no more. */
export type LeaseWork = {
  readonly queue: WorkerQueue;
  readonly runTask: TaskRunner;
  readonly leaseMs: number;
  readonly clock: WorkerClock;
  readonly leaving: AbortSignal;
  readonly didHappen: (event: DeliveryEvent) => void;
};

/** For how long a worker that leaves goes on giving a result to a queue that is away. */
export const LAST_TRIES_MS = 30_000;

/** How it went; `result` is what the runner answered, also where it was dropped. */
export type WorkedLease = { readonly result: AuditedResult; readonly fate: LeaseFate };

/** Works on a claimed task until its result is where it belongs. */
export async function workOnLease(lease: TaskLease, work: LeaseWork): Promise<WorkedLease> {
  const ended = new AbortController();
  const pulse = startPulse(lease, work, ended);
  try {
    const result = await work.runTask(lease.task, { tenant: lease.tenant_id, signal: ended.signal });
    return { result, fate: await deliver(lease, result, { ...work, pulse }) };
  } finally {
    pulse.stop();
  }
}

/** `fate` is undefined as long as the lease is held, as far as is known. */
type Pulse = { readonly fate: () => Exclude<LeaseAnswer, 'held'> | undefined; readonly stop: () => void };

const BEATS_OF_LEASE = 3;

function startPulse({ lease }: TaskLease, { queue, leaseMs, clock }: LeaseWork, ended: AbortController): Pulse {
  let fate: ReturnType<Pulse['fate']>;
  let isOver = false;
  let cancel = schedule();

  function schedule(): () => void {
    return clock.startTimer(leaseMs / BEATS_OF_LEASE, () => void beat());
  }

  async function beat(): Promise<void> {
    // Where the queue is away, a later heartbeat or the completion learns what became of the lease.
    const answer = await queue.heartbeat(lease, leaseMs).catch(() => 'held' as const);
    if (isOver) return;
    if (answer === 'held') {
      cancel = schedule();
      return;
    }
    fate = answer;
    ended.abort();
  }

  return {
    fate: () => fate,
    stop: () => {
      isOver = true;
      cancel();
    },
  };
}

type Delivery = LeaseWork & { readonly pulse: Pulse };

/** W1. */
async function deliver(lease: TaskLease, result: AuditedResult, delivery: Delivery): Promise<LeaseFate> {
  const { queue, clock, leaving, pulse, didHappen } = delivery;
  const since = clock.now();
  for (let failures = 0; ;) {
    const fate = pulse.fate();
    if (fate !== undefined) return fate;
    try {
      const answer = await queue.complete(lease.lease, result);
      if (failures > 0 && answer === 'held') didHappen({ kind: 'delivered', lease, waitedMs: clock.now() - since });
      return answer;
    } catch (error) {
      if (!isAway(error)) return refuse(lease, result, { queue, error });
      failures += 1;
      if (failures === 1) didHappen({ kind: 'waits', lease, error: asError(error), pauseMs: pauseMs(failures) });
    }
    if (leaving.aborted && clock.now() - since >= LAST_TRIES_MS) return 'undelivered';
    await pause(pauseMs(failures), clock);
  }
}

/** A result that the queue does not take, such as one that is too large, is not kept; that it was made is. */
async function refuse(
  { lease, task }: TaskLease,
  result: AuditedResult,
  { queue, error }: { readonly queue: WorkerQueue; readonly error: unknown },
): Promise<LeaseFate> {
  const message = `the queue did not take the result: ${error instanceof Error ? error.message : 'no reason was given'}`;
  const data: JsonObject = { retryable: false, code: 'RESULT_REFUSED', message };
  // What is refused again ends with its lease, and is dead once that has happened too often.
  await queue.complete(lease, { ...result, task_id: task.id, status: 'error', data }).catch(() => undefined);
  return 'refused';
}
