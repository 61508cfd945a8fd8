/**
 * What the ledger keeps of a call. Until it is written it holds numbers in place of dates: writing them as text for each
 * call as it ends took a twentieth of a busy host's time, and calls that are written together share their milliseconds.
 */
import { isoTime } from '../base/clock.ts';
import type { Storage } from '../storage/port.ts';
import type { LedgerRow } from '../storage/records-port.ts';

/**
 * A call on its way to the ledger: given to it when the call is about to run and once more when it has ended, so that only
 * calls that last longer than a write cost one that says they have begun. Times are milliseconds since the epoch.
 */
export type CallRecord = {
  readonly callId: string;
  readonly tenant: string;
  readonly plugin: string;
  readonly target: string;
  readonly startedWall: number;
  digest: string | null;
  durationMs: number;
  /** Null until the call has ended. */
  outcome: LedgerRow['outcome'];
  code: string | null;
  /** Set once the end was handed to the storage. */
  isWritten: boolean;
  /** Set once anything of the call was handed to the storage, which may have kept it even where it said that it has not. */
  isKnown: boolean;
};

/** Rows of calls of which the storage has not heard, and of others. */
export type LedgerWrite = { readonly added: readonly LedgerRow[]; readonly known: readonly LedgerRow[] };

/** How a call ended, for its record. */
export type RecordedEnd = {
  readonly digest: string | null;
  readonly durationMs: number;
  readonly outcome: NonNullable<LedgerRow['outcome']>;
  readonly code: string | null;
};

/** Makes the record of a call that has not ended; it holds nothing of the call's parameters or result. */
export function createRecord(
  call: Pick<CallRecord, 'callId' | 'tenant' | 'plugin' | 'target' | 'startedWall' | 'digest'>,
): CallRecord {
  const { callId, tenant, plugin, target, startedWall, digest } = call;
  return {
    callId,
    tenant,
    plugin,
    target,
    startedWall,
    digest,
    durationMs: 0,
    outcome: null,
    code: null,
    isWritten: false,
    isKnown: false,
  };
}

/** Notes how a call ended. */
export function endRecord(record: CallRecord, { digest, durationMs, outcome, code }: RecordedEnd): void {
  record.digest = digest;
  record.durationMs = durationMs;
  record.outcome = outcome;
  record.code = code;
}

/**
 * Tells whether a call has only just begun. Most end within milliseconds: that they began would be written for nothing, and
 * written over at once. With the wait of a write before and after, what a killed host may lose stays below 50 ms (DESIGN 10).
 */
export function hasJustBegun({ outcome, startedWall }: CallRecord, wallTime: number): boolean {
  // Where the clock was set back, it has not.
  return outcome === null && Math.abs(wallTime - startedWall) < JUST_BEGUN_MS;
}

const JUST_BEGUN_MS = 5;

/** Makes the ledger's rows of what was given to it since the last write: of each call its end, or that it has begun. */
export function toLedgerRows(node: string, records: readonly CallRecord[]): LedgerWrite {
  const timeOf = createTimes();
  const added: LedgerRow[] = [];
  const known: LedgerRow[] = [];
  for (const record of records) {
    if (record.isWritten) continue; // Its beginning, after its end.
    record.isWritten = record.outcome !== null;
    (record.isKnown ? known : added).push(toRow(node, record, timeOf));
    record.isKnown = true;
  }
  return { added, known };
}

/**
 * Stores calls, those of which the storage has not heard at a lower price. Both are asked at once: one after the other they
 * would wait for a busy storage twice, and ends be lost in a crash that are older than they may be.
 */
export async function storeCalls(
  storage: Pick<Storage, 'addCalls' | 'putCalls'>,
  { added, known }: LedgerWrite,
): Promise<void> {
  const asked = await Promise.allSettled([
    added.length > 0 ? storage.addCalls(added) : undefined,
    known.length > 0 ? storage.putCalls(known) : undefined,
  ]);
  const refused = asked.find((answer) => answer.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
}

/** Takes back what {@link toLedgerRows} noted, where its rows could not be written: they are made again. */
export function takeBack(records: readonly CallRecord[]): void {
  for (const record of records) record.isWritten = false;
}

function toRow(node: string, record: CallRecord, timeOf: (wallTime: number) => string): LedgerRow {
  const hasEnded = record.outcome !== null;
  return {
    call_id: record.callId,
    node,
    tenant_id: record.tenant,
    plugin_name: record.plugin,
    target: record.target,
    digest: record.digest,
    started_at: timeOf(record.startedWall),
    ended_at: hasEnded ? timeOf(record.startedWall + record.durationMs) : null,
    outcome: record.outcome,
    code: record.code,
    duration_ms: hasEnded ? record.durationMs : null,
  };
}

/** Writes each millisecond once. */
function createTimes(): (wallTime: number) => string {
  const times = new Map<number, string>();
  return (wallTime) => {
    const milliseconds = Math.trunc(wallTime);
    const known = times.get(milliseconds) ?? isoTime(milliseconds);
    times.set(milliseconds, known);
    return known;
  };
}
