/**
 * How tasks are taken: their rows, their jobs and the notice of them in one transaction.
 */
import { TASK_QUEUE_BOUNDS, assertNewTasks, type NewTask } from '@bulkhead/host';
import { sql } from 'kysely';
import { ensureLines, keyOf, lineOf } from './lines.ts';
import { insertJobs } from './moves.ts';
import { WORK, inTransaction, notify, nowOf, type PlacedTask, type Tasks, type Within } from './tasks.ts';

/** As `TaskQueue.enqueue`. */
export async function enqueueTasks(tasks: Tasks, given: readonly NewTask[]): Promise<void> {
  assertNewTasks(given);
  if (given.length === 0) return;
  const lines = given.map(lineOf);
  const ids = await ensureLines(tasks, lines);
  const placed = given.map((each, index) => {
    const line = lines[index] ?? lineOf(each);
    return { ...each, tenant: line.tenant_id, lineId: ids.get(keyOf(line)) ?? 0 };
  });
  await inTransaction(tasks, { isUsual: false, run: (within) => insertAll(within, placed) });
}

type LinedTask = NewTask & { readonly tenant: string; readonly lineId: number };

async function insertAll(within: Within, placed: readonly LinedTask[]): Promise<void> {
  const rows = await insertTasks(within, placed);
  await insertJobs(within, rows);
  if (rows.length > 0) await notify(within, [WORK]);
}

/** Inserts those that are not there yet and returns them. Columns as lists: any number of tasks is then eight parameters. */
async function insertTasks(within: Within, placed: readonly LinedTask[]): Promise<readonly PlacedTask[]> {
  const { rows } = await sql<PlacedTask>`
    with inserted as (
      insert into queued_tasks (id, line_id, tenant_id, task, attempts, priority, deadline, max_retry, available_at)
      select id, line_id, tenant_id, task::json, attempts, priority, deadline, max_retry, ${nowOf(within)}
      from unnest(
        ${placed.map(({ task }) => task.id)}::text[], ${placed.map(({ lineId }) => lineId)}::bigint[],
        ${placed.map(({ tenant }) => tenant)}::uuid[], ${placed.map(({ task }) => JSON.stringify(task))}::text[],
        ${placed.map(({ task }) => task.attempts)}::int[], ${placed.map(({ priority = 0 }) => priority)}::int[],
        ${placed.map(({ deadline = null }) => deadline)}::timestamptz[],
        ${placed.map((each) => each.max_retry ?? TASK_QUEUE_BOUNDS.maxRetry)}::int[]
      ) with ordinality as given (id, line_id, tenant_id, task, attempts, priority, deadline, max_retry, place)
      order by place
      on conflict (id) do nothing
      returning id, seq, job_id, line_id, state)
    select inserted.id, seq, job_id, queue, state from inserted join task_lines on task_lines.id = line_id`.execute(
    within.trx,
  );
  return rows;
}
