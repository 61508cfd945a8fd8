/**
 * The call ledger (RecordStorage), written many rows at a time.
 */
import type { LedgerRow, Retention, RowQuery } from '@bulkhead/host';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { storableName } from './text.ts';

/** Columns in the order of the insert, with the types of the lists that they travel in. */
const COLUMNS = {
  call_id: 'text',
  node: 'text',
  tenant_id: 'text',
  plugin_name: 'text',
  target: 'text',
  digest: 'text',
  started_at: 'timestamptz',
  ended_at: 'timestamptz',
  outcome: 'text',
  code: 'text',
  duration_ms: 'float8',
} as const satisfies Record<keyof LedgerRow, string>;
const NAMES = Object.keys(COLUMNS) as readonly (keyof LedgerRow)[]; // Of the record above.
const INTO = sql.raw(NAMES.join(', '));

/** What one statement of a prune removes: more would keep the calls that are written meanwhile waiting. */
const PRUNED_AT_ONCE = 5_000;

/** Writes calls; a list for each column, so that the statement is the same however many there are. */
export async function putCalls({ db }: Database, rows: readonly LedgerRow[]): Promise<void> {
  const calls = foldCalls(rows);
  if (calls.length === 0) return;
  const lists = NAMES.map((name) => sql`${calls.map((row) => row[name])}::${sql.raw(COLUMNS[name])}[]`);
  await sql`
    insert into call_ledger (${INTO}) select * from unnest(${sql.join(lists)})
    on conflict (call_id) do update
      set ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code,
        duration_ms = excluded.duration_ms, digest = excluded.digest
      where call_ledger.ended_at is null and excluded.ended_at is not null`.execute(db);
}

/** One statement may touch a row once: of each call its end, where it is there, else its start. */
function foldCalls(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  const calls = new Map<string, LedgerRow>();
  for (const row of rows) {
    const known = calls.get(row.call_id);
    if (known === undefined || known.ended_at === null) calls.set(row.call_id, storable(row));
  }
  return [...calls.values()];
}

function storable(row: LedgerRow): LedgerRow {
  const { tenant_id, plugin_name, target } = row;
  return {
    ...row,
    tenant_id: storableName(tenant_id),
    plugin_name: storableName(plugin_name),
    target: storableName(target),
  };
}

/** Lists calls, newest first. */
export function listCalls({ db }: Database, query: RowQuery): Promise<readonly LedgerRow[]> {
  return db
    .selectFrom('call_ledger')
    .select(NAMES)
    .where('plugin_name', '=', storableName(query.plugin))
    .$if(query.tenant !== undefined, (select) => select.where('tenant_id', '=', storableName(query.tenant ?? '')))
    .orderBy('seq', 'desc')
    .limit(query.rowsMax)
    .execute();
}

/** Lists the calls of a node that never ended, oldest first. */
export function listUnfinishedCalls({ db }: Database, node: string): Promise<readonly LedgerRow[]> {
  return db
    .selectFrom('call_ledger')
    .select(NAMES)
    .where('node', '=', node)
    .where('ended_at', 'is', null)
    .orderBy('seq')
    .execute();
}

/** Removes what started before the bound, a slice at a time. */
export async function pruneCalls({ db }: Database, { ledgerSince }: Retention): Promise<void> {
  for (;;) {
    const old = db
      .selectFrom('call_ledger')
      .select('call_id')
      .where('started_at', '<', ledgerSince)
      .limit(PRUNED_AT_ONCE);
    const { numDeletedRows } = await db.deleteFrom('call_ledger').where('call_id', 'in', old).executeTakeFirstOrThrow();
    if (numDeletedRows < BigInt(PRUNED_AT_ONCE)) return;
  }
}
