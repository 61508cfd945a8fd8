/**
 * The call ledger (RecordStorage), written many rows at a time.
 */
import type { LedgerRow, Retention, RowQuery } from '@bulkhead/host';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { storableName } from './text.ts';

const NAMES = [
  ...['call_id', 'node', 'tenant_id', 'plugin_name', 'target', 'digest'],
  ...['started_at', 'ended_at', 'outcome', 'code', 'duration_ms'],
] as const satisfies readonly (keyof LedgerRow)[];

/** What one statement of a prune removes: more would keep the calls that are written meanwhile waiting. */
const PRUNED_AT_ONCE = 5_000;

/**
 * Writes calls: a list for each column, so that the statement is the same however many there are. What many calls of a batch
 * have in common travels once, and times as numbers: both the driver and the database read a third less.
 */
export async function putCalls({ db }: Database, rows: readonly LedgerRow[]): Promise<void> {
  const calls = foldCalls(rows);
  if (calls.length === 0) return;
  const { kinds, kindOf } = kindsOf(calls);
  const shared = (name: keyof Kind) => sql`(${textList(kinds.map((kind) => kind[name]))}::text[])[c.kind]`;
  await sql`
    insert into call_ledger (${sql.raw(NAMES.join(', '))})
    select c.call_id, ${sql.join((['node', 'tenant_id', 'plugin_name', 'target', 'digest'] as const).map(shared))},
      to_timestamp(c.started_ms / 1000), to_timestamp(c.ended_ms / 1000), c.outcome, c.code, c.duration_ms
    from unnest(
      ${textList(calls.map((call) => call.call_id))}::text[],
      ${numberList(calls.map(kindOf))}::int[],
      ${numberList(calls.map((call) => Date.parse(call.started_at)))}::float8[],
      ${numberList(calls.map(({ ended_at }) => (ended_at === null ? null : Date.parse(ended_at))))}::float8[],
      ${textList(calls.map((call) => call.outcome))}::text[],
      ${textList(calls.map((call) => call.code))}::text[],
      ${numberList(calls.map((call) => call.duration_ms))}::float8[]
    ) as c (call_id, kind, started_ms, ended_ms, outcome, code, duration_ms)
    on conflict (call_id) do update
      set ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code,
        duration_ms = excluded.duration_ms, digest = excluded.digest
      where call_ledger.ended_at is null and excluded.ended_at is not null`.execute(db);
}

/** What calls of one tool of one tenant have in common. */
type Kind = Pick<LedgerRow, 'node' | 'tenant_id' | 'plugin_name' | 'target' | 'digest'>;

/** The kinds of the calls, and the place of a call's kind among them, counted from 1 as the database counts. */
function kindsOf(calls: readonly LedgerRow[]) {
  const places = new Map<string, number>();
  const kinds: Kind[] = [];
  const keyOf = (call: Kind): string =>
    `${call.tenant_id}\0${call.plugin_name}\0${call.target}\0${call.digest}\0${call.node}`;
  for (const call of calls) {
    const key = keyOf(call);
    if (!places.has(key)) places.set(key, kinds.push(call));
  }
  return { kinds, kindOf: (call: LedgerRow): number => places.get(keyOf(call)) ?? 0 };
}

/** Lists as the database reads them. The driver would make them, too, at three times the price. */
function textList(values: readonly (string | null)[]): string {
  const quoted = values.map((value) => (value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, '\\$&')}"`));
  return `{${quoted.join(',')}}`;
}

function numberList(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
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
