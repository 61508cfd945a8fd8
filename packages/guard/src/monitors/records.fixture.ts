/**
 * Records for tests of monitors: pairs of figures, in the order of the cases, baseline and candidate by turns.
 */
import type { JsonObject, MonitorRecord } from '@bulkhead/protocol';
import type { BuiltInMonitor, BuiltInSummary } from './monitor.ts';

/** What one side of a case came to; what is not said is 100 ms, a success and no result. */
export type Side = { readonly duration_ms?: number; readonly success?: boolean; readonly result?: JsonObject };

/** Both sides of `cases` cases. */
export function pairsOf(
  cases: number,
  baseline: (index: number) => Side,
  candidate: (index: number) => Side,
): readonly MonitorRecord[] {
  return Array.from({ length: cases }, (_case, index) => [
    recordOf(index, 'baseline', baseline(index)),
    recordOf(index, 'candidate', candidate(index)),
  ]).flat();
}

/** One record. */
export function recordOf(case_index: number, role: MonitorRecord['role'], side: Side = {}): MonitorRecord {
  return { case_index, role, duration_ms: 100, success: true, result: {}, ...side };
}

/** What a monitor says of records. */
export function judged(monitor: BuiltInMonitor, records: readonly MonitorRecord[]): BuiltInSummary {
  monitor.start({ task: 'test', total_cases: records.length / 2 });
  for (const record of records) monitor.record(record);
  return monitor.finalize();
}

/** Durations that differ from case to case, and are the same for the same index. */
export function uneven(index: number): number {
  return 50 + ((index * 7_919) % 101);
}
