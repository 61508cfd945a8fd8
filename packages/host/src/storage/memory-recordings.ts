/**
 * Recorded calls, in the in-memory storage.
 */
import { pair } from './memory-rows.ts';
import type { RecordedCall, RecordingCount, RecordingOwner, RecordingQuery } from './recordings-port.ts';
import type { Retention } from './records-port.ts';

/** Creates an empty list. */
export function createRecordings() {
  const owned = new Map<string, readonly RecordedCall[]>();
  const keyOf = ({ tenant_id, plugin_name }: RecordingOwner): string => pair(tenant_id, plugin_name);
  const of = (owner: RecordingOwner): readonly RecordedCall[] => owned.get(keyOf(owner)) ?? [];

  function add(rows: readonly RecordedCall[], rowsMax: number): void {
    for (const row of rows) {
      const known = of(row);
      if (known.some(({ id }) => id === row.id)) continue;
      owned.set(keyOf(row), [...known, structuredClone(row)].toSorted(newestFirst).slice(0, rowsMax));
    }
  }

  function list({ tool, rowsMax, ...owner }: RecordingQuery): readonly RecordedCall[] {
    const rows = of(owner);
    return (tool === undefined ? rows : rows.filter((row) => row.tool === tool)).slice(0, rowsMax);
  }

  function count(owner: RecordingOwner): readonly RecordingCount[] {
    const calls = new Map<string, number>();
    for (const { tool } of of(owner)) calls.set(tool, (calls.get(tool) ?? 0) + 1);
    return [...calls].map(([tool, number]) => ({ tool, calls: number })).toSorted((a, b) => (a.tool < b.tool ? -1 : 1));
  }

  function drop(isGone: (row: RecordedCall) => boolean): void {
    for (const [key, rows] of owned) {
      const kept = rows.filter((row) => !isGone(row));
      if (kept.length === 0) owned.delete(key);
      else owned.set(key, kept);
    }
  }

  return {
    ...{ add, list, count },
    prune: ({ ledgerSince }: Retention): void => drop((row) => row.recorded_at < ledgerSince),
    /** What is left out is not asked for. */
    forget: ({ tenant_id, plugin_name }: Partial<RecordingOwner>): void =>
      drop(
        (row) =>
          (tenant_id === undefined || row.tenant_id === tenant_id) &&
          (plugin_name === undefined || row.plugin_name === plugin_name),
      ),
  };
}

function newestFirst(a: RecordedCall, b: RecordedCall): number {
  return a.id < b.id ? 1 : -1;
}
