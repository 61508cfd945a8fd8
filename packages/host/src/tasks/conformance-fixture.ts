/**
 * What the parts of the TaskQueue conformance suite share: the queue under test with its time, tasks, claims and results.
 */
import type { JsonObject, ResultStatus, Task } from '@bulkhead/protocol';
import type { AuditEntry, CatalogueStorage } from '../storage/catalogue-port.ts';
import type { AuditedResult, NewTask, QueuedTask, TaskClaim, TaskLease, TaskQueue } from './task-queue.ts';

/** A queue under test, new and empty, and the time that it lives in. */
export type QueueUnderTest = {
  readonly queue: TaskQueue;
  /** Wait after the first attempt that failed, as the queue was opened with: at least 10,000 ms, so that no test is that slow. */
  readonly retryMs: number;
  /** Milliseconds since the epoch, as the queue has them. */
  readonly now: () => number;
  /** Lets time pass for the queue, its timers included, without waiting. */
  readonly advance: (ms: number) => Promise<void>;
  /** The lines of the audit log, oldest first, of the catalogue that the queue writes them to; empty at first. */
  readonly lines: () => Promise<readonly AuditEntry[]>;
};

/** Gives the queue of the test that runs. */
export type OpenedQueue = () => QueueUnderTest;

/** A lease that no test outlives by chance. */
export const LEASE_MS = 60_000;

/** The id of a task by its number. */
export function idOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}

/** A task by its number that needs the tag `cpu`, for the tenant `default`. */
export function newTask(number: number, change: Partial<Task> & Partial<Omit<NewTask, 'task'>> = {}): NewTask {
  const { tenant_id = 'default', priority, deadline, max_retry, ...task } = change;
  return {
    task: {
      kind: 'execute',
      id: idOf(number),
      payload: { number },
      requires: ['cpu'],
      attempts: 0,
      created_at: '2026-01-01T12:00:00Z',
      schema_v: 1,
      ...task,
    },
    tenant_id,
    ...(priority !== undefined && { priority }),
    ...(deadline !== undefined && { deadline }),
    ...(max_retry !== undefined && { max_retry }),
  };
}

/** A claim of worker `w1` with the tag `cpu` that does not wait. */
export function claimOf(change: Partial<TaskClaim> = {}): TaskClaim {
  return { worker_id: 'w1', tags: ['cpu'], lease_ms: LEASE_MS, wait_ms: 0, ...change };
}

/** The result of a claimed task. */
export function resultOf(lease: TaskLease, status: ResultStatus, data: JsonObject = {}): AuditedResult {
  return {
    task_id: lease.task.id,
    status,
    data,
    created_at: '2026-01-01T12:00:01Z',
    attempts: lease.task.attempts + 1,
    worker_id: 'w1',
    handler_version: 'runner 1.0.0',
    image_tag: 'node-26-linux-x64',
  };
}

/** Claims, and insists that a task came. */
export async function claimed({ queue }: QueueUnderTest, change: Partial<TaskClaim> = {}): Promise<TaskLease> {
  const lease = await queue.claim(claimOf(change));
  if (lease === undefined) throw new Error(`no task was given to ${change.worker_id ?? 'w1'}`);
  return lease;
}

/** The numbers of the tasks that a worker is given, until there is none. */
export async function claimAll({ queue }: QueueUnderTest, change: Partial<TaskClaim> = {}): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (;;) {
    const lease = await queue.claim(claimOf(change));
    if (lease === undefined) return numbers;
    numbers.push(numberOf(lease));
  }
}

/** The number of a claimed task. */
export function numberOf(lease: TaskLease | undefined): number {
  return Number(lease?.task.payload['number']);
}

/** The numbers, lowest first. */
export function sorted(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b);
}

/** A task as it is kept, which has to be there. */
export async function kept({ queue }: QueueUnderTest, number: number): Promise<QueuedTask> {
  const task = await queue.get(idOf(number));
  if (task === undefined) throw new Error(`task ${number} is not there`);
  return task;
}

/** The lines of an audit log. */
export async function readLines(catalogue: Pick<CatalogueStorage, 'listAudit'>): Promise<readonly AuditEntry[]> {
  const rows = await catalogue.listAudit({ after: 0, rowsMax: 100 });
  return rows.map(({ text }) => JSON.parse(text) as AuditEntry); // The chain wrote it.
}

/** Claims a task and ends it by an error. */
export async function failOnce(opened: QueueUnderTest, data: JsonObject): Promise<void> {
  const lease = await claimed(opened);
  await opened.queue.complete(lease.lease, resultOf(lease, 'error', data));
}
