/**
 * How one task is given to one worker. Of the heads of all lines that the worker can do, one is chosen; its row is locked, whoever else
 * looks at it meanwhile takes the next; then pg-boss hands out its job, and both are done or undone together.
 */
import type { TaskClaim, TaskLease } from '@bulkhead/host';
import { randomUUID } from 'node:crypto';
import type { Task } from '@bulkhead/protocol';
import { sql, type RawBuilder } from 'kysely';
import { tenantUuid } from '../storage/tenant-id.ts';
import { storableName } from '../storage/text.ts';
import { dbOf } from './open-boss.ts';
import { insertJobs, keyOfJob, removeJobs } from './moves.ts';
import { inTransaction, nowOf, type PlacedTask, type Tasks, type Within } from './tasks.ts';

/** The row that was chosen may be somebody else's by then, each time; more often than all workers together is no chance. */
const TRIES_MAX = 100;

/** Takes a task, or finds that there is none now. */
export async function takeTask(tasks: Tasks, claim: TaskClaim): Promise<TaskLease | undefined> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const taken = await inTransaction(tasks, { isUsual: true, run: (within) => tryTake(within, claim) });
    if (taken !== 'again') return taken;
  }
  return undefined;
}

/** Tells after how many milliseconds the first task comes that waits for another attempt; undefined where there is none. */
export async function nextAvailableMs(tasks: Tasks, claim: TaskClaim): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from min(available_at) - ${nowOf(tasks)}) * 1000)::float8 as ms
    from queued_tasks join task_lines as line on line.id = line_id
    where state = 'queued' and available_at > ${nowOf(tasks)} and ${ofClaim(claim)}`.execute(tasks.database.db);
  return rows[0]?.ms ?? undefined;
}

type TakenRow = Omit<PlacedTask, 'id'> & {
  readonly id: string | null;
  readonly task: Task;
  readonly attempts: number;
  readonly tenant: string;
};

async function tryTake(within: Within, claim: TaskClaim): Promise<TaskLease | 'again' | undefined> {
  const lease = randomUUID();
  const row = await takeRow(within, { ...claim, lease });
  if (row === undefined) return undefined;
  if (row.id === null) return 'again';
  await takeJob(within, { ...row, id: row.id });
  return { task: { ...row.task, attempts: row.attempts }, tenant_id: row.tenant, lease };
}

/** Undefined where no line has anything; without an id where others have all of the line that was chosen. */
async function takeRow(within: Within, claim: TaskClaim & { readonly lease: string }): Promise<TakenRow | undefined> {
  const can = isFor(within, claim);
  const { rows } = await sql<TakenRow>`
    with chosen as (
      select line.id, line.queue, coalesce(line.tenant_word, line.tenant_id::text) as tenant
      from task_lines as line
      cross join lateral (
        select priority, is_front, seq from queued_tasks where line_id = line.id and ${can}
        order by priority desc, is_front desc, seq limit 1) as head
      cross join lateral (
        select max(turn) as turn from queued_tasks where tenant_id = line.tenant_id and turn is not null) as served
      where ${ofClaim(claim)}
      order by head.priority desc, served.turn nulls first, head.is_front desc, head.seq limit 1
    ), head as (
      select queued_tasks.id from queued_tasks join chosen on line_id = chosen.id where ${can}
      order by priority desc, is_front desc, seq limit 1 for update of queued_tasks skip locked
    ), taken as (
      update queued_tasks set
        state = 'active', worker_id = ${storableName(claim.worker_id)}, lease = ${claim.lease}, turn = nextval('task_turns'),
        lease_until = ${nowOf(within, claim.lease_ms)}
      from head where queued_tasks.id = head.id
      returning queued_tasks.id, seq, job_id, state, task, attempts
    ) select taken.*, queue, tenant from chosen left join taken on true`.execute(within.trx);
  return rows[0];
}

/** A job that is not there to be handed out is made again: it is ours that says where a task is. */
async function takeJob(within: Within, row: PlacedTask): Promise<void> {
  const key = keyOfJob(row);
  const fetchJob = async (): Promise<boolean> => {
    const options = { minPriority: key, maxPriority: key, ignoreStartAfter: true, db: dbOf(within) };
    return (await within.boss.fetch(row.queue, options)).length > 0;
  };
  if (await fetchJob()) return;
  await removeJobs(within, [row]);
  await insertJobs(within, [row]);
  await fetchJob();
}

/** Of which lines this worker is capable. */
function ofClaim({ tags, kinds, tenant }: TaskClaim): RawBuilder<boolean> {
  const ofKind = kinds === undefined ? sql`true` : sql`line.kind = any(${kinds}::text[])`;
  const ofTenant = tenant === undefined ? sql`true` : sql`line.tenant_id = ${tenantUuid(tenant)}::uuid`;
  return sql`line.requires <@ ${tags}::text[] and ${ofKind} and ${ofTenant}`;
}

/** Which tasks of a line may be given to this worker now. */
function isFor(tasks: Tasks, { worker_id, not = [] }: TaskClaim): RawBuilder<boolean> {
  const wanted = not.length === 0 ? sql`true` : sql`queued_tasks.id <> all(${not}::text[])`;
  return sql`state = 'queued' and available_at <= ${nowOf(tasks)} and ${wanted}
    and (deadline is null or deadline > ${nowOf(tasks)}) and not skipped_by @> array[${storableName(worker_id)}::text]`;
}
