/**
 * A queue for tests, in a database that others have used before, and a time that goes on when it is told to.
 */
import { AUDIT_ORIGIN, type AuditEntry } from '@bulkhead/host';
import type { AuditedResult, NewTask, TaskClaim, TaskLease, TaskQueue } from '@bulkhead/host';
import type { JsonObject, Result, Task } from '@bulkhead/protocol';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { emptyTables } from '../testing/index.ts';
import { openTaskQueue } from './open-task-queue.ts';
import type { QueueTime } from './tasks.ts';

/** A time that a test lets go on. */
export type TestTime = QueueTime & { readonly advance: (ms: number) => void };

type Timer = { readonly dueMs: number; readonly run: () => void };

/** Makes a time that is the database's until it is advanced; waits that are over by it elapse at once, all others as usual. */
export function createTestTime(): TestTime {
  const timers = new Set<Timer>();
  let aheadMs = 0;
  const nowMs = (): number => performance.now() + aheadMs;
  return {
    aheadMs: () => aheadMs,
    startTimer: (delayMs, run) => {
      const timer = { dueMs: nowMs() + delayMs, run };
      timers.add(timer);
      const real = setTimeout(run, delayMs);
      return () => {
        clearTimeout(real);
        timers.delete(timer);
      };
    },
    advance: (ms) => {
      aheadMs += ms;
      for (const { dueMs, run } of timers) if (dueMs <= nowMs()) run();
    },
  };
}

/** Longer than any test takes. */
export const RETRY_MS = 60_000;

/** Empties a database and opens a queue on it. */
export async function openEmptyQueue(database: Database, time: QueueTime): Promise<TaskQueue> {
  await emptyTables(database);
  const origin = { is_only: true, seq: 0, hash: AUDIT_ORIGIN };
  await database.db.insertInto('audit_head').values(origin).execute();
  const queue = await openTaskQueue(database, { retryDelayMs: RETRY_MS, time });
  await sql`delete from pgboss.job`.execute(database.db);
  return queue;
}

/** The lines of the audit log, oldest first. */
export async function readLines({ db }: Database): Promise<readonly AuditEntry[]> {
  const rows = await db.selectFrom('audit_log').select('text').orderBy('seq').execute();
  return rows.map(({ text }) => JSON.parse(text) as AuditEntry); // The chain wrote it.
}

/** Tasks by their numbers, each of which needs the tag `cpu`. */
export function newTasks(
  numbers: readonly number[],
  change: Partial<Task> & Partial<NewTask> = {},
): readonly NewTask[] {
  const { tenant_id = 'default', ...of } = change;
  const task = {
    kind: 'execute',
    payload: {},
    requires: ['cpu'],
    attempts: 0,
    created_at: '2026-01-01T12:00:00Z',
  } as const;
  return numbers.map((number) => ({ task: { ...task, ...of, id: idOf(number), schema_v: 1 }, tenant_id }));
}

/** The id of a task by its number. */
export function idOf(number: number): string {
  return number.toString(16).padStart(16, '0');
}

/** A claim that does not wait. */
export function claimOf(change: Partial<TaskClaim> = {}): TaskClaim {
  return { worker_id: 'w1', tags: ['cpu'], lease_ms: 60_000, wait_ms: 0, ...change };
}

/** A result of a claimed task. */
export function resultOf({ task }: TaskLease, status: Result['status'], data: JsonObject = {}): AuditedResult {
  const made = {
    worker_id: 'w1',
    handler_version: 'fixture 1.0.0',
    image_tag: 'test',
    created_at: '2026-01-01T12:00:01Z',
  };
  return { task_id: task.id, status, data, attempts: task.attempts + 1, ...made };
}

/** Tasks whose job in pg-boss is not what it has to be: one, in its queue or among the dead letters, in the state of the task. */
export async function findAstray({ db }: Database): Promise<readonly unknown[]> {
  const { rows } = await sql`
    select task.id, task.state, job.name, job.state as job_state from queued_tasks as task
    join task_lines as line on line.id = line_id
    left join pgboss.job on job.id = job_id
    where not coalesce(case task.state
      when 'queued' then job.name = queue and job.state in ('created', 'retry')
      when 'active' then job.name = queue and job.state = 'active'
      when 'done' then job.name = queue and job.state = 'completed'
      when 'dead' then job.name = 'dead' and job.state = 'created'
      when 'cancelled' then job.name is null or (job.name = queue and job.state = 'cancelled') end, false)
    or (task.state = 'done') <> exists (select from task_results where task_id = task.id) and task.state <> 'dead'`.execute(
    db,
  );
  return rows;
}
