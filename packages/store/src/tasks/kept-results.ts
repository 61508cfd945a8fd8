/**
 * How results are kept: with their tasks, or where they are large once by their digest, so that whoever lists tasks reads none of them.
 */
import { hash } from 'node:crypto';
import type { AuditedResult } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { sql, type RawBuilder } from 'kysely';
import type { Within } from './tasks.ts';

/** A result as JSON: whole, as it stands with its task, and the digest of the whole where that is kept by itself. */
export type KeptResult = { readonly whole: string; readonly own: string; readonly digest: string | null };

/** Writes a result. */
export function keptOf(result: AuditedResult): KeptResult {
  const whole = JSON.stringify(result);
  if (Buffer.byteLength(whole) <= LIMITS.task_result_inline_bytes.value) return { whole, own: whole, digest: null };
  return { whole, own: JSON.stringify({ ...result, data: {} }), digest: hash('sha256', whole) };
}

/** Keeps the result of a task. An artifact that is there already is locked, so that nobody removes it meanwhile. */
export async function keepResult({ trx }: Within, id: string, { whole, own, digest }: KeptResult): Promise<void> {
  if (digest !== null) await sql`${insertArtifact(digest, sql`values (${digest}, ${whole}::json)`)}`.execute(trx);
  await trx.insertInto('task_results').values({ task_id: id, result: own, digest }).execute();
}

/** Parts of a statement with a table `ended` that keep the result of the task in it. */
export function keepOfEnded({ whole, own, digest }: KeptResult): RawBuilder<unknown> {
  const kept = sql`kept as (
      insert into task_results (task_id, result, digest) select id, ${own}::json, ${digest}::text from ended)`;
  if (digest === null) return kept;
  return sql`artifact as (${insertArtifact(digest, sql`select ${digest}, ${whole}::json from ended`)}), ${kept}`;
}

function insertArtifact(digest: string, rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`insert into task_artifacts (digest, result) ${rows} on conflict (digest) do update set digest = ${digest}`;
}

/** Removes those that no task has any more. */
export async function sweepArtifacts({ trx }: Pick<Within, 'trx'>): Promise<void> {
  await sql`
    delete from task_artifacts
    where not exists (select from task_results where task_results.digest = task_artifacts.digest)`.execute(trx);
}
