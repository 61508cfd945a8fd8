/**
 * Lines of tasks: one for each tenant, kind and canonical set of required tags. A claim looks at the heads of those that its worker is able
 * to do, and at nothing else, so that no task waits behind one that this worker cannot do (TQ2). pg-boss has one queue for each set.
 */
import { TASK_QUEUE_BOUNDS, tooManySets, type NewTask } from '@bulkhead/host';
import { sql } from 'kysely';
import { storedWord, tenantUuid } from '../storage/tenant-id.ts';
import { createQueue } from './open-boss.ts';
import { inTransaction, type Tasks, type Within } from './tasks.ts';

/** Two processes that count sets at once would both find room for the last. */
const SETS_LOCK = 7_041_001;

/** Where a task waits. */
export type Line = {
  readonly queue: string;
  readonly tenant_id: string;
  readonly tenant_word: string | null;
  readonly kind: NewTask['task']['kind'];
  readonly requires: readonly string[];
};

/** Returns the line of a task, whose tags have been checked: a dot is in none of them. */
export function lineOf({ task, tenant_id }: NewTask): Line {
  const requires = task.requires.toSorted();
  const words = { tenant_id: tenantUuid(tenant_id), tenant_word: storedWord(tenant_id) };
  return { ...words, queue: `tasks/${requires.join('.')}`, kind: task.kind, requires };
}

/** What is said of a line in one word. */
export function keyOf({ queue, tenant_id, kind }: Line): string {
  return `${kind} ${tenant_id} ${queue}`;
}

/**
 * Makes the lines that are not there yet, and returns the ids of all by their keys.
 *
 * @throws {HostError} `VALIDATION_FAILED` where a set of tags is one too many; no line has been made then.
 */
export async function ensureLines(tasks: Tasks, lines: readonly Line[]): Promise<ReadonlyMap<string, number>> {
  const { boss, knownLines } = tasks;
  const byKey = new Map(lines.map((line) => [keyOf(line), line]));
  const unknown = [...byKey].filter(([key]) => !knownLines.has(key)).map(([, line]) => line);
  if (unknown.length === 0) return knownLines;
  const ids = await inTransaction(tasks, { isUsual: false, run: ({ trx }) => insertLines(trx, unknown) });
  for (const queue of new Set(unknown.map((line) => line.queue))) await createQueue(boss, queue);
  const all = new Map([...knownLines, ...ids.byKey]);
  // Once there are more sets than may be in use at a time, each must be looked at before it is used again.
  if (ids.mayBeTooMany) knownLines.clear();
  else for (const [key, id] of ids.byKey) knownLines.set(key, id);
  return all;
}

type InsertedLines = { readonly byKey: ReadonlyMap<string, number>; readonly mayBeTooMany: boolean };

async function insertLines(trx: Within['trx'], lines: readonly Line[]): Promise<InsertedLines> {
  await sql`select pg_advisory_xact_lock(${SETS_LOCK}::bigint)`.execute(trx);
  const texts = lines.map(({ requires }) => requires.join('.'));
  await sql`
    insert into task_lines (queue, tenant_id, tenant_word, kind, requires)
    select queue, tenant_id, tenant_word, kind, string_to_array(requires, '.')
    from unnest(
      ${lines.map(({ queue }) => queue)}::text[], ${lines.map((line) => line.tenant_id)}::uuid[],
      ${lines.map((line) => line.tenant_word)}::text[], ${lines.map(({ kind }) => kind)}::text[], ${texts}::text[]
    ) as given (queue, tenant_id, tenant_word, kind, requires)
    on conflict do nothing`.execute(trx);
  const mayBeTooMany = (await countSets(trx)) > TASK_QUEUE_BOUNDS.sets;
  if (mayBeTooMany) await refuseTooMany(trx, lines);
  const rows = await trx
    .selectFrom('task_lines')
    .select(['id', 'queue', 'tenant_id', 'tenant_word', 'kind', 'requires'])
    .where(
      'queue',
      'in',
      lines.map(({ queue }) => queue),
    )
    .execute();
  return { byKey: new Map(rows.map((row) => [keyOf(row), row.id])), mayBeTooMany };
}

async function countSets(trx: Within['trx']): Promise<number> {
  const { rows } = await sql<{ sets: number }>`select count(distinct queue) as sets from task_lines`.execute(trx);
  return rows[0]?.sets ?? 0;
}

/** Those that tasks wait under, and the new ones: one that nobody uses any more counts for nothing. */
async function refuseTooMany(trx: Within['trx'], lines: readonly Line[]): Promise<void> {
  const { rows } = await sql<{ queue: string }>`
    select distinct queue from task_lines as line
    where exists (select from queued_tasks where line_id = line.id and state in ('queued', 'active'))`.execute(trx);
  const used = new Set(rows.map(({ queue }) => queue));
  for (const { queue, requires } of lines) {
    if (!used.has(queue) && used.size >= TASK_QUEUE_BOUNDS.sets) throw tooManySets(requires);
    used.add(queue);
  }
}
