/**
 * How a worker waits for a task, and a caller for the end of one: looks, waits for a bell, looks again. Bells may be missed, such as those
 * of a process that died; so all look every five seconds, and never more often for nothing.
 */
import { HostError, TASK_QUEUE_BOUNDS, type QueuedTask, type TaskClaim, type TaskLease } from '@bulkhead/host';
import type { Bells } from './bells.ts';
import { nextAvailableMs, takeTask } from './take-task.ts';
import { WORK, monotonicMs, type Tasks } from './tasks.ts';
import type { WorkersSeen } from './workers-seen.ts';

/** How often those look who wait, without a bell. */
const SWEEP_MS = 5_000;

/** What waits, and for what. */
export type Waiting = { readonly tasks: Tasks; readonly bells: Bells; readonly seen: WorkersSeen };

/**
 * As `TaskQueue.claim`.
 *
 * @throws {HostError} `VALIDATION_FAILED` where more tasks are not wanted than are looked at.
 */
export async function waitForTask({ tasks, bells, seen }: Waiting, claim: TaskClaim): Promise<TaskLease | undefined> {
  const { wait_ms: waitMs, signal, not = [] } = claim;
  if (not.length > TASK_QUEUE_BOUNDS.notIds) throw tooManyNot(not.length);
  const endsAt = monotonicMs(tasks) + waitMs;
  using waiter = bells.enter(WORK);
  using stack = new DisposableStack();
  stack.use(seen.waits(claim));
  while (signal?.aborted !== true) {
    const lookedAt = monotonicMs(tasks);
    await seen.claims(claim);
    const lease = await takeTask(tasks, claim);
    if (lease !== undefined) return lease;
    if (monotonicMs(tasks) >= endsAt) return undefined;
    const nextMs = (await nextAvailableMs(tasks, claim)) ?? SWEEP_MS;
    const until = Math.min(endsAt, lookedAt + Math.min(nextMs, SWEEP_MS));
    await waiter.rung(until - monotonicMs(tasks), signal);
  }
  return undefined;
}

function tooManyNot(count: number): HostError {
  const { notIds } = TASK_QUEUE_BOUNDS;
  return new HostError('VALIDATION_FAILED', {
    message: `a claim names ${count} tasks that it does not want; at most ${notIds} are looked at`,
  });
}

/** For how long, and who gives up. */
export type Patience = { readonly waitMs: number; readonly signal: AbortSignal | undefined };

/** As `TaskQueue.waitFor`; `read` answers the task as it is. */
export async function waitForEnd(
  { tasks, bells }: Waiting,
  { id, waitMs, signal }: Patience & { readonly id: string },
  read: () => Promise<QueuedTask | undefined>,
): Promise<QueuedTask | undefined> {
  const endsAt = monotonicMs(tasks) + waitMs;
  using waiter = bells.enter(id);
  for (;;) {
    const lookedAt = monotonicMs(tasks);
    const task = await read();
    const isOver = signal?.aborted === true || monotonicMs(tasks) >= endsAt;
    if (isOver || (task?.state !== 'queued' && task?.state !== 'active')) return task;
    await waiter.rung(Math.min(endsAt, lookedAt + SWEEP_MS) - monotonicMs(tasks), signal);
  }
}
