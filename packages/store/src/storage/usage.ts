/**
 * What tenants used of language models (UsageStorage).
 */
import type { UsageQuery, UsageRow } from '@bulkhead/host';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { storableText } from './text.ts';

const SUMS = ['requests', 'input_tokens', 'output_tokens', 'cost_usd'] as const;

/** Adds to the sums in one statement, in the order of their keys, so that two writers never wait for each other. */
export async function addUsage({ db }: Database, rows: readonly UsageRow[]): Promise<void> {
  if (rows.length === 0) return;
  const added = (name: (typeof SUMS)[number]) =>
    sql<number>`${sql.ref(`llm_usage.${name}`)} + ${sql.ref(`excluded.${name}`)}`;
  await db
    .insertInto('llm_usage')
    .values(folded(rows))
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'day', 'backend']).doUpdateSet({
        requests: added('requests'),
        input_tokens: added('input_tokens'),
        output_tokens: added('output_tokens'),
        cost_usd: added('cost_usd'),
      }),
    )
    .execute();
}

/** Lists a tenant's sums, by day and backend. */
export async function listUsage({ db }: Database, { tenant_id, from, to }: UsageQuery): Promise<readonly UsageRow[]> {
  const rows = await db
    .selectFrom('llm_usage')
    .where('tenant_id', '=', tenantUuid(tenant_id))
    .where('day', '>=', from)
    .where('day', '<=', to)
    .select(['day', 'backend', ...SUMS])
    .orderBy('day')
    .orderBy(sql`backend collate "C"`)
    .execute();
  return rows.map((row) => ({ tenant_id, ...row }));
}

/** Removes what is known of a tenant. */
export async function forgetUsage(trx: Transaction<Tables>, tenant: string): Promise<void> {
  await trx.deleteFrom('llm_usage').where('tenant_id', '=', tenantUuid(tenant)).execute();
}

/** One row for each key: a statement cannot change a row twice. */
function folded(rows: readonly UsageRow[]): UsageRow[] {
  const byKey = new Map<string, UsageRow>();
  for (const { tenant_id, backend, ...row } of rows) {
    const own = { ...row, tenant_id: tenantUuid(tenant_id), backend: storableText(backend) };
    const key = JSON.stringify([own.tenant_id, own.day, own.backend]);
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? own : { ...own, ...sums(own, before) });
  }
  return [...byKey.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function sums(a: UsageRow, b: UsageRow): Pick<UsageRow, (typeof SUMS)[number]> {
  return {
    requests: a.requests + b.requests,
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cost_usd: a.cost_usd + b.cost_usd,
  };
}
