/**
 * For task-store.ts: a worker whose tasks need no work.
 */
import type { TaskLease, TaskQueue } from '@bulkhead/host';

/** Claims and completes, one after another, until no task is there; answers how many. */
export async function workThrough(queue: TaskQueue, worker: string): Promise<number> {
  for (let count = 0; ; count += 1) {
    const lease = await queue.claim({ worker_id: worker, tags: ['cpu'], lease_ms: 60_000, wait_ms: 0 });
    if (lease === undefined) return count;
    await queue.complete(lease.lease, resultOf(lease, worker));
  }
}

function resultOf({ task }: TaskLease, worker: string): Parameters<TaskQueue['complete']>[1] {
  return {
    ...{ task_id: task.id, status: 'ok', data: { score: 1 }, created_at: '2026-01-01T12:00:00Z' },
    ...{ attempts: task.attempts + 1, worker_id: worker, handler_version: 'bench 1.0.0', image_tag: 'bench' },
  };
}
