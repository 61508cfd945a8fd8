/**
 * What is told of tasks, and how those that ended long ago are removed.
 */
import { TASK_QUEUE_BOUNDS, type QueuedTask, type TaskBacklog, type TaskQuery } from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';
import { sql } from 'kysely';
import { tenantUuid } from '../storage/tenant-id.ts';
import { removeJobs } from './moves.ts';
import { nowOf, type PlacedTask, type Tasks } from './tasks.ts';
import { ANY_TENANT } from './workers-seen.ts';

/** As `TaskQueue.get`; `isOverdue` where it waits, but its deadline is over. */
export async function getTask(
  tasks: Tasks,
  id: string,
): Promise<{ readonly task: QueuedTask; readonly isOverdue: boolean } | undefined> {
  const row = await selectTasks(tasks)
    .select(sql<boolean>`(state = 'queued' and deadline <= ${nowOf(tasks)}) is true`.as('is_overdue'))
    .where('queued_tasks.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { is_overdue: isOverdue, ...rest } = row;
  return { task: told(rest), isOverdue };
}

/** As `TaskQueue.list`. */
export async function listTasks(tasks: Tasks, query: TaskQuery): Promise<readonly QueuedTask[]> {
  const { tenant, state, kind, before, rowsMax } = query;
  const rows = await selectTasks(tasks)
    .$if(tenant !== undefined, (select) => select.where('queued_tasks.tenant_id', '=', tenantUuid(tenant ?? '')))
    .$if(state !== undefined, (select) => select.where('state', '=', state ?? 'queued'))
    .$if(kind !== undefined, (select) => select.where('task_lines.kind', '=', kind ?? 'execute'))
    .$if(before !== undefined, (select) =>
      select.where('seq', '<', (inner) =>
        inner
          .selectFrom('queued_tasks as last')
          .select('last.seq')
          .where('last.id', '=', before ?? ''),
      ),
    )
    .orderBy('seq', 'desc')
    .limit(rowsMax)
    .execute();
  return rows.map(told);
}

function selectTasks({ database: { db } }: Tasks) {
  return db
    .selectFrom('queued_tasks')
    .innerJoin('task_lines', 'task_lines.id', 'queued_tasks.line_id')
    .leftJoin('task_results', 'task_results.task_id', 'queued_tasks.id')
    .select(['task', 'attempts', 'state', 'priority', 'deadline', 'max_retry', 'available_at', 'worker_id'])
    .select(['lease_until', 'reason', 'result'])
    .select(sql<string>`coalesce(task_lines.tenant_word, task_lines.tenant_id::text)`.as('tenant_id'));
}

function told({ attempts, task, ...row }: QueuedTask & { readonly attempts: number; readonly task: Task }): QueuedTask {
  return { ...row, task: { ...task, attempts } };
}

/** As `TaskQueue.backlog`. */
export async function countBacklog(tasks: Tasks): Promise<readonly TaskBacklog[]> {
  const now = nowOf(tasks);
  const seen = nowOf(tasks, -TASK_QUEUE_BOUNDS.workerSeenMs);
  const { rows } = await sql<TaskBacklog>`
    select kind, requires, count(*) filter (where state = 'queued') as queued, count(*) filter (where state = 'active') as active,
      coalesce(floor(extract(epoch from max(${now} - available_at) filter (where state = 'queued' and available_at <= ${now})) * 1000),
        0)::float8 as oldest_ms,
      count(*) filter (where state = 'queued' and not exists (
        select from task_workers as worker
        where seen_at >= ${seen} and worker.tenant_id in (${ANY_TENANT}::uuid, line.tenant_id) and requires <@ worker.tags and (worker.kinds is null or kind = any(worker.kinds))
          and not skipped_by @> array[worker.id::text])) as unschedulable
    from queued_tasks join task_lines as line on line.id = line_id
    where state in ('queued', 'active') group by kind, requires order by kind, requires`.execute(tasks.database.db);
  return rows;
}

/** Workers that were not heard for so long are nobody's any more. */
const WORKERS_FORGOTTEN_MS = 86_400_000;

/** As `TaskQueue.prune`. */
export async function pruneTasks(
  tasks: Tasks,
  before: { readonly ended: string; readonly dead: string },
): Promise<number> {
  return tasks.database.patientDb.transaction().execute(async (trx) => {
    const { rows } = await sql<PlacedTask>`
      with removed as (
        delete from queued_tasks where ended_at is not null and (
          (state in ('done', 'cancelled') and ended_at < ${before.ended}::timestamptz)
          or (state = 'dead' and ended_at < ${before.dead}::timestamptz))
        returning id, seq, job_id, line_id, state)
      select removed.id, seq, job_id, queue, state from removed join task_lines on task_lines.id = line_id`.execute(
      trx,
    );
    // Those of the others go by themselves.
    await removeJobs(
      { ...tasks, trx },
      rows.filter(({ state }) => state === 'dead'),
    );
    await trx.deleteFrom('task_workers').where('seen_at', '<', nowOf(tasks, -WORKERS_FORGOTTEN_MS)).execute();
    return rows.length;
  });
}
