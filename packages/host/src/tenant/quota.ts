/**
 * What a tenant has used of its quotas, and when there is more again. Pure: the moment is given, and nothing but numbers is
 * kept. Each quota is a leaky bucket of one period: what was used drains at the pace of the quota, and a tenant that has
 * used nothing may use a whole period's worth at once.
 *
 * Q1: A call that is refused has used nothing; one that is let in uses one of `calls_per_second`.
 * Q2: What guests use is known only behind them, so it may exceed its quota; later calls wait until the debt has drained.
 * Q3: What was used is kept, not what is left: a quota that changes judges it anew at the next call.
 * Q4: The wait that a refusal tells is the first whole millisecond at which that quota lets a call in, if nothing more is
 *     used until then.
 */
import type { Quota } from '../storage/catalogue-port.ts';

/** What a tenant has used; owned by the admission, in the units of its quota: calls, seconds, MiB held for a minute. */
export type QuotaUse = Readonly<Record<MeasureName, Used>>;

/** What guests have used since it was last told: CPU time, and memory times the time that it was held. */
export type GuestUse = { readonly cpuMs: number; readonly memoryMbMs: number };

/** A quota that refuses a call: what it allows, what was seen, and when it will let one in, where that can be told. */
export type Exceeded = {
  readonly name: keyof Quota;
  readonly unit: string;
  readonly allowed: number;
  readonly observed: number;
  readonly retryAfterMs: number | undefined;
};

type MeasureName = 'calls_per_second' | 'cpu_seconds_per_minute' | 'memory_mb_minutes_per_minute';

/** An amount that drains, as of a moment of the monotonic clock. */
type Used = { amount: number; at: number };

/** Where a tenant stands, and the moment at which it is asked. */
type Standing = { readonly use: QuotaUse; readonly quota: Quota; readonly now: number };

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const PERIOD_MS: Readonly<Record<MeasureName, number>> = {
  calls_per_second: SECOND_MS,
  cpu_seconds_per_minute: MINUTE_MS,
  memory_mb_minutes_per_minute: MINUTE_MS,
};

/** Opens the account of a tenant that has used nothing. */
export function createQuotaUse(): QuotaUse {
  return {
    calls_per_second: { amount: 0, at: 0 },
    cpu_seconds_per_minute: { amount: 0, at: 0 },
    memory_mb_minutes_per_minute: { amount: 0, at: 0 },
  };
}

/** Finds a quota that refuses a call now; undefined where all let it in. O(1); uses nothing (Q1). */
export function findExceeded(standing: Standing): Exceeded | undefined {
  return (
    judgeDebt(standing, 'cpu_seconds_per_minute') ??
    judgeDebt(standing, 'memory_mb_minutes_per_minute') ??
    judgeCalls(standing)
  );
}

/** Notes that a call was let in. */
export function useCall(standing: Standing): void {
  add(standing, 'calls_per_second', 1);
}

/** Notes what guests have used (Q2). */
export function useGuests(standing: Standing, { cpuMs, memoryMbMs }: GuestUse): void {
  add(standing, 'cpu_seconds_per_minute', cpuMs / SECOND_MS);
  add(standing, 'memory_mb_minutes_per_minute', memoryMbMs / MINUTE_MS);
}

/** Tells whether all that was used has drained, so that a new account would judge as this one does. */
export function isDrained(standing: Standing): boolean {
  return (
    drained(standing, 'calls_per_second') === 0 &&
    drained(standing, 'cpu_seconds_per_minute') === 0 &&
    drained(standing, 'memory_mb_minutes_per_minute') === 0
  );
}

/** A debt lets a call in as long as no more was used than is allowed. */
function judgeDebt(standing: Standing, name: Exclude<MeasureName, 'calls_per_second'>): Exceeded | undefined {
  const allowed = standing.quota[name];
  if (allowed === undefined) return undefined;
  const used = drained(standing, name);
  if (allowed > 0 && used <= allowed) return undefined;
  const unit = name === 'cpu_seconds_per_minute' ? 's' : 'MiB min';
  const observed = Math.ceil(used * 1_000) / 1_000;
  return { name, unit, allowed, observed, retryAfterMs: timeToDrain(used - allowed, name, allowed) };
}

/** A call has to fit; less than one call a second still lets one in at a time. */
function judgeCalls(standing: Standing): Exceeded | undefined {
  const name = 'calls_per_second';
  const allowed = standing.quota[name];
  if (allowed === undefined) return undefined;
  const withThis = drained(standing, name) + 1;
  const fitting = Math.max(1, allowed);
  if (allowed > 0 && withThis <= fitting) return undefined;
  const retryAfterMs = timeToDrain(withThis - fitting, name, allowed);
  return { name, unit: 'calls', allowed, observed: Math.ceil(withThis), retryAfterMs };
}

/** A quota of nothing never lets a call in. */
function timeToDrain(excess: number, name: MeasureName, allowed: number): number | undefined {
  return allowed > 0 ? Math.floor((excess * PERIOD_MS[name]) / allowed) + 1 : undefined;
}

function add(standing: Standing, name: MeasureName, amount: number): void {
  if (standing.quota[name] === undefined) return;
  standing.use[name].amount = drained(standing, name) + amount;
}

/** Drains what was used up to now; what has no quota is not counted. */
function drained({ use, quota, now }: Standing, name: MeasureName): number {
  const used = use[name];
  const allowed = quota[name];
  if (allowed === undefined) return 0;
  used.amount = Math.max(0, used.amount - ((now - used.at) * allowed) / PERIOD_MS[name]);
  used.at = now;
  return used.amount;
}
