/**
 * Recorded calls (RecordingStorage), and which share of a registration's calls is recorded.
 */
import type {
  CatalogueRows,
  RecordedCall,
  RecordingCount,
  RecordingOwner,
  RecordingQuery,
  RecordingRow,
  Retention,
} from '@bulkhead/host';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { word } from './tenant-word.ts';
import { storableName } from './text.ts';

type Trx = Transaction<Tables>;

/** Stores calls, and removes what is beyond the newest, together, so that the bound holds whatever ends in between. */
export async function addRecordings({ db }: Database, rows: readonly RecordedCall[], rowsMax: number): Promise<void> {
  if (rows.length === 0) return;
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('recorded_calls')
      .values(rows.map(written))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    for (const owner of ownersOf(rows)) await trim(trx, owner, rowsMax);
  });
}

/** In the order of their keys, so that two writers never wait for each other. */
function ownersOf(rows: readonly RecordedCall[]): readonly RecordingOwner[] {
  const owners = new Map(rows.map((row) => [JSON.stringify([row.tenant_id, row.plugin_name]), row]));
  return [...owners].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

async function trim(trx: Trx, owner: RecordingOwner, rowsMax: number): Promise<void> {
  const { tenant_id, plugin_name } = stored(owner);
  await trx
    .deleteFrom('recorded_calls')
    .where('tenant_id', '=', tenant_id)
    .where('plugin_name', '=', plugin_name)
    .where('id', 'in', (select) =>
      select
        .selectFrom('recorded_calls')
        .select('id')
        .where('tenant_id', '=', tenant_id)
        .where('plugin_name', '=', plugin_name)
        .orderBy('id', 'desc')
        .offset(rowsMax),
    )
    .execute();
}

/** Lists calls, newest first; their ids are in the order of their times. */
export async function listRecordings({ db }: Database, query: RecordingQuery): Promise<readonly RecordedCall[]> {
  const { tenant_id, plugin_name } = stored(query);
  const { tool } = query;
  const rows = await db
    .selectFrom('recorded_calls')
    .select(['id', 'plugin_version', 'tool', 'params', 'outcome', 'code', 'value_sha256', 'result'])
    .select(['duration_ms', 'recorded_at'])
    .where('tenant_id', '=', tenant_id)
    .where('plugin_name', '=', plugin_name)
    .$if(tool !== undefined, (select) => select.where('tool', '=', storableName(tool ?? '')))
    .orderBy('id', 'desc')
    .limit(query.rowsMax)
    .execute();
  return rows.map((row) => ({ ...row, tenant_id: query.tenant_id, plugin_name: query.plugin_name }));
}

/** Counts calls by tool. */
export async function countRecordings({ db }: Database, owner: RecordingOwner): Promise<readonly RecordingCount[]> {
  const { tenant_id, plugin_name } = stored(owner);
  return db
    .selectFrom('recorded_calls')
    .select(['tool', sql<number>`count(*)::int`.as('calls')])
    .where('tenant_id', '=', tenant_id)
    .where('plugin_name', '=', plugin_name)
    .groupBy('tool')
    .orderBy(sql`tool collate "C"`)
    .execute();
}

/** Removes calls; what is left out of the owner is not asked for. */
export async function forgetRecordings(trx: Trx, { tenant_id, plugin_name }: Partial<RecordingOwner>): Promise<void> {
  await trx
    .deleteFrom('recorded_calls')
    .$if(tenant_id !== undefined, (remove) => remove.where('tenant_id', '=', tenantUuid(tenant_id ?? '')))
    .$if(plugin_name !== undefined, (remove) => remove.where('plugin_name', '=', storableName(plugin_name ?? '')))
    .execute();
}

/** Removes calls that were recorded before the ledger's bound. */
export async function pruneRecordings({ db }: Database, { ledgerSince }: Retention): Promise<void> {
  await db.deleteFrom('recorded_calls').where('recorded_at', '<', ledgerSince).execute();
}

/** Puts a registration's share, 0 as no row; false where there is no registration. */
export async function putRecording(trx: Trx, { tenant_id, plugin_name, share }: RecordingRow): Promise<boolean> {
  const registration = await trx
    .selectFrom('plugin_registrations')
    .select('id')
    .where('tenant_id', '=', tenantUuid(tenant_id))
    .where('plugin_name', '=', plugin_name)
    .executeTakeFirst();
  if (registration === undefined) return false;
  const registration_id = registration.id;
  if (share === 0)
    await trx.deleteFrom('registration_recordings').where('registration_id', '=', registration_id).execute();
  else
    await trx
      .insertInto('registration_recordings')
      .values({ registration_id, share })
      .onConflict((conflict) => conflict.column('registration_id').doUpdateSet({ share }))
      .execute();
  return true;
}

/** Reads all shares. */
export function readRecordings(trx: Trx): Promise<CatalogueRows['recordings']> {
  return trx
    .selectFrom('registration_recordings as recording')
    .innerJoin('plugin_registrations as registration', 'registration.id', 'recording.registration_id')
    .innerJoin('tenants', 'tenants.id', 'registration.tenant_id')
    .select([word.as('tenant_id'), 'registration.plugin_name', 'recording.share'])
    .orderBy('registration.plugin_name')
    .orderBy(word)
    .execute();
}

function stored({ tenant_id, plugin_name }: RecordingOwner): RecordingOwner {
  return { tenant_id: tenantUuid(tenant_id), plugin_name: storableName(plugin_name) };
}

function written({ params, result, tool, ...row }: RecordedCall) {
  return {
    ...{ ...row, ...stored(row), tool: storableName(tool), params: JSON.stringify(params) },
    result: result === null ? null : JSON.stringify(result),
  };
}
