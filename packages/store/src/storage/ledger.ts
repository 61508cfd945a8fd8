/**
 * The call ledger (RecordStorage), written many rows at a time.
 */
import type { LedgerRow, Retention, RowQuery, Storage } from '@bulkhead/host';
import { sql, type NotNull, type RawBuilder } from 'kysely';
import { DatabaseError } from 'pg';
import type { Database } from '../engine/database.ts';
import { storableName } from './text.ts';

type CallCountQuery = Parameters<Storage['countCalls']>[0];
type CallCount = Awaited<ReturnType<Storage['countCalls']>>[number];

const NAMES = [
  ...['call_id', 'node', 'tenant_id', 'plugin_name', 'target', 'digest'],
  ...['started_at', 'ended_at', 'outcome', 'code', 'duration_ms'],
] as const satisfies readonly (keyof LedgerRow)[];

/** What one statement of a prune removes: more would keep the calls that are written meanwhile waiting. */
const PRUNED_AT_ONCE = 5_000;

/** Writes calls of which the database has no row yet; where it has one of any, as {@link putCalls} does. */
export async function addCalls(database: Database, rows: readonly LedgerRow[]): Promise<void> {
  try {
    await insertCalls(database, rows, PLAIN);
  } catch (error) {
    if (!isTwice(error)) throw error;
    await putCalls(database, rows);
  }
}

/** Writes calls; a row that has ended replaces one that has not. Looking for that one is a fifth of a row's price. */
export function putCalls(database: Database, rows: readonly LedgerRow[]): Promise<void> {
  return insertCalls(database, foldCalls(rows), REPLACE_UNENDED);
}

const PLAIN = sql``;

const REPLACE_UNENDED = sql`
  on conflict (plugin_name, call_id) do update
    set ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code,
      duration_ms = excluded.duration_ms, digest = excluded.digest
    where call_ledger.ended_at is null and excluded.ended_at is not null`;

function isTwice(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

/** @see https://www.postgresql.org/docs/18/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505';

/**
 * Writes calls: a list for each column, so that the statement is the same however many there are, and its plan is kept. What calls
 * of a batch have in common travels once, and times as whole numbers since the first of them: reading the lists was a third of a row's price.
 */
async function insertCalls(
  { preparedDb }: Database,
  calls: readonly LedgerRow[],
  onConflict: RawBuilder<unknown>,
): Promise<void> {
  const [first] = calls;
  if (first === undefined) return;
  const { kinds, places } = sortByKind(calls);
  const shared = (name: keyof Kind) => sql`(${textList(kinds.map((kind) => kind[name]))}::text[])[c.kind]`;
  const timeOf = createTimes();
  const base = timeOf(first.started_at);
  const since = (time: string | null): number | null => (time === null ? null : timeOf(time) - base);
  await sql`
    insert into call_ledger (${sql.raw(NAMES.join(', '))})
    select c.call_id, ${sql.join((['node', 'tenant_id', 'plugin_name', 'target', 'digest'] as const).map(shared))},
      to_timestamp((c.started + ${base}::float8) / 1000), to_timestamp((c.ended + ${base}::float8) / 1000),
      ${shared('outcome')}, ${shared('code')}, c.duration_ms
    from unnest(
      ${textList(calls.map((call) => call.call_id))}::text[],
      ${numberList(places)}::int[],
      ${numberList(calls.map((call) => since(call.started_at)))}::bigint[],
      ${numberList(calls.map((call) => since(call.ended_at)))}::bigint[],
      ${numberList(calls.map((call) => call.duration_ms))}::float8[]
    ) as c (call_id, kind, started, ended, duration_ms) ${onConflict}`.execute(preparedDb);
}

/** What calls of one tool of one tenant that end the same way have in common. */
const KIND = ['node', 'tenant_id', 'plugin_name', 'target', 'digest', 'outcome', 'code'] as const;
type Kind = Pick<LedgerRow, (typeof KIND)[number]>;

/** The kinds of the calls, and of each call the place of its kind among them, counted from 1 as the database counts. */
function sortByKind(calls: readonly LedgerRow[]): {
  readonly kinds: readonly Kind[];
  readonly places: readonly number[];
} {
  const placeOf = new Map<string, number>();
  const kinds: Kind[] = [];
  const places: number[] = [];
  let last: LedgerRow | undefined;
  let place = 0;
  for (const call of calls) {
    if (last === undefined || !isSameKind(last, call)) {
      const key = JSON.stringify(KIND.map((name) => call[name]));
      place = placeOf.get(key) ?? kinds.push(storable(call));
      placeOf.set(key, place);
    }
    places.push(place);
    last = call;
  }
  return { kinds, places };
}

/** Written out: names that are read one after another by {@link KIND} cost a call as much as its place in the statement. */
function isSameKind(one: Kind, other: Kind): boolean {
  return (
    one.digest === other.digest &&
    one.tenant_id === other.tenant_id &&
    one.target === other.target &&
    one.plugin_name === other.plugin_name &&
    one.outcome === other.outcome &&
    one.code === other.code &&
    one.node === other.node
  );
}

/** Calls that are written together share most of their milliseconds. */
function createTimes(): (time: string) => number {
  let lastText = '';
  let last = Number.NaN;
  return (time) => {
    if (time !== lastText) last = Date.parse(time);
    lastText = time;
    return last;
  };
}

/** Lists as the database reads them. The driver would make them, too, at three times the price. */
function textList(values: readonly (string | null)[]): string {
  const quoted = values.map((value) => (value === null ? 'NULL' : `"${escaped(value)}"`));
  return `{${quoted.join(',')}}`;
}

/** Most values are ids, of which none has to be written anew. */
function escaped(value: string): string {
  return ESCAPED.test(value) ? value.replaceAll(/["\\]/g, '\\$&') : value;
}

const ESCAPED = /["\\]/;

function numberList(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** One statement may touch a row once: of each call its end, where it is there, else its start. */
function foldCalls(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  const calls = new Map<string, LedgerRow>();
  for (const row of rows) {
    const known = calls.get(row.call_id);
    if (known === undefined || known.ended_at === null) calls.set(row.call_id, row);
  }
  return [...calls.values()];
}

function storable(kind: Kind): Kind {
  const { tenant_id, plugin_name, target } = kind;
  return {
    ...kind,
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
    .orderBy('call_id', 'desc')
    .limit(query.rowsMax)
    .execute();
}

/** Counts calls that have ended, by release and outcome. */
export async function countCalls({ db }: Database, query: CallCountQuery): Promise<readonly CallCount[]> {
  const { plugin, tenant, since, until } = query;
  const counted = await db
    .selectFrom('call_ledger')
    .select(({ fn }) => ['digest', 'outcome', fn.countAll().as('calls')])
    .where('plugin_name', '=', storableName(plugin))
    .where('started_at', '>=', since)
    .where('outcome', 'is not', null)
    .$if(tenant !== undefined, (select) => select.where('tenant_id', '=', storableName(tenant ?? '')))
    .$if(until !== undefined, (select) => select.where('started_at', '<', until ?? ''))
    .groupBy(['digest', 'outcome'])
    .$narrowType<{ outcome: NotNull }>()
    .execute();
  return counted.map(({ digest, outcome, calls }) => ({ digest, outcome, calls: Number(calls) }));
}

/** Lists the calls of a node that never ended, oldest first. */
export function listUnfinishedCalls({ db }: Database, node: string): Promise<readonly LedgerRow[]> {
  return db
    .selectFrom('call_ledger')
    .select(NAMES)
    .where('node', '=', node)
    .where('ended_at', 'is', null)
    .orderBy('call_id')
    .execute();
}

/** Removes what started before the bound, a slice at a time. */
export async function pruneCalls({ db }: Database, { ledgerSince }: Retention): Promise<void> {
  for (;;) {
    const old = db
      .selectFrom('call_ledger')
      .select(['plugin_name', 'call_id'])
      .where('started_at', '<', ledgerSince)
      .limit(PRUNED_AT_ONCE);
    const { numDeletedRows } = await db
      .deleteFrom('call_ledger')
      .where((ledger) => ledger.refTuple('plugin_name', 'call_id'), 'in', old.$asTuple('plugin_name', 'call_id'))
      .executeTakeFirstOrThrow();
    if (numDeletedRows < BigInt(PRUNED_AT_ONCE)) return;
  }
}
