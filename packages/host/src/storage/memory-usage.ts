/**
 * What tenants used by day, in the in-memory storage.
 */
import type { Retention } from './records-port.ts';
import type { UsageQuery, UsageRow } from './usage-port.ts';

/** Creates empty sums. */
export function createUsage() {
  const sums = new Map<string, UsageRow>();

  function add(rows: readonly UsageRow[]): void {
    for (const row of rows) {
      const which = JSON.stringify([row.tenant_id, row.day, row.meter, row.subject]);
      sums.set(which, { ...row, amount: row.amount + (sums.get(which)?.amount ?? 0) });
    }
  }

  function list({ tenant_id, from, to }: UsageQuery): readonly UsageRow[] {
    return [...sums.values()]
      .filter((row) => row.tenant_id === tenant_id && row.day >= from && row.day <= to)
      .toSorted((a, b) => compare(a.day, b.day) || compare(a.meter, b.meter) || compare(a.subject, b.subject));
  }

  function drop(isOver: (row: UsageRow) => boolean): void {
    for (const [which, row] of sums) if (isOver(row)) sums.delete(which);
  }

  return {
    add,
    list,
    forget: (tenant: string): void => drop((row) => row.tenant_id === tenant),
    prune: ({ usageSince }: Retention): void => drop((row) => row.day < usageSince),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
