/**
 * The calls that one guest has in flight, and those past their deadline that may still answer.
 *
 * P1: each call is settled exactly once, on every path; what comes later for its id is dropped and counted.
 * P2: an id is known while it is pending or was settled by the host; any other id is a lie.
 */
import { callError, type CallError, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import type { SandboxCall, SandboxReply } from '../sandbox.ts';

export type PendingCall = {
  readonly id: number;
  readonly call: SandboxCall;
  readonly resolve: (reply: SandboxReply) => void;
  /** Positions of the output rings when the call began. */
  readonly stdoutFrom: number;
  readonly stderrFrom: number;
  /** The instance's CPU time at the last sample before the call, and what samples inside the call saw. */
  cpuMs: number | null;
  cpuShareMs: number;
  peakRssBytes: number | null;
  /** Known to have outlived the tick that started it (protocol: `begun`). */
  isBegun: boolean;
  timer: NodeJS.Timeout | undefined;
  onAbort: (() => void) | undefined;
};

export type PendingCalls = {
  readonly size: () => number;
  readonly overdueCount: () => number;
  readonly add: (pending: PendingCall) => void;
  /** Takes a pending call out, to be settled with its reply. */
  readonly take: (id: number) => PendingCall | undefined;
  /** Takes a pending call out that the host answers itself; its id stays known until the guest answers or dies. */
  readonly takeOverdue: (id: number) => PendingCall | undefined;
  /** Tells whether the id was answered by the host before, and forgets it. */
  readonly forgetOverdue: (id: number) => boolean;
  readonly values: () => IterableIterator<PendingCall>;
  readonly markBegun: (ids: readonly number[]) => void;
  /** Takes everything out, the call that ended the guest first. */
  readonly takeAll: (culpritId: number | undefined) => readonly PendingCall[];
};

/** Makes an empty table. */
export function createPendingCalls(): PendingCalls {
  const pending = new Map<number, PendingCall>();
  const overdue = new Set<number>();

  function take(id: number): PendingCall | undefined {
    const call = pending.get(id);
    if (call === undefined) return undefined;
    pending.delete(id);
    release(call);
    return call;
  }

  return {
    size: () => pending.size,
    overdueCount: () => overdue.size,
    add: (call) => void pending.set(call.id, call),
    take,
    takeOverdue: (id) => {
      const call = take(id);
      if (call !== undefined) overdue.add(id);
      return call;
    },
    forgetOverdue: (id) => overdue.delete(id),
    values: () => pending.values(),
    markBegun: (ids) => {
      for (const id of ids) {
        const call = pending.get(id);
        if (call !== undefined) call.isBegun = true;
      }
    },
    takeAll: (culpritId) => {
      const all = [...pending.values()];
      pending.clear();
      overdue.clear();
      for (const call of all) release(call);
      const culprit = findCulprit(all, culpritId);
      return culprit === undefined ? all : [culprit, ...all.filter((call) => call !== culprit)];
    },
  };
}

function release(call: PendingCall): void {
  clearTimeout(call.timer);
  if (call.onAbort !== undefined) call.call.signal?.removeEventListener('abort', call.onAbort);
}

/**
 * Finds the call that ended a guest: the one that the guest named; else the first that it had not reported as begun,
 * since a guest starts calls in order and the one it is in when it dies has not outlived its tick; else the newest.
 */
function findCulprit(calls: readonly PendingCall[], named: number | undefined): PendingCall | undefined {
  return calls.find((call) => call.id === named) ?? calls.find((call) => !call.isBegun) ?? calls.at(-1);
}

/** The figures of a call, for its reply. */
export function usageOf(call: PendingCall): Pick<SandboxReply, 'cpu_ms' | 'peak_rss_bytes'> {
  return { cpu_ms: call.cpuMs, peak_rss_bytes: call.peakRssBytes };
}

/** What the others get when a guest dies of one call. */
export function guestLost(culprit: CallError): CallError {
  return callError('GUEST_LOST', { message: `another call ended the guest that served this one too (${culprit.code})` });
}

/** What is settled of a call, before what the driver measured is added. */
export type ReplyBody = { readonly metadata: JsonObject | undefined } & (
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: CallError; readonly stack: string | undefined }
);
