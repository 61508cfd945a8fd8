/**
 * The places of one host for calls in flight, and the calls that wait for one. It knows tenants by their shares alone.
 *
 * N1: `callsInFlight` is the number of places that are held, and never exceeds `callsInFlightMax`.
 * N2: Nobody waits while a place is free. One that is given back goes to the tenant whose turn it is (`fair-share.ts`), and
 *     there to the call that has waited longest.
 * N3: A call that waits leaves once: it gets a place, or its deadline, its caller's abort or the host's end comes first.
 * N4: No tenant fills the queue: it takes no more of it than it leaves free (Choudhury and Hahne 1998), so that one alone
 *     has half of it, two have a third each, and whoever comes next finds room to wait.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import { createWaitingCalls, type Patience, type WaitingCalls } from '../base/waiting-calls.ts';
import { beginCall, createTurn, dueOf, endCall, startWaiting, type Share } from './fair-share.ts';

/** A call that may wait; `timeoutMs` is what its caller was promised, for the message. */
export type PatientCall = Patience & { readonly timeoutMs: number };

/** A place, from the moment `began`; or why there is none. */
export type Place =
  { readonly kind: 'held'; readonly began: number } | { readonly kind: 'refused'; readonly error: CallError };

/** How many calls a host has in flight, and how many wait for that. */
export type RoomBounds = { readonly callsInFlightMax: number; readonly callsWaitingMax: number };

/** The places of one host. Moments are of the host's monotonic clock. */
export type Room = {
  /** Takes a place; returns the moment from which it is held, undefined where the host is full. O(1), allocates nothing. */
  readonly take: (share: Share, now: number) => number | undefined;
  /** Gives a place back, to a call that waits if there is one. O(tenants that wait). */
  readonly giveBack: (share: Share, began: number, now: number) => void;
  /** Says why a call may not wait: cancelled already, the queue is full, the host closes. */
  readonly refusalToWait: (share: Share, call: PatientCall) => CallError | undefined;
  /** Lets a call wait that is not refused to; resolves when it has a place, or will have none. Never rejects. */
  readonly wait: (share: Share, call: PatientCall, now: number) => Promise<Place>;
  readonly callsInFlight: () => number;
  /** Ends every wait with `HOST_CLOSED`. */
  readonly close: () => void;
};

/** Creates the places of one host. */
export function createRoom({ callsInFlightMax, callsWaitingMax }: RoomBounds): Room {
  const line = createLine(callsWaitingMax);
  let callsInFlight = 0;

  function take(share: Share, now: number): number | undefined {
    if (callsInFlight >= callsInFlightMax) return undefined;
    callsInFlight += 1;
    return beginCall(share, now);
  }

  function giveBack(share: Share, began: number, now: number): void {
    callsInFlight -= 1;
    endCall(share, began, now);
    const next = line.takeNext(now);
    if (next === undefined) return;
    callsInFlight += 1;
    next.resolve({ kind: 'held', began: beginCall(next.share, now) });
  }

  const { refusalToWait, wait, close } = line;
  return { take, giveBack, refusalToWait, wait, close, callsInFlight: () => callsInFlight };
}

type NextCall = { readonly share: Share; readonly resolve: (place: Place) => void };

type Line = Pick<Room, 'refusalToWait' | 'wait' | 'close'> & {
  /** Takes the call whose turn it is; whoever takes it gives it a place. */
  readonly takeNext: (now: number) => NextCall | undefined;
};

/** Creates the queue: one for each tenant that has a call waiting, and none for others. */
function createLine(callsWaitingMax: number): Line {
  const turn = createTurn();
  const queues = new Map<Share, WaitingCalls<PatientCall, Place>>();
  let callsWaiting = 0;
  let isClosed = false;

  function refusalToWait(share: Share, { signal }: PatientCall): CallError | undefined {
    if (isClosed) return callError('HOST_CLOSED');
    if (signal?.aborted === true) return callError('CALL_CANCELLED');
    const placesFree = callsWaitingMax - callsWaiting;
    return share.callsWaiting < placesFree ? undefined : overloaded(share.callsWaiting);
  }

  function wait(share: Share, call: PatientCall, now: number): Promise<Place> {
    if (queues.size === 0) turn.period += 1;
    if (share.callsWaiting === 0) startWaiting(turn, share, now);
    share.callsWaiting += 1;
    callsWaiting += 1;
    const queue = queues.get(share) ?? createWaitingCalls<PatientCall, Place>();
    queues.set(share, queue);
    return queue.add(call, {
      queuedAt: now,
      onLate: () => giveUp(share, timedOut(call.timeoutMs)),
      onAbort: () => giveUp(share, callError('CALL_CANCELLED')),
    });
  }

  function takeNext(now: number): NextCall | undefined {
    if (queues.size === 0) return undefined;
    const share = leastDue(queues.keys(), now);
    const first = share === undefined ? undefined : queues.get(share)?.takeFirst();
    if (share === undefined || first === undefined) return undefined;
    turn.due = Math.max(turn.due, dueOf(share, now));
    leave(share);
    return { share, resolve: first.resolve };
  }

  function giveUp(share: Share, error: CallError): Place {
    leave(share);
    return { kind: 'refused', error };
  }

  function leave(share: Share): void {
    share.callsWaiting -= 1;
    callsWaiting -= 1;
    if (share.callsWaiting === 0) queues.delete(share);
  }

  function close(): void {
    isClosed = true;
    for (const [share, queue] of queues) queue.answerAll(() => giveUp(share, callError('HOST_CLOSED')));
  }

  return { refusalToWait, wait, takeNext, close };
}

/** Of tenants that are level, the one that has waited longest. */
function leastDue(waiting: Iterable<Share>, now: number): Share | undefined {
  let least: Share | undefined;
  for (const share of waiting) if (least === undefined || dueOf(share, now) < dueOf(least, now)) least = share;
  return least;
}

function overloaded(allowed: number): CallError {
  return callError('HOST_OVERLOADED', {
    message: `the server is full, and ${allowed} calls of this tenant wait for it already`,
    limit: { name: 'calls_waiting', allowed, observed: allowed + 1, unit: 'calls' },
  });
}

function timedOut(allowed: number): CallError {
  return callError('CALL_TIMEOUT', {
    message: `the call waited for room on the server until its ${allowed} ms were over`,
    limit: { name: 'timeout_ms', allowed, observed: allowed, unit: 'ms' },
  });
}
