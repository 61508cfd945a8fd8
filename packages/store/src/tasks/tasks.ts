/**
 * What the parts of the queue share: the database, pg-boss on it, the time that they live in, and rows of theirs.
 *
 * TS1: Whoever has the lock of a task's row may wait for that of its job, and then for the head of the audit log, and never the other way
 *      round: so no two wait for each other.
 */
import type { AuditEntry, StartTimer, TaskState } from '@bulkhead/host';
import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { PgBoss } from 'pg-boss';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { commitWithin } from '../storage/commit.ts';

/** The time of a queue. The database has the clock that counts, which is one for all machines; tests let it go ahead. */
export type QueueTime = {
  /** How far ahead of the database's clock the queue lives, in milliseconds. */
  readonly aheadMs: () => number;
  /** Runs something after so many milliseconds, unless the returned function is called before. */
  readonly startTimer: StartTimer;
};

/** The opened queue. */
export type Tasks = {
  readonly database: Database;
  readonly boss: PgBoss;
  readonly time: QueueTime;
  /** The first wait before a task is tried again; each one more is twice as long. */
  readonly retryDelayMs: number;
  /** Lines that are known to be there, by their keys (lines.ts). */
  readonly knownLines: Map<string, number>;
};

/** The queue within a transaction. */
export type Within = Tasks & { readonly trx: Transaction<Tables> };

/** Does all of something, or nothing; `isUsual` where it is the same few statements over and over. */
export async function inTransaction<Answer>(
  tasks: Tasks,
  { isUsual, run }: { readonly isUsual: boolean; readonly run: (within: Within) => Promise<Answer> },
): Promise<Answer> {
  const db = isUsual ? tasks.database.preparedDb : tasks.database.db;
  return db.transaction().execute((trx) => run({ ...tasks, trx }));
}

/** A task with its job: `seq` is the key of the job in its queue. */
export type PlacedTask = {
  readonly id: string;
  readonly seq: number;
  readonly job_id: string;
  readonly queue: string;
  readonly state: TaskState;
};

/** The channel of NOTIFY. Its notices are {@link WORK}, and the ids of tasks that have ended. */
export const CHANNEL = 'bulkhead_tasks';

/** There may be something to claim. */
export const WORK = 'work';

/** Now, as the queue has it. */
export function nowOf({ time }: Tasks, laterMs = 0): RawBuilder<string> {
  const aheadMs = time.aheadMs() + laterMs;
  return aheadMs === 0 ? sql<string>`now()` : sql<string>`(now() + ${aheadMs}::float8 * interval '1 ms')`;
}

/** Monotonic milliseconds of this process, as the queue has them. */
export function monotonicMs({ time }: Tasks): number {
  return performance.now() + time.aheadMs();
}

/** The word of the tenant whose line it is. */
export const TENANT_OF_LINE = sql<string>`coalesce(task_lines.tenant_word, task_lines.tenant_id::text)`.as('tenant_id');

/**
 * Writes lines into the audit log, with what else the transaction does. It comes last (TS1): all wait for one another at the log's head, and
 * who is there waits for no task.
 */
export async function writeLines({ trx }: Within, lines: readonly AuditEntry[]): Promise<void> {
  for (const audit of lines) await commitWithin(trx, { changes: [], audit });
}

/** Tells everybody who listens, once the transaction is done. On PGlite nobody else is there. */
export async function notify({ database, trx }: Within, notices: readonly string[]): Promise<void> {
  if (database.engine === 'pglite' || notices.length === 0) return;
  await sql`select pg_notify(${CHANNEL}, notice) from unnest(${notices}::text[]) as notice`.execute(trx);
}
