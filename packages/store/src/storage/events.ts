/**
 * Events on their way between nodes (EventStorage). Those who add wait for one another, so that numbers become visible in their
 * order: a sequence alone gives them out in order and shows them in the order of the commits, and then whoever has read up to
 * the tenth may never see the ninth.
 */
import type { EventPage, EventQuery, EventRow } from '@bulkhead/host';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';

/** Nodes hear of events on this channel. */
export const EVENTS_CHANNEL = 'bulkhead_events';

/** Of the locks that a database has for its users to give meaning to; any number that nobody else takes. */
const LOCK = 7_310_402_217;

/** Keeps what a node tells the others, where there are any. */
export async function addEvents({ db }: Database, node: string, rows: readonly EventRow[]): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(({ event, depth }) => {
    const tenant_id = event.tenant_id === undefined ? null : tenantUuid(event.tenant_id);
    return { id: event.id, node, depth, at: event.timestamp, tenant_id, event: JSON.stringify(event) };
  });
  await db.transaction().execute(async (trx) => {
    const other = await trx.selectFrom('nodes').select('id').where('id', '!=', node).limit(1).executeTakeFirst();
    if (other === undefined) return;
    await sql`select pg_advisory_xact_lock(${LOCK}::bigint)`.execute(trx);
    await trx
      .insertInto('plugin_events')
      .values(values)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await sql`select pg_notify(${EVENTS_CHANNEL}, '')`.execute(trx);
  });
}

/** Number of the newest; 0 where there is none. */
export async function lastEvent({ db }: Database): Promise<number> {
  const { last } = await db
    .selectFrom('plugin_events')
    .select(({ fn }) => fn.max('seq').as('last'))
    .executeTakeFirstOrThrow();
  return last ?? 0;
}

/** Reads what other nodes told. The end is read first: all below it is visible. */
export async function readEvents(database: Database, { after, node, rowsMax }: EventQuery): Promise<EventPage> {
  const end = Math.max(after, await lastEvent(database));
  if (end === after) return { rows: [], next: after };
  const found = await database.db
    .selectFrom('plugin_events')
    .select(['seq', 'event', 'depth'])
    .where('seq', '>', after)
    .where('seq', '<=', end)
    .where('node', '!=', node)
    .orderBy('seq')
    .limit(rowsMax)
    .execute();
  const next = found.length < rowsMax ? end : (found.at(-1)?.seq ?? end);
  return { rows: found.map(({ event, depth }) => ({ event, depth })), next };
}

/** Removes what of a tenant is on its way. */
export async function forgetEvents(trx: Transaction<Tables>, tenant: string): Promise<void> {
  await trx.deleteFrom('plugin_events').where('tenant_id', '=', tenantUuid(tenant)).execute();
}

/** Removes what is too old, and the oldest of what is too much. */
export async function trimEvents(
  { db }: Database,
  { before, rowsMax }: { readonly before: string; readonly rowsMax: number },
): Promise<void> {
  await db.deleteFrom('plugin_events').where('at', '<', before).execute();
  const newest = db.selectFrom('plugin_events').select('seq').orderBy('seq', 'desc').offset(rowsMax).limit(1);
  await db.deleteFrom('plugin_events').where('seq', '<=', newest).execute();
}
