/**
 * Commits to the catalogue (C1): one transaction, which begins by waiting for its turn at the head of the audit log, so that
 * what it looks at is not changed by another before it ends.
 */
import { chainAudit, toStepChanges, type CatalogueChange, type CatalogueWrite, type Committed } from '@bulkhead/host';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { applyChange } from './apply-change.ts';

/** Nodes hear of commits on this channel; the notice is the revision. */
export const CATALOGUE_CHANNEL = 'bulkhead_catalogue';

/** Thrown within the transaction to take it back. */
class Misfit extends Error {
  readonly index: number;

  constructor(index: number) {
    super(`change ${index} does not fit`);
    this.index = index;
  }
}

/** Commits; see `CatalogueStorage`. */
export async function commit({ db }: Database, write: CatalogueWrite): Promise<Committed> {
  try {
    const revision = await db.transaction().execute((trx) => commitWithin(trx, write));
    return { kind: 'done', revision };
  } catch (error) {
    if (error instanceof Misfit) return { kind: 'conflict', index: error.index };
    throw error;
  }
}

/** Commits within a transaction, until whose end nobody else does: also for a deed that is none of the catalogue's, with its line. */
export async function commitWithin(trx: Transaction<Tables>, { changes, audit }: CatalogueWrite): Promise<number> {
  const head = await trx.selectFrom('audit_head').select(['seq', 'hash']).forUpdate().executeTakeFirstOrThrow();
  const line = chainAudit(head, audit);
  for (const [index, change] of changes.entries()) {
    if (!(await applyChange(trx, change, line.seq))) throw new Misfit(index);
  }
  await recordCommit(trx, line, changes);
  return line.seq;
}

/** One round trip for the four things that every commit does. */
async function recordCommit(
  trx: Transaction<Tables>,
  { seq, text, hash }: ReturnType<typeof chainAudit>,
  changes: readonly CatalogueChange[],
): Promise<void> {
  await sql`
    with line as (insert into audit_log (seq, text, hash) values (${seq}, ${text}, ${hash})),
      head as (update audit_head set seq = ${seq}, hash = ${hash}),
      step as (insert into catalogue_steps (revision, changes) values (${seq}, ${JSON.stringify(toStepChanges(changes))}))
    select pg_notify(${CATALOGUE_CHANNEL}, ${String(seq)})`.execute(trx);
}
