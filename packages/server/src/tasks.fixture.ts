/**
 * Tasks, claims and results for the tests of this package.
 */
import type { AuditedResult, NewTask } from '@bulkhead/host';
import type { JsonObject, Task } from '@bulkhead/protocol';

/** A task that needs the tag `cpu`, for the tenant `default`. */
export function taskOf(id: string, change: Partial<Task> & Partial<Omit<NewTask, 'task'>> = {}): NewTask {
  const { tenant_id = 'default', priority, ...more } = change;
  const task: Task = {
    ...{ kind: 'execute', id, payload: {}, requires: ['cpu'], attempts: 0 },
    ...{ created_at: '2026-01-01T12:00:00Z', schema_v: 1 },
    ...more,
  };
  return { task, tenant_id, ...(priority !== undefined && { priority }) };
}

/** Body of a claim that does not wait. */
export function claimBody(change: object = {}): object {
  return { worker_id: 'w1', tags: ['cpu'], lease_ms: 60_000, wait_ms: 0, ...change };
}

/** A result of a task. */
export function resultBody(id: string, data: JsonObject = {}): AuditedResult {
  return {
    ...{ task_id: id, status: 'ok', data, created_at: '2026-01-01T12:00:01Z', attempts: 1 },
    ...{ worker_id: 'w1', handler_version: 'fixture 1.0.0', image_tag: 'test' },
  };
}
