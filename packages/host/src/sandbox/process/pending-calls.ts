/**
 * The table of the calls that one guest has in flight, and of those past their deadline that may still answer.
 *
 * P1: each call is settled exactly once, on every path; what comes later for its id is dropped and counted.
 * P2: an id is known while it is pending or was settled by the host; any other id is a lie.
 */
import { createIdTable } from '@bulkhead/protocol';
import type { SandboxCall, SandboxReply } from '../sandbox.ts';
import type { ChunkWindow } from './chunk-window.ts';
import type { OutputMark } from './guest-output.ts';

/** One call that the guest has not answered. */
export type PendingCall = {
  readonly id: number;
  readonly call: SandboxCall;
  readonly resolve: (reply: SandboxReply) => void;
  /** Host's clock when it was sent. */
  readonly startedAt: number;
  /** Where the output was when the call began. */
  readonly from: OutputMark;
  /** Where its result is read piece by piece. */
  readonly window: ChunkWindow | undefined;
  /** CPU time of the instance that samples inside the call saw; null where none fell inside. */
  cpuMs: number | null;
  /** The part of it that is this call's, where several ran at once. */
  cpuShareMs: number;
  peakRssBytes: number | null;
  /** Known to have outlived the tick that started it (protocol: `begun`). */
  isBegun: boolean;
  onAbort: (() => void) | undefined;
};

/** How long a guest has to drop a call that the host has answered, and what follows if it does not. */
export type Grace = { readonly graceMs: number; readonly didIgnore: () => void };

/** The table. Whatever is taken out has its listener released. */
export type PendingCalls = {
  readonly size: () => number;
  readonly overdueCount: () => number;
  readonly add: (pending: PendingCall) => void;
  readonly get: (id: number) => PendingCall | undefined;
  /** Takes a pending call out, to be settled with its reply. */
  readonly take: (id: number) => PendingCall | undefined;
  /**
   * Takes a pending call out that the host answers itself. Its id stays known until the guest answers, or dies, or the
   * grace is over: then `didIgnore` is called.
   */
  readonly takeOverdue: (id: number, grace: Grace) => PendingCall | undefined;
  /** Tells whether the host has answered a call that the guest has still to drop. */
  readonly isOverdue: (id: number) => boolean;
  /** Tells whether the id was answered by the host before, and forgets it. */
  readonly forgetOverdue: (id: number) => boolean;
  /** Hands those whose deadline is over to `giveUp`; returns the earliest deadline of the others, Infinity where there is none. */
  readonly endLate: (now: number, giveUp: (call: PendingCall) => void) => number;
  /** In the order in which they were added. */
  readonly values: () => readonly PendingCall[];
  readonly markBegun: (ids: readonly number[]) => void;
  /** Takes everything out, the call that ended the guest first. */
  readonly takeAll: (culpritId: number | undefined) => readonly PendingCall[];
};

/** Makes an empty table. */
export function createPendingCalls(): PendingCalls {
  const pending = createIdTable<PendingCall>();
  const overdue = new Map<number, NodeJS.Timeout>();

  function take(id: number): PendingCall | undefined {
    const call = pending.take(id);
    if (call !== undefined) release(call);
    return call;
  }

  function forgetOverdue(id: number): boolean {
    clearTimeout(overdue.get(id));
    return overdue.delete(id);
  }

  return {
    size: pending.size,
    overdueCount: () => overdue.size,
    add: (call) => pending.set(call.id, call),
    get: pending.get,
    take,
    takeOverdue: (id, { graceMs, didIgnore }) => {
      const call = take(id);
      if (call === undefined) return undefined;
      const timer = setTimeout(() => forgetOverdue(id) && didIgnore(), graceMs);
      overdue.set(id, timer);
      return call;
    },
    isOverdue: (id) => overdue.has(id),
    forgetOverdue,
    endLate: (now, giveUp) => {
      let next = Infinity;
      for (const entry of pending.values()) {
        if (entry.call.deadline <= now) giveUp(entry);
        else next = Math.min(next, entry.call.deadline);
      }
      return next;
    },
    values: pending.values,
    markBegun: (ids) => {
      for (const id of ids) {
        const call = pending.get(id);
        if (call !== undefined) call.isBegun = true;
      }
    },
    takeAll: (culpritId) => {
      const all = pending.values();
      pending.clear();
      for (const id of [...overdue.keys()]) forgetOverdue(id);
      for (const call of all) release(call);
      const culprit = findCulprit(all, culpritId);
      return culprit === undefined ? all : [culprit, ...all.filter((call) => call !== culprit)];
    },
  };
}

function release(call: PendingCall): void {
  if (call.onAbort !== undefined) call.call.signal?.removeEventListener('abort', call.onAbort);
}

/**
 * Finds the call that ended a guest: the one that was named; else the first that the guest had not reported as begun,
 * since a guest starts calls in order and the one it is in when it dies has not outlived its tick; else the newest.
 */
function findCulprit(calls: readonly PendingCall[], named: number | undefined): PendingCall | undefined {
  return calls.find((call) => call.id === named) ?? calls.find((call) => !call.isBegun) ?? calls.at(-1);
}
