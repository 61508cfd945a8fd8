/**
 * Runs of agents, in the in-memory storage.
 */
import type { AgentRun, AgentRunStatus } from '@bulkhead/protocol';
import type { AgentRunQuery, AgentRunRow } from './agents-port.ts';

/** Creates an empty list that keeps its newest rows, by their ids, which are in the order of their times. */
export function createAgentRuns(rowsMax: number) {
  const rows = new Map<string, AgentRunRow>();

  function add(row: AgentRunRow): void {
    rows.set(row.run.id, row);
    const [oldest] = rows.keys();
    if (rows.size > rowsMax && oldest !== undefined) rows.delete(oldest);
  }

  function change(row: AgentRunRow, from: readonly AgentRunStatus[]): boolean {
    const before = get(row.run);
    if (before === undefined || !from.includes(before.run.status)) return false;
    rows.set(row.run.id, row);
    return true;
  }

  function get({ tenant_id, id }: Pick<AgentRun, 'tenant_id' | 'id'>): AgentRunRow | undefined {
    const row = rows.get(id);
    return row?.run.tenant_id === tenant_id ? row : undefined;
  }

  function list({ tenant_id, before, rowsMax: most }: AgentRunQuery): readonly AgentRun[] {
    return [...rows.values()]
      .map(({ run }) => run)
      .filter((run) => run.tenant_id === tenant_id && (before === undefined || run.id < before))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, most);
  }

  function listUnfinished(node: string): readonly AgentRunRow[] {
    return [...rows.values()].filter((row) => row.node === node && row.run.status === 'running');
  }

  function drop(isGone: (run: AgentRun) => boolean): void {
    for (const [id, { run }] of rows) if (isGone(run)) rows.delete(id);
  }

  return {
    ...{ add, change, get, list, listUnfinished },
    prune: (before: string) => drop((run) => run.created_at < before),
    forget: (tenant: string) => drop((run) => run.tenant_id === tenant),
  };
}
