/**
 * Makes the results of tasks, with every field that the wire asks for (X000-3, X000-5).
 */
import type { JsonObject, ResultStatus, Result as WireResult, Task } from '@bulkhead/protocol';

/**
 * How a task ended (F000-7).
 *
 * @experimental
 */
export type Result = WireResult;

/** Makes results of a task; each says that this attempt was one more than the task has behind it. */
export const Result: {
  /** The work is done; `data` is what came of it. */
  readonly ok: (task: Task, data?: JsonObject) => Result;
  /**
   * The work could not be done. Where another attempt may go better, `retryable` brings it; else it is given up at once. It comes after the
   * queue's own wait, or after `retryAfterMs` where that is longer, 10 minutes at most.
   */
  readonly error: (
    task: Task,
    message: string,
    options?: { readonly retryable?: boolean; readonly retryAfterMs?: number },
  ) => Result;
  /** This worker leaves the task to another one. */
  readonly skip: (task: Task, reason: string) => Result;
} = {
  ok: (task, data = {}) => resultOf(task, 'ok', data),
  error: (task, message, { retryable = false, retryAfterMs } = {}) => {
    const wait = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
    return resultOf(task, 'error', { message, retryable, ...wait });
  },
  skip: (task, reason) => resultOf(task, 'skip', { reason }),
};

function resultOf(task: Task, status: ResultStatus, data: JsonObject): Result {
  const created_at = `${new Date().toISOString().slice(0, 19)}Z`;
  return { task_id: task.id, status, data, created_at, attempts: task.attempts + 1 };
}
