/**
 * When a task that failed is tried again: the same in every queue.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { TASK_QUEUE_BOUNDS } from './task-queue.ts';

/**
 * Returns the wait before the next attempt, in milliseconds: it doubles from `firstMs` on, up to a
 * day (CONTRACTS, decision 7). Where the result asks for longer, such as the rest of
 * a model's backend, it is that, 10 minutes at most.
 *
 * @param attempts - Those that failed, this one with them: 1 after the first.
 * @param data - Of the result; `retry_after_ms` in milliseconds, and what is no number above 0 is as if it were not there.
 * @public
 */
export function retryWaitMs(attempts: number, { retry_after_ms: asked }: JsonObject, firstMs: number): number {
  const { retryAfterMsMost, retryMsMost } = TASK_QUEUE_BOUNDS;
  const doubled = Math.min(firstMs * 2 ** (attempts - 1), retryMsMost);
  return typeof asked === 'number' ? Math.max(doubled, Math.min(asked, retryAfterMsMost)) : doubled;
}
