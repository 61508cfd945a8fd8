/**
 * The lifecycle history of one plugin and scope: every transition with time, cause and reason, in bounded memory.
 * A busy plugin goes INITIALIZED, RUNNING, INITIALIZED 100,000 times a second; a transition that repeats one of the last
 * two rows adds to that row's count, so that calls never wash out what an operator looks for.
 */
import { LIMITS, type LifecycleState } from '@bulkhead/protocol';
import type { LifecycleEvent } from './lifecycle.ts';
import { toIso, type Moment } from './moment.ts';

/** One transition; `reason` is of the state that was entered, undefined where that state needs none. */
export type Step = {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  readonly cause: LifecycleEvent;
  readonly reason: string | undefined;
  readonly digest: string;
};

/** A row: `at` and `lastAt` are monotonic milliseconds of its first and latest occurrence, `times` how many there were. */
export type HistoryRow = Step & { readonly at: number; lastAt: number; times: number };

/** Rows in order of their first occurrence; owned and changed by {@link remember} alone. */
export type History = HistoryRow[];

/**
 * A row as it is stored and shown; times are ISO 8601, `scope` is `*` for what concerns every scope.
 *
 * @public
 */
export type Transition = {
  readonly plugin: string;
  readonly scope: string;
  readonly digest: string;
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  readonly cause: LifecycleEvent;
  readonly reason: string | null;
  readonly at: string;
  readonly last_at: string;
  readonly times: number;
};

/**
 * Adds a transition, or counts it where it repeats one of the last two rows.
 *
 * @returns the row where it is new, else undefined.
 * @remarks O(1) for a repeated one. At most `LIMITS.transitions` rows are kept, the oldest goes.
 */
export function remember(history: History, step: Step, at: number): HistoryRow | undefined {
  const last = history.length - 1;
  if (countRepeat(history[last], step, at) || countRepeat(history[last - 1], step, at)) return undefined;
  const row: HistoryRow = { ...step, at, lastAt: at, times: 1 };
  history.push(row);
  if (history.length > LIMITS.transitions.value) history.shift();
  return row;
}

/** Makes the wire form of a row. */
export function toTransition(
  of: { readonly plugin: string; readonly scope: string },
  row: HistoryRow,
  moment: Moment,
): Transition {
  const { from, to, cause, digest, times } = row;
  const reason = row.reason ?? null;
  return {
    plugin: of.plugin,
    scope: of.scope,
    digest,
    from,
    to,
    cause,
    reason,
    at: toIso(row.at, moment),
    last_at: toIso(row.lastAt, moment),
    times,
  };
}

function countRepeat(row: HistoryRow | undefined, step: Step, at: number): boolean {
  if (row === undefined || row.to !== step.to || row.from !== step.from || row.cause !== step.cause) return false;
  if (row.reason !== step.reason || row.digest !== step.digest) return false;
  row.times += 1;
  row.lastAt = at;
  return true;
}
