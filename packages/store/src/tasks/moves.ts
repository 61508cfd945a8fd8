/**
 * How tasks come back to their lines, go to the dead letters, and out again: the row and the job in one transaction.
 */
import {
  retryEntries,
  TASK_QUEUE_BOUNDS,
  type AuditedResult,
  type DeadTasks,
  type TaskActor,
  type TaskState,
} from '@bulkhead/host';
import { sql } from 'kysely';
import { storableText } from '../storage/text.ts';
import { tenantUuid } from '../storage/tenant-id.ts';
import { keepResult, keptOf, sweepArtifacts } from './kept-results.ts';
import { DEAD_QUEUE, dbOf } from './open-boss.ts';
import {
  TENANT_OF_LINE,
  WORK,
  inTransaction,
  notify,
  nowOf,
  writeLines,
  type PlacedTask,
  type Tasks,
  type Within,
} from './tasks.ts';

/** Tasks whose deadline is over, and dead ones that are sent back, at most so many in one transaction. */
const AT_ONCE_MAX = 500;

const OVERDUE = 'its deadline was over';
const LEASES_LOST = `${TASK_QUEUE_BOUNDS.leasesLost} leases on it have ended without a word of their workers`;

/** Priorities of pg-boss are 32 bits wide; of tasks that live at a time no two are so far apart. */
const KEYS = 2_147_483_647;

/** The key by which pg-boss hands out this one job: its priority, in the order of the queue. */
export function keyOfJob({ seq }: Pick<PlacedTask, 'seq'>): number {
  return -(seq % KEYS);
}

/** Makes the jobs of tasks, in their queues unless another is said. */
export async function insertJobs(within: Within, rows: readonly PlacedTask[], queue?: string): Promise<void> {
  for (const [name, own] of Map.groupBy(rows, (row) => queue ?? row.queue)) {
    const jobs = own.map((row) => ({ id: row.job_id, data: { task_id: row.id }, priority: keyOfJob(row) }));
    await within.boss.insert(name, jobs, { db: dbOf(within) });
  }
}

/** Removes the jobs of tasks from wherever they are. */
export async function removeJobs(within: Within, rows: readonly PlacedTask[]): Promise<void> {
  for (const [name, own] of byQueue(rows)) await within.boss.deleteJob(name, jobsOf(own), { db: dbOf(within) });
}

/** How a task waits again. */
export type Release = {
  readonly attempts?: number;
  readonly delayMs?: number;
  readonly isFront?: boolean;
  /** A lease on each has ended. */
  readonly isLost?: boolean;
  /** The worker that has left it. */
  readonly skippedBy?: string;
};

/** Lets tasks that somebody had wait again, each in its place. */
export async function release(within: Within, rows: readonly PlacedTask[], again: Release): Promise<void> {
  if (rows.length === 0) return;
  const { attempts, delayMs = 0, isFront = false, isLost = false, skippedBy } = again;
  await within.trx
    .updateTable('queued_tasks')
    .set((row) => ({
      ...{ state: 'queued', worker_id: null, lease: null, lease_until: null, is_front: isFront },
      available_at: nowOf(within, delayMs),
      ...(isLost && { leases_lost: row('leases_lost', '+', 1) }),
      ...(attempts !== undefined && { attempts }),
      ...(skippedBy !== undefined && { skipped_by: sql<readonly string[]>`array_append(skipped_by, ${skippedBy})` }),
    }))
    .where('id', 'in', idsOf(rows))
    .execute();
  for (const [name, own] of byQueue(rows)) await within.boss.fail(name, jobsOf(own), null, { db: dbOf(within) });
  await notify(within, [WORK]);
}

/** Why a task is dead. */
export type Death = { readonly reason: string; readonly attempts?: number; readonly result?: AuditedResult };

/** Moves tasks to the dead letters. */
export async function bury(within: Within, rows: readonly PlacedTask[], death: Death): Promise<void> {
  if (rows.length === 0) return;
  const { reason, attempts, result } = death;
  await within.trx
    .updateTable('queued_tasks')
    .set({
      ...{ state: 'dead', worker_id: null, lease_until: null, ended_at: nowOf(within), reason: storableText(reason) },
      ...(attempts !== undefined && { attempts }),
    })
    .where('id', 'in', idsOf(rows))
    .execute();
  await sql`select nextval('tasks_dead') from unnest(${idsOf(rows)}::text[])`.execute(within.trx);
  if (result !== undefined) await keepResult(within, result.task_id, keptOf(result));
  await removeJobs(within, rows);
  await insertJobs(within, rows, DEAD_QUEUE);
  await notify(within, idsOf(rows));
}

/** Buries tasks that nobody has claimed before their deadline, and returns their ids. */
export async function buryOverdue(tasks: Tasks): Promise<readonly string[]> {
  return inTransaction(tasks, { isUsual: false, run: buryOverdueWithin });
}

async function buryOverdueWithin(within: Within): Promise<readonly string[]> {
  const rows = await placed(within)
    .where('state', '=', 'queued')
    .where('deadline', '<=', nowOf(within))
    .limit(AT_ONCE_MAX)
    .execute();
  await bury(within, rows, { reason: `${OVERDUE} before a worker claimed it` });
  return idsOf(rows);
}

/** As `TaskQueue.reclaim`; answers the ids of those that are dead by it, too. */
export async function reclaimTasks(
  tasks: Tasks,
  max: number,
): Promise<{ readonly count: number; readonly dead: readonly string[] }> {
  return inTransaction(tasks, { isUsual: false, run: (within) => reclaimWithin(within, max) });
}

async function reclaimWithin(within: Within, max: number): ReturnType<typeof reclaimTasks> {
  const rows = await placed(within)
    .select(['leases_lost', sql<boolean>`(deadline <= ${nowOf(within)}) is true`.as('is_overdue')])
    .where('state', '=', 'active')
    .where('lease_until', '<=', nowOf(within))
    .orderBy('lease_until')
    .limit(max)
    .execute();
  const lost = rows.filter(({ leases_lost }) => leases_lost + 1 >= TASK_QUEUE_BOUNDS.leasesLost);
  const overdue = rows.filter((row) => row.is_overdue && !lost.includes(row));
  const other = rows.filter((row) => !lost.includes(row) && !overdue.includes(row));
  await bury(within, lost, { reason: LEASES_LOST });
  await bury(within, overdue, { reason: `${OVERDUE} when its lease ended` });
  await release(within, other, { isFront: true, isLost: true });
  return { count: rows.length, dead: idsOf([...lost, ...overdue]) };
}

/** As `TaskQueue.retryDead`. */
export async function reviveTasks(tasks: Tasks, which: DeadTasks, by?: TaskActor): Promise<number> {
  let count = 0;
  for (;;) {
    const revived = await inTransaction(tasks, { isUsual: false, run: (within) => reviveSome(within, which, by) });
    count += revived;
    if (revived < AT_ONCE_MAX) return count;
  }
}

async function reviveSome(within: Within, which: DeadTasks, by: TaskActor | undefined): Promise<number> {
  const { tenant } = which;
  const rows = await placed(within)
    .select(['kind', TENANT_OF_LINE])
    .where('state', '=', 'dead')
    .where(
      'ids' in which ? sql<boolean>`queued_tasks.id = any(${which.ids}::text[])` : sql<boolean>`kind = ${which.kind}`,
    )
    .$if(tenant !== undefined, (select) => select.where('queued_tasks.tenant_id', '=', tenantUuid(tenant ?? '')))
    .orderBy('seq')
    .limit(AT_ONCE_MAX)
    .execute();
  if (rows.length === 0) return 0;
  await within.trx
    .updateTable('queued_tasks')
    .set({
      ...{ state: 'queued', attempts: 0, leases_lost: 0, skipped_by: [], is_front: false },
      ...{ lease: null, ended_at: null, reason: null, available_at: nowOf(within) },
      deadline: sql<string | null>`case when deadline > ${nowOf(within)} then deadline end`,
    })
    .where('id', 'in', idsOf(rows))
    .execute();
  await within.trx.deleteFrom('task_results').where('task_id', 'in', idsOf(rows)).execute();
  await removeJobs(within, rows);
  await insertJobs(within, rows);
  await notify(within, [WORK]);
  if (by !== undefined) await writeLines(within, retryEntries(rows, by));
  return rows.length;
}

/** As `TaskQueue.removeTenant`. Its workers go with its tasks; its lines, which hold nothing then, stay. */
export async function removeTasksOf(tasks: Tasks, tenant: string): Promise<number> {
  const id = tenantUuid(tenant);
  let count = 0;
  for (;;) {
    const removed = await inTransaction(tasks, { isUsual: false, run: (within) => removeSome(within, id) });
    count += removed;
    if (removed < AT_ONCE_MAX) break;
  }
  await inTransaction(tasks, {
    isUsual: false,
    run: async ({ trx }) => {
      await sweepArtifacts({ trx });
      await trx.deleteFrom('task_workers').where('tenant_id', '=', id).execute();
    },
  });
  return count;
}

/** One that somebody else has locked, such as for its result, is waited for. */
async function removeSome(within: Within, tenantId: string): Promise<number> {
  const { rows } = await sql<PlacedTask>`
    with gone as (
      select id from queued_tasks where tenant_id = ${tenantId}::uuid order by id limit ${AT_ONCE_MAX} for update
    ), removed as (
      delete from queued_tasks using gone where queued_tasks.id = gone.id
      returning queued_tasks.id, seq, job_id, line_id, state)
    select removed.id, seq, job_id, queue, state from removed join task_lines on task_lines.id = line_id`.execute(
    within.trx,
  );
  await removeJobs(within, rows);
  await notify(within, idsOf(rows));
  return rows.length;
}

/** Tasks with their queues, whose rows are locked; one that somebody else has locked is left to it. */
function placed({ trx }: Within) {
  return trx
    .selectFrom('queued_tasks')
    .innerJoin('task_lines', 'task_lines.id', 'queued_tasks.line_id')
    .select(['queued_tasks.id', 'seq', 'job_id', 'queue', 'state'])
    .forUpdate('queued_tasks')
    .skipLocked();
}

function byQueue(rows: readonly PlacedTask[]): ReadonlyMap<string, readonly PlacedTask[]> {
  return Map.groupBy(rows, ({ queue, state }) => (state === ('dead' satisfies TaskState) ? DEAD_QUEUE : queue));
}

function idsOf(rows: readonly PlacedTask[]): readonly string[] {
  return rows.map(({ id }) => id);
}

function jobsOf(rows: readonly PlacedTask[]): string[] {
  return rows.map(({ job_id }) => job_id);
}
