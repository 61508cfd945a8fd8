/**
 * Turns what the registry keeps of a plugin into the health object of DESIGN 9. It reads records and changes none; it
 * decides who sees which reason, and shows the worst of the scopes where no single one is asked for.
 */
import type { BreakerState, HealthWord, JsonObject, LifecycleState, PluginHealth } from '@bulkhead/protocol';
import { breakerStateOf } from './breaker.ts';
import { stateOf } from './lifecycle.ts';
import { toIso, type Moment } from './moment.ts';
import { publicReason, withoutPlace } from './reason.ts';
import type { Entry, PluginRecord, Runs, ScopeRecord } from './records.ts';

/**
 * Who looks. `scope` is the tenant whose own state is shown; without it the worst over the scopes is, with counters
 * summed. `showThrownText` is for the platform token, and for a tenant's token together with its own scope. `showPlaces`
 * is for the platform token and embedders: to all others a plugin's folder has a name, and no path (FAULTS 112).
 *
 * @public
 */
export type HealthView = {
  readonly scope?: string;
  readonly showThrownText: boolean;
  readonly showPlaces?: boolean;
  /** Shows public plugins alone, and those that the tenant of `scope` may see. */
  readonly isOutside?: boolean;
};

/**
 * What a health check said last, or the host in its place, and when (X004-2).
 *
 * @public
 */
export type LastHealth = {
  readonly status: HealthWord;
  readonly message: string;
  readonly metrics: JsonObject;
  readonly checked_at: string | null;
};

/** Worst first (DESIGN 9), as in the lists after it. Among the good ones RUNNING tells most: it says that at least one call is in flight. */
export const WORST_STATES: readonly LifecycleState[] = ['UNAVAILABLE', 'FAILED', 'RUNNING', 'LOADED', 'INITIALIZED'];
/** See {@link WORST_STATES}. */
export const WORST_HEALTH: readonly HealthWord[] = ['error', 'warning', 'unknown', 'disabled', 'healthy'];
/** See {@link WORST_STATES}. */
export const WORST_BREAKERS: readonly BreakerState[] = ['open', 'half_open', 'closed'];

/** Makes the health object; the four required fields are always there, the others where they are known (F001-41). */
export function healthOf(plugin: PluginRecord, view: HealthView, moment: Moment): PluginHealth {
  const scope = view.scope === undefined ? undefined : plugin.scopes.get(view.scope);
  const isAll = view.scope === undefined;
  const counted = isAll ? [...plugin.scopes.values(), plugin.base.home] : scope === undefined ? [] : [scope];
  const entries = entriesOf(plugin, view.scope);
  const runs = isAll ? plugin.runs : scope?.runs;
  return defined({
    name: plugin.name,
    state:
      worst(
        WORST_STATES,
        entries.map((entry) => stateOf(entry.lifecycle)),
      ) ?? 'LOADED',
    success_count: counted.reduce((sum, record) => sum + record.successCount, 0),
    error_count: counted.reduce((sum, record) => sum + record.errorCount, 0),
    description: plugin.description,
    reason: reasonOf(plugin, entries, view),
    version: plugin.version,
    uptime_seconds: plugin.initializedAt === undefined ? undefined : secondsBetween(plugin.initializedAt, moment.now),
    ...runTimes(runs, moment),
    ...wellbeingOf(isAll ? counted : [noteOf(plugin, view.scope)], view),
    breaker: worst(
      WORST_BREAKERS,
      entries.map((entry) => breakerStateOf(entry.breaker, moment.now)),
    ),
    tier: plugin.tier,
  });
}

type Noted = Pick<ScopeRecord, 'health' | 'concern'>;

/** A scope that was never asked is as the release was when it was tried. */
function noteOf({ scopes, base }: Pick<PluginRecord, 'scopes' | 'base'>, name = ''): Noted {
  const scope = scopes.get(name);
  return { health: scope?.health ?? base.home.health, concern: scope?.concern };
}

/** What a check said last of a scope or, where that was never asked, of all. */
export function lastHealthOf({ scopes, base }: PluginRecord, scope: string, moment: Moment): LastHealth | undefined {
  const note = noteOf({ scopes, base }, scope).health;
  if (note === undefined) return undefined;
  const { word: status, message, metrics, at } = note;
  return { status, message, metrics, checked_at: toIso(at, moment) };
}

/** The worst of what checks said and of what is wrong beside it. A message may hold a plugin's own text. */
function wellbeingOf(records: readonly Noted[], { showThrownText }: HealthView) {
  const notes = records.flatMap(({ health, concern }) => [concern, health].filter((note) => note !== undefined));
  const word =
    worst(
      WORST_HEALTH,
      notes.map((note) => note.word),
    ) ?? 'unknown';
  const message = notes.find((note) => note.word === word && note.message !== '')?.message;
  return { health: word, health_message: showThrownText ? message : undefined };
}

/** A scope that never ran stands where the base stands. */
function entriesOf(plugin: PluginRecord, scope: string | undefined): readonly Entry[] {
  const records = scope === undefined ? [...plugin.scopes.values()] : [plugin.scopes.get(scope)];
  const entries = records.flatMap((record) => [...(record?.entries.values() ?? [])]).filter(({ isAside }) => !isAside);
  return entries.length > 0 ? entries : [plugin.base];
}

/** The reason of the worst entry that has one; also while RUNNING, since the next call may not mend it. */
function reasonOf(plugin: PluginRecord, entries: readonly Entry[], view: HealthView): string | undefined {
  const standing = worst(
    WORST_STATES,
    entries.filter((entry) => entry.reason !== undefined).map((entry) => entry.lifecycle.standing),
  );
  const reason = entries.find((entry) => entry.reason !== undefined && entry.lifecycle.standing === standing)?.reason;
  if (reason === undefined) return undefined;
  if (reason.isThrown && !view.showThrownText) return publicReason(reason.code);
  return view.showPlaces === true ? reason.text : withoutPlace(reason.text, plugin.place);
}

function runTimes(runs: Runs | undefined, moment: Moment) {
  if (runs?.lastMs === undefined || runs.lastUsedAt === undefined) return {};
  const sumMs = runs.recent.reduce((sum, durationMs) => sum + durationMs, 0);
  return {
    last_used: toIso(runs.lastUsedAt, moment),
    last_execution_time_ms: toMicroseconds(runs.lastMs),
    avg_execution_time_ms: toMicroseconds(sumMs / runs.recent.length),
  };
}

/** Finds the first word of an order that is among some words. */
export function worst<Word>(order: readonly Word[], words: readonly Word[]): Word | undefined {
  return order.find((word) => words.includes(word));
}

function secondsBetween(from: number, to: number): number {
  return Math.round(to - from) / 1_000;
}

/** Milliseconds to three decimals: clocks are not finer, and people read this. */
function toMicroseconds(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1_000;
}

type Known<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Leaves out fields that are not known; absent is spelled once. */
function defined<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>; // Only undefined went.
}
