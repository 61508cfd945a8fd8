/**
 * How a claim ends, or goes on: by a result, a heartbeat, or because nobody wants the task any more.
 */
import {
  cancelEntry,
  HostError,
  retryWaitMs,
  TASK_QUEUE_BOUNDS,
  type AuditedResult,
  type LeaseAnswer,
  type TaskActor,
} from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { sql, type RawBuilder } from 'kysely';
import { tenantUuid } from '../storage/tenant-id.ts';
import { dbOf } from './open-boss.ts';
import { keepOfEnded, keptOf } from './kept-results.ts';
import { bury, release, removeJobs } from './moves.ts';
import {
  inTransaction,
  notify,
  nowOf,
  TENANT_OF_LINE,
  writeLines,
  type PlacedTask,
  type Tasks,
  type Within,
} from './tasks.ts';

const RESULT_BYTES_MAX = LIMITS.task_result_bytes.value;

const SKIPPED = `${TASK_QUEUE_BOUNDS.skips} workers have skipped it`;

/** A lease, and the tenant whose task it has to be on; any where it is undefined. */
export type NamedLease = { readonly lease: string; readonly tenant: string | undefined };

function ofTenant(tenant: string | undefined): RawBuilder<boolean> {
  return tenant === undefined ? sql`true` : sql`queued_tasks.tenant_id = ${tenantUuid(tenant)}::uuid`;
}

/** As `TaskQueue.heartbeat`, with the worker that is heard by it. */
export async function holdLease(
  { database, ...tasks }: Tasks,
  { lease, tenant }: NamedLease,
  leaseMs: number,
): Promise<{ readonly answer: LeaseAnswer; readonly worker: string | undefined }> {
  const held = await database.preparedDb
    .updateTable('queued_tasks')
    .set({ lease_until: nowOf({ database, ...tasks }, leaseMs) })
    .where('lease', '=', lease)
    .where('state', '=', 'active')
    .where(ofTenant(tenant))
    .returning('worker_id')
    .executeTakeFirst();
  if (held !== undefined) return { answer: 'held', worker: held.worker_id ?? undefined };
  const row = await database.db
    .selectFrom('queued_tasks')
    .select('state')
    .where('lease', '=', lease)
    .where(ofTenant(tenant))
    .executeTakeFirst();
  return { answer: row?.state === 'cancelled' ? 'cancelled' : 'lost', worker: undefined };
}

/** What a completion did: `work` where the task waits again, `ended` where it waits no more. */
export type Completed = { readonly answer: LeaseAnswer; readonly effect?: 'work' | 'ended' };

/**
 * As `TaskQueue.complete`: the result, the row and the job in one transaction.
 *
 * @throws {HostError} `VALIDATION_FAILED` where the result is of another task, or of more than 1 MiB.
 */
export async function completeTask(tasks: Tasks, named: NamedLease, result: AuditedResult): Promise<Completed> {
  if (Buffer.byteLength(JSON.stringify(result)) > RESULT_BYTES_MAX) throw tooLarge(result);
  const complete = result.status === 'ok' ? keep : judge;
  return inTransaction(tasks, { isUsual: true, run: (within) => complete(within, { ...named, result }) });
}

type Completion = NamedLease & { readonly result: AuditedResult };

/** Of two at once the second waits for the first, and then finds that the task is active no more. */
async function keep(within: Within, completion: Completion): Promise<Completed> {
  const { lease, tenant, result } = completion;
  const { rows } = await sql<PlacedTask>`
    with ended as (
      update queued_tasks set state = 'done', worker_id = null, lease_until = null, ended_at = ${nowOf(within)}
      where lease = ${lease} and state = 'active' and id = ${result.task_id} and ${ofTenant(tenant)}
      returning id, seq, job_id, line_id, state
    ), ${keepOfEnded(keptOf(result))}
    select ended.id, seq, job_id, queue, state, nextval('tasks_done') as counted
    from ended join task_lines on task_lines.id = line_id`.execute(within.trx);
  const [ended] = rows;
  if (ended === undefined) return { answer: await answerOf(within, completion) };
  await within.boss.complete(ended.queue, ended.job_id, null, { db: dbOf(within), includeQueued: true });
  await notify(within, [ended.id]);
  return { answer: 'held', effect: 'ended' };
}

/** What becomes of a task whose result is not `ok`. */
async function judge(within: Within, completion: Completion): Promise<Completed> {
  const { result } = completion;
  const row = await lockActive(within, completion);
  if (row === undefined || row.id !== result.task_id) return { answer: await answerOf(within, completion) };
  if (result.status === 'skip') return skip(within, row);
  const attempts = row.attempts + 1;
  if (result.data['retryable'] === true && attempts <= row.max_retry && !row.is_overdue) {
    await release(within, [row], { attempts, delayMs: retryWaitMs(attempts, result.data, within.retryDelayMs) });
    return { answer: 'held', effect: 'work' };
  }
  await bury(within, [row], { reason: reasonOf(result), attempts, result });
  return { answer: 'held', effect: 'ended' };
}

/** Leaves a task to others, unless so many have left it that nobody will take it. */
async function skip(within: Within, row: ActiveTask): Promise<Completed> {
  if (row.skips + 1 >= TASK_QUEUE_BOUNDS.skips) {
    await bury(within, [row], { reason: SKIPPED });
    return { answer: 'held', effect: 'ended' };
  }
  await release(within, [row], { skippedBy: row.worker_id ?? '' });
  return { answer: 'held', effect: 'work' };
}

type ActiveTask = NonNullable<Awaited<ReturnType<typeof lockActive>>>;

async function lockActive(within: Within, { lease, tenant }: NamedLease) {
  return within.trx
    .selectFrom('queued_tasks')
    .innerJoin('task_lines', 'task_lines.id', 'queued_tasks.line_id')
    .select(['queued_tasks.id', 'seq', 'job_id', 'queue', 'state', 'attempts', 'max_retry', 'worker_id'])
    .select(sql<boolean>`(deadline <= ${nowOf(within)}) is true`.as('is_overdue'))
    .select(sql<number>`cardinality(skipped_by)`.as('skips'))
    .where('lease', '=', lease)
    .where('state', '=', 'active')
    .where(ofTenant(tenant))
    .forUpdate('queued_tasks')
    .executeTakeFirst();
}

/** Of a lease that is not active, or of another task. Whoever asks again because it heard no answer is told what it then was. */
async function answerOf({ trx }: Within, { lease, tenant, result }: Completion): Promise<LeaseAnswer> {
  const { whole, digest } = keptOf(result);
  const { rows } = await sql<{ id: string; state: string; is_same: boolean }>`
    select id, state, (result::text = ${whole} or digest = ${digest}) is true as is_same
    from queued_tasks left join task_results on task_id = id where lease = ${lease} and ${ofTenant(tenant)}`.execute(
    trx,
  );
  const [row] = rows;
  if (row === undefined) return 'lost';
  if (row.id !== result.task_id) throw ofAnother(result, row.id);
  if (row.state === 'cancelled') return 'cancelled';
  return row.is_same ? 'held' : 'lost';
}

/** As `TaskQueue.release`. */
export async function releaseTask(tasks: Tasks, lease: string): Promise<boolean> {
  return inTransaction(tasks, {
    isUsual: false,
    run: async (within) => {
      const row = await lockActive(within, { lease, tenant: undefined });
      if (row !== undefined) await release(within, [row], { isFront: true });
      return row !== undefined;
    },
  });
}

/** A task that is to be cancelled, and who wants that, for the audit log; no line is written where nobody is named. */
export type Cancelling = { readonly id: string; readonly by: TaskActor | undefined };

/** Ends a task that is not done. Answers whether it was there, and whether it has been ended by this. */
export async function cancelTask(tasks: Tasks, cancelling: Cancelling): Promise<{ readonly isEnded: boolean }> {
  return inTransaction(tasks, { isUsual: false, run: (within) => cancelWithin(within, cancelling) });
}

async function cancelWithin(within: Within, { id, by }: Cancelling): ReturnType<typeof cancelTask> {
  const row = await within.trx
    .selectFrom('queued_tasks')
    .innerJoin('task_lines', 'task_lines.id', 'queued_tasks.line_id')
    .select(['queued_tasks.id', 'seq', 'job_id', 'queue', 'state', 'kind', TENANT_OF_LINE])
    .where('queued_tasks.id', '=', id)
    .where('state', 'in', ['queued', 'active', 'dead'])
    .forUpdate('queued_tasks')
    .executeTakeFirst();
  if (row === undefined) return { isEnded: false };
  await within.trx
    .updateTable('queued_tasks')
    .set({ state: 'cancelled', worker_id: null, lease_until: null, ended_at: nowOf(within) })
    .where('id', '=', id)
    .execute();
  if (row.state === 'dead') await removeJobs(within, [row]);
  else await within.boss.cancel(row.queue, row.job_id, { db: dbOf(within) });
  await notify(within, [id]);
  if (by !== undefined) await writeLines(within, [cancelEntry(row, by)]);
  return { isEnded: true };
}

const REASON_CHARACTERS_MAX = 1_000;

function reasonOf({ data: { message } }: AuditedResult): string {
  const text = typeof message === 'string' ? message.trim().slice(0, REASON_CHARACTERS_MAX) : '';
  return text === '' ? 'it ended with an error that has no message' : text;
}

function tooLarge({ task_id: id }: AuditedResult): HostError {
  return new HostError('VALIDATION_FAILED', {
    message: `the result of task "${id.slice(0, 80)}" is of more than ${RESULT_BYTES_MAX} bytes, which is the most`,
    hint: 'Let the handler return a file, or less.',
  });
}

function ofAnother({ task_id: id }: AuditedResult, own: string): HostError {
  return new HostError('VALIDATION_FAILED', {
    message: `the result is of task "${id.slice(0, 80)}", but its lease is of task "${own}"`,
  });
}
