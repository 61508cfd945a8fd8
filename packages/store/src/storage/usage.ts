/**
 * What tenants used by day (UsageStorage).
 */
import type { Retention, UsageQuery, UsageRow } from '@bulkhead/host';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { storableText } from './text.ts';

/** Adds to the sums in one statement, in the order of their keys, so that two writers never wait for each other. */
export async function addUsage({ db }: Database, rows: readonly UsageRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('tenant_usage')
    .values(folded(rows))
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'day', 'meter', 'subject'])
        .doUpdateSet({ amount: sql<number>`tenant_usage.amount + excluded.amount` }),
    )
    .execute();
}

/** Lists a tenant's sums, by day, meter and subject. */
export async function listUsage({ db }: Database, { tenant_id, from, to }: UsageQuery): Promise<readonly UsageRow[]> {
  const rows = await db
    .selectFrom('tenant_usage')
    .where('tenant_id', '=', tenantUuid(tenant_id))
    .where('day', '>=', from)
    .where('day', '<=', to)
    .select(['day', 'meter', 'subject', 'amount'])
    .orderBy('day')
    .orderBy(sql`meter collate "C"`)
    .orderBy(sql`subject collate "C"`)
    .execute();
  return rows.map((row) => ({ tenant_id, ...row }));
}

/** Removes what is known of a tenant. */
export async function forgetUsage(trx: Transaction<Tables>, tenant: string): Promise<void> {
  await trx.deleteFrom('tenant_usage').where('tenant_id', '=', tenantUuid(tenant)).execute();
}

/** Removes sums of days before the bound. */
export async function pruneUsage({ db }: Database, { usageSince }: Retention): Promise<void> {
  await db.deleteFrom('tenant_usage').where('day', '<', usageSince).execute();
}

/** One row for each key: a statement cannot change a row twice. */
function folded(rows: readonly UsageRow[]): UsageRow[] {
  const byKey = new Map<string, UsageRow>();
  for (const { tenant_id, subject, ...row } of rows) {
    const own = { ...row, tenant_id: tenantUuid(tenant_id), subject: storableText(subject) };
    const key = JSON.stringify([own.tenant_id, own.day, own.meter, own.subject]);
    byKey.set(key, { ...own, amount: own.amount + (byKey.get(key)?.amount ?? 0) });
  }
  return [...byKey.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
