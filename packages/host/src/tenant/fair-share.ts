/**
 * Whose turn it is when calls of several tenants wait for room: start-time fair queueing (Goyal, Vin and Cheng 1996) over
 * tenants. The cost of a call is the time for which it holds its place, not 1: else a tenant of long calls would hold
 * nearly all places. That time is known only behind a call, so a call in flight counts with what it has held so far,
 * and at least with its tenant's mean.
 *
 *   due  = time that the tenant's calls have held places / weight
 *   turn = the largest due at which a tenant was served
 *
 * 1. A period begins when a call has to wait and no other does. What was held before is forgotten: nobody was kept waiting
 *    by it. What is in flight counts from then on.
 * 2. A tenant that begins to wait starts at the turn, or where it has come to if that is further.
 * 3. A place that is given back goes to the waiting tenant with the smallest due.
 *
 * W1: Nobody saves up: a tenant that did not wait has no claim to the time of those who did.
 * W2: Between two tenants that wait all the time, held time over weight differs by at most
 *     2 * places * longest call * (1 / weight + 1 / other weight), however long they wait and however many calls each sends.
 * W3: Who had places while nobody else wanted them does not pay for it.
 */

/** The virtual time of one host: the due of whoever was served last, and the number of the period. */
export type Turn = { due: number; period: number };

/** What one tenant has and had. Owned by the admission; written by the functions of this file and by the room. */
export type Share = {
  weight: number;
  callsInFlight: number;
  callsWaiting: number;
  /** Recent mean of the time that a call holds its place. */
  meanMs: number;
  /** The last period in which a call of it had to wait, and the moment of the first one there: nothing before it counts. */
  period: number;
  since: number;
  /** Over the calls in flight, the sum of the moments from which they count. */
  countedFromSum: number;
  /** Where the tenant started, and what calls that have ended held since, over weight. */
  spent: number;
};

/** A call that took less counts as much: it costs the host about this, however fast the plugin is. */
const HELD_MS_MIN = 0.1;
/** A stored weight of nothing would never be served. */
const WEIGHT_MIN = 0.001;
/** Of the newest call in the mean: about the last eight decide. */
const NEWEST = 1 / 8;
/** Moments are taken in sixteenths of a millisecond: sums of thousands of them, taken apart again, are exact. */
const GRAIN = 16;

/** Makes the virtual time of a host in which nobody has waited. */
export function createTurn(): Turn {
  return { due: 0, period: 0 };
}

/** Opens the share of a tenant; its weight is 1. */
export function createShare(): Share {
  return {
    weight: 1,
    callsInFlight: 0,
    callsWaiting: 0,
    meanMs: HELD_MS_MIN,
    period: 0,
    since: 0,
    countedFromSum: 0,
    spent: 0,
  };
}

/** Changes how much of the room a tenant is due; 1 where it is left out. */
export function setWeight(share: Share, weight: number = 1): void {
  share.weight = Math.max(WEIGHT_MIN, weight);
}

/** Tells what a tenant has had in this period, in milliseconds over weight; only comparisons of two of them mean something. */
export function dueOf(share: Share, now: number): number {
  const { callsInFlight, countedFromSum, meanMs, spent, weight } = share;
  return spent + Math.max(callsInFlight * meanMs, callsInFlight * now - countedFromSum) / weight;
}

/** Notes that the first call of a tenant begins to wait (rule 2). */
export function startWaiting(turn: Turn, share: Share, now: number): void {
  if (share.period === turn.period) {
    share.spent += Math.max(0, turn.due - dueOf(share, now));
    return;
  }
  share.period = turn.period;
  share.since = grained(now);
  share.countedFromSum = share.callsInFlight * share.since;
  share.spent = turn.due;
}

/** Notes that a call begins to hold a place. Returns the moment, for {@link endCall}. */
export function beginCall(share: Share, now: number): number {
  const began = grained(now);
  share.callsInFlight += 1;
  share.countedFromSum += began;
  return began;
}

/** Notes that a call has given its place back. */
export function endCall(share: Share, began: number, now: number): void {
  const countedFrom = Math.max(began, share.since);
  share.callsInFlight -= 1;
  share.countedFromSum -= countedFrom;
  share.spent += Math.max(HELD_MS_MIN, now - countedFrom) / share.weight;
  share.meanMs += (Math.max(HELD_MS_MIN, now - began) - share.meanMs) * NEWEST;
}

function grained(now: number): number {
  return Math.floor(now * GRAIN) / GRAIN;
}
