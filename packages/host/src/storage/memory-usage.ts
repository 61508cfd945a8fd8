/**
 * What tenants used of language models, in the in-memory storage.
 */
import type { UsageQuery, UsageRow } from './usage-port.ts';

/** Creates empty sums. */
export function createUsage() {
  const sums = new Map<string, UsageRow>();

  function add(rows: readonly UsageRow[]): void {
    for (const row of rows) {
      const which = JSON.stringify([row.tenant_id, row.day, row.backend]);
      sums.set(which, sumOf(row, sums.get(which)));
    }
  }

  function list({ tenant_id, from, to }: UsageQuery): readonly UsageRow[] {
    return [...sums.values()]
      .filter((row) => row.tenant_id === tenant_id && row.day >= from && row.day <= to)
      .toSorted((a, b) => compare(a.day, b.day) || compare(a.backend, b.backend));
  }

  function forget(tenant: string): void {
    for (const [which, row] of sums) if (row.tenant_id === tenant) sums.delete(which);
  }

  return { add, list, forget };
}

function sumOf(row: UsageRow, before: UsageRow | undefined): UsageRow {
  if (before === undefined) return { ...row };
  return {
    ...row,
    requests: before.requests + row.requests,
    input_tokens: before.input_tokens + row.input_tokens,
    output_tokens: before.output_tokens + row.output_tokens,
    cost_usd: before.cost_usd + row.cost_usd,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
