/**
 * What is told of tasks, and how those that ended long ago are removed.
 */
import {
  TASK_QUEUE_BOUNDS,
  type AuditedResult,
  type QueuedTask,
  type TaskBacklog,
  type TaskQuery,
  type TaskTotals,
} from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';
import { sql } from 'kysely';
import { tenantUuid } from '../storage/tenant-id.ts';
import { sweepArtifacts } from './kept-results.ts';
import { removeJobs } from './moves.ts';
import { nowOf, TENANT_OF_LINE, type PlacedTask, type Tasks } from './tasks.ts';
import { ANY_TENANT } from './workers-seen.ts';

/** As `TaskQueue.get`; `isOverdue` where it waits, but its deadline is over. */
export async function getTask(
  tasks: Tasks,
  id: string,
): Promise<{ readonly task: QueuedTask; readonly isOverdue: boolean } | undefined> {
  const row = await selectTasks(tasks)
    .leftJoin('task_artifacts', 'task_artifacts.digest', 'task_results.digest')
    .select(['task', WHOLE_RESULT.as('result')])
    .select(sql<boolean>`(state = 'queued' and deadline <= ${nowOf(tasks)}) is true`.as('is_overdue'))
    .where('queued_tasks.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { is_overdue: isOverdue, ...rest } = row;
  return { task: told(rest), isOverdue };
}

/** As `TaskQueue.list`. */
export async function listTasks(tasks: Tasks, query: TaskQuery): Promise<readonly QueuedTask[]> {
  const { tenant, state, kind, before, isBrief = false, rowsMax } = query;
  const rows = await selectTasks(tasks)
    .leftJoin('task_artifacts', 'task_artifacts.digest', 'task_results.digest')
    .select([(isBrief ? BRIEF_TASK : WHOLE_TASK).as('task'), (isBrief ? BRIEF_RESULT : WHOLE_RESULT).as('result')])
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

const WHOLE_TASK = sql<Task>`task`;
const WHOLE_RESULT = sql<AuditedResult | null>`coalesce(task_artifacts.result, task_results.result)`;
const BRIEF_TASK = sql<Task>`json_build_object('kind', task->'kind', 'id', task->'id', 'payload', json '{}',
  'requires', task->'requires', 'attempts', attempts, 'created_at', task->'created_at', 'schema_v', task->'schema_v')`;
const BRIEF_RESULT = sql<AuditedResult | null>`case when task_results.task_id is not null then
  json_build_object('task_id', task_id, 'status', task_results.result->'status', 'data', json '{}',
    'created_at', task_results.result->'created_at', 'attempts', task_results.result->'attempts',
    'worker_id', task_results.result->'worker_id', 'handler_version', task_results.result->'handler_version',
    'image_tag', task_results.result->'image_tag') end`;

function selectTasks({ database: { db } }: Tasks) {
  return db
    .selectFrom('queued_tasks')
    .innerJoin('task_lines', 'task_lines.id', 'queued_tasks.line_id')
    .leftJoin('task_results', 'task_results.task_id', 'queued_tasks.id')
    .select(['attempts', 'state', 'priority', 'deadline', 'max_retry', 'available_at', 'worker_id'])
    .select(['lease_until', 'reason'])
    .select(TENANT_OF_LINE);
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

/** As `TaskQueue.countOpen`. */
export async function countOpen({ database: { db } }: Tasks, tenant: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from queued_tasks
    where tenant_id = ${tenantUuid(tenant)}::uuid and state in ('queued', 'active')`.execute(db);
  return rows[0]?.count ?? 0;
}

/** As `TaskQueue.totals`: two sequences, which is as much as one reads without a look at all tasks, and the dead. */
export async function countTotals({ database: { db } }: Tasks): Promise<TaskTotals> {
  const counted = await sql<Pick<TaskTotals, 'done' | 'buried'>>`
    select (select case when is_called then last_value else 0 end from tasks_done) as done,
      (select case when is_called then last_value else 0 end from tasks_dead) as buried`.execute(db);
  const { rows } = await sql<TaskTotals['dead'][number]>`
    select kind, count(*) as count from queued_tasks join task_lines as line on line.id = line_id
    where state = 'dead' group by kind order by kind`.execute(db);
  return { done: 0, buried: 0, ...counted.rows[0], dead: rows };
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
    await sweepArtifacts({ trx });
    await trx.deleteFrom('task_workers').where('seen_at', '<', nowOf(tasks, -WORKERS_FORGOTTEN_MS)).execute();
    return rows.length;
  });
}
