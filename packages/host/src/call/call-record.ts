/**
 * What the ledger keeps of a call. Until it is written it holds numbers in place of dates: writing them as text for each
 * call as it ends took a twentieth of a busy host's time, and calls that are written together share their milliseconds.
 */
import { isoTime } from '../base/clock.ts';
import type { LedgerRow } from '../storage/records-port.ts';
import type { CallRun } from './call-run.ts';

/** A call that has ended, on its way to the ledger. Times are milliseconds since the epoch, durations milliseconds. */
export type CallRecord = {
  readonly callId: string;
  readonly tenant: string;
  readonly plugin: string;
  readonly target: string;
  readonly digest: string | null;
  readonly startedWall: number;
  readonly durationMs: number;
  readonly outcome: LedgerRow['outcome'];
  readonly code: string | null;
};

/** Makes the record of a call; it holds nothing of the call's parameters or result. */
export function createRecord(run: CallRun, end: Pick<CallRecord, 'outcome' | 'code' | 'durationMs'>): CallRecord {
  return {
    callId: run.id,
    tenant: run.tenant,
    plugin: run.task.plugin,
    target: run.task.target.name,
    digest: run.digest,
    startedWall: run.startedWall,
    durationMs: end.durationMs,
    outcome: end.outcome,
    code: end.code,
  };
}

/** Makes the ledger's rows of calls that ended on this node. */
export function toLedgerRows(node: string, records: readonly CallRecord[]): readonly LedgerRow[] {
  const times = new Map<number, string>();
  const timeOf = (wallTime: number): string => {
    const milliseconds = Math.trunc(wallTime);
    const known = times.get(milliseconds) ?? isoTime(milliseconds);
    times.set(milliseconds, known);
    return known;
  };
  return records.map((record) => ({
    call_id: record.callId,
    node,
    tenant_id: record.tenant,
    plugin_name: record.plugin,
    target: record.target,
    digest: record.digest,
    started_at: timeOf(record.startedWall),
    ended_at: timeOf(record.startedWall + record.durationMs),
    outcome: record.outcome,
    code: record.code,
    duration_ms: record.durationMs,
  }));
}

/** The ledger's rows of a call that has begun, for releases that ask for a durable start. */
export function startedRows(node: string, run: CallRun): readonly LedgerRow[] {
  const rows = toLedgerRows(node, [createRecord(run, { outcome: null, code: null, durationMs: 0 })]);
  return rows.map((row) => ({ ...row, ended_at: null, duration_ms: null }));
}
