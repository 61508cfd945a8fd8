/**
 * The truth about every plugin of one host: state, reason, counters, breaker and history, for each scope. It is told what
 * happened and decides what follows from it by the pure parts beside it; it starts nothing, awaits nothing and reads no file.
 *
 * Ownership instead of locks (F001-31): all state belongs to this object, in one JavaScript thread, and every method is
 * synchronous and runs to its end. Two calls can interleave only between methods, never inside one, so each method is the
 * critical section that a lock would make. No method calls out while its records are half changed: `didTransition` is told
 * last, and may not throw.
 *
 * R1: A call that was started is ended exactly once, whatever becomes of it.
 * R2: One failed call adds exactly 1 to `error_count` (decision 5): ending it counts; marking a state never does.
 * R3: A reason is set exactly where the standing is FAILED or UNAVAILABLE, and it is actionable.
 * R4: No method on the call path (`startCall`, `settle`) throws but for our own bugs, or allocates more than one object.
 */
import {
  type CallError,
  type ErrorCode,
  type HealthWord,
  type LifecycleState,
  type PluginHealth,
} from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { HostError, assertInvariant } from '../base/host-error.ts';
import { nameTaken } from '../base/name-taken.ts';
import { admitCall, breakerStateOf, guestDied, probeLived, probeLost } from './breaker.ts';
import { effectOf, NONE } from './effect.ts';
import { healthOf, lastHealthOf, type HealthView, type LastHealth } from './health.ts';
import { remember, toTransition, type Transition } from './history.ts';
import { next, stateOf, type LifecycleEvent } from './lifecycle.ts';
import type { Moment } from './moment.ts';
import { assertActionable } from './reason.ts';
import { entriesOf, entryMeant, entryOf, scopeOf, type Where } from './find-records.ts';
import {
  PLATFORM_SCOPE,
  addRun,
  createEntry,
  createPluginRecord,
  learnFacts,
  noteHealth,
  type Entry,
  type HealthConcern,
  type PluginFacts,
  type PluginRecord,
  type Reason,
  type SaidHealth,
  type ScopeRecord,
} from './records.ts';
import type { CallEnd, CallFacts, GuestDeath, HeldBack, RunningCall, Subject } from './running-call.ts';
import { heldBackError, reasonOfCall, reasonOfHold, reasonUntold } from './wording.ts';

/** What a registry is given; it reads no other clock. */
export type RegistryOptions = {
  readonly clock: Clock;
  /** Told of each new row of history, for the storage, with the code of its reason; it must not throw. */
  readonly didTransition?: (transition: Transition, reasonCode: ErrorCode | undefined) => void;
  /** Told when a breaker goes from letting calls pass to holding them back; it must not throw. */
  readonly didOpenBreaker?: (opened: BreakerOpened) => void;
};

/** Where a breaker opened, and what the last of the deaths was. */
export type BreakerOpened = {
  readonly plugin: string;
  readonly scope: string;
  readonly digest: string;
  readonly error: CallError;
};

/**
 * A plugin that was refused, with the place it came from and an actionable reason (DESIGN 9).
 *
 * @public
 */
export type Refusal = {
  readonly name: string;
  readonly path: string;
  readonly code: ErrorCode;
  readonly reason: string;
};

type Mark = {
  readonly event: 'loaded' | 'initialized' | 'failed' | 'unavailable';
  readonly reason: Reason | undefined;
};

const EVERYTHING: HealthView = { showThrownText: true, showPlaces: true };
const CONSTRUCTION = Symbol('registry construction');
// The one piece of state outside an owner: X001-9 wants the registry of a process to be found without its host.
const openRegistries = new Set<Registry>();

/** Makes the registry of a host. `createHost` calls it once; there is no other way to get one. */
export function createRegistry(options: RegistryOptions): Registry {
  const registry = new Registry(CONSTRUCTION, options);
  openRegistries.add(registry);
  return registry;
}

/**
 * Returns the registry of the only host in this process (X001-9, F003-13, decision 17).
 *
 * @throws {HostError} `REGISTRY_AMBIGUOUS` where no host is open, or more than one.
 * @public
 */
export function getRegistry(): Registry {
  const [only, ...others] = openRegistries;
  if (only !== undefined && others.length === 0) return only;
  const count = openRegistries.size === 0 ? 'no host is open' : `${openRegistries.size} hosts are open`;
  throw new HostError('REGISTRY_AMBIGUOUS', { message: `${count} in this process; getRegistry() needs exactly one` });
}

/**
 * See the head of the file. Its type is public; its constructor refuses everybody but {@link createRegistry}.
 *
 * @public
 */
class Registry {
  readonly #clock: Clock;
  readonly #didTransition: RegistryOptions['didTransition'];
  readonly #didOpenBreaker: ((opened: BreakerOpened) => void) | undefined;
  readonly #plugins = new Map<string, PluginRecord>();
  readonly #refusals = new Map<string, Refusal>();

  /** @throws {HostError} `REGISTRY_AMBIGUOUS`: a second registry would tell a second truth (X001-9). */
  constructor(key: symbol, options: RegistryOptions) {
    if (key !== CONSTRUCTION) {
      throw new HostError('REGISTRY_AMBIGUOUS', {
        message: 'a registry cannot be constructed: a host has exactly one, made by createHost()',
      });
    }
    this.#clock = options.clock;
    this.#didTransition = options.didTransition;
    this.#didOpenBreaker = options.didOpenBreaker;
  }

  /** Tells whether a plugin of this name is known: registered, or refused under it (F001-22, F001-23). */
  has(name: string): boolean {
    return this.#plugins.has(name);
  }

  /** Returns the health of a plugin. @throws {HostError} `PLUGIN_NOT_FOUND` where there is none; ask `has` first (F001-23). */
  getStatus(name: string, view: HealthView = EVERYTHING): PluginHealth {
    return healthOf(this.#require(name), view, this.#moment());
  }

  /** Returns the health of a plugin, or undefined where there is none. */
  health(name: string, view: HealthView): PluginHealth | undefined {
    const plugin = this.#plugins.get(name);
    return plugin === undefined ? undefined : healthOf(plugin, view, this.#moment());
  }

  /** Returns the health of every listed plugin, failed ones too, sorted by name (F001-3, X001-3). */
  list(view: HealthView = EVERYTHING): readonly PluginHealth[] {
    const moment = this.#moment();
    const listed = [...this.#plugins.values()].filter((plugin) => plugin.isListed);
    return listed.map((plugin) => healthOf(plugin, view, moment)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns the plugins that were refused, in order of their refusal. */
  refused(): readonly Refusal[] {
    return [...this.#refusals.values()];
  }

  /** Returns the folder that a plugin came from, or a word such as "upload"; undefined where that is not known. */
  placeOf(name: string): string | undefined {
    return this.#plugins.get(name)?.place;
  }

  /** Returns name and place of every registered plugin, for the startup audit. */
  registered(): readonly {
    readonly name: string;
    readonly place: string | undefined;
    readonly state: LifecycleState;
  }[] {
    const registered = [...this.#plugins.values()].filter((plugin) => plugin.isRegistered);
    return registered.map(({ name, place, base }) => ({ name, place, state: stateOf(base.lifecycle) }));
  }

  /** Returns the history of a plugin in order of first occurrence, of one scope or of all (`*` is what concerns every one). */
  transitions(name: string, scope?: string): readonly Transition[] {
    const plugin = this.#require(name);
    const moment = this.#moment();
    const homes = [plugin.base.home, ...plugin.scopes.values()].filter(
      (home) => scope === undefined || home.scope === scope,
    );
    const rows = homes.flatMap((home) => home.history.map((row) => ({ home, row })));
    return rows
      .toSorted((a, b) => a.row.at - b.row.at)
      .map(({ home, row }) => toTransition({ plugin: name, scope: home.scope }, row, moment));
  }

  /**
   * Makes a plugin known, in state LOADED (F001-16, F003-14). A failed load or a refusal under the name gives way.
   *
   * @throws {HostError} `PLUGIN_NAME_TAKEN` with both places where the name is registered: the first stays (decision 6).
   */
  register(name: string, facts: PluginFacts = {}): void {
    const known = this.#plugins.get(name);
    if (known?.isRegistered === true) throw nameTaken(name, known.place, facts.place);
    const plugin = createPluginRecord(name);
    this.#plugins.set(name, plugin);
    plugin.isRegistered = true;
    learnFacts(plugin, facts);
    if (facts.place !== undefined) this.#refusals.delete(facts.place);
  }

  /** Forgets a plugin; silent where there is none (X003-3). Its calls in flight end as they would. */
  unregister(name: string): void {
    this.#plugins.delete(name);
  }

  /**
   * Lists a plugin as refused. Where the name is not registered it shows as FAILED; else the first stays as it is (decision 6).
   *
   * @throws {HostError} `REASON_VAGUE` (F001-25).
   */
  refuse(refusal: Refusal): void {
    const reason = assertActionable(refusal.reason);
    this.#refusals.set(refusal.path, { ...refusal, reason });
    if (this.#plugins.get(refusal.name)?.isRegistered === true) return;
    const plugin = this.#known(refusal.name);
    plugin.place = refusal.path;
    this.#mark(plugin, {}, { event: 'failed', reason: { code: refusal.code, text: reason, isThrown: false } });
  }

  /** A release is known and nothing of it has run: new facts replace old ones, scopes that run another release keep theirs. */
  markLoaded(name: string, facts: PluginFacts = {}): void {
    const plugin = this.#require(name);
    learnFacts(plugin, facts);
    this.#mark(plugin, { digest: plugin.digest }, { event: 'loaded', reason: undefined });
  }

  /** The plugin's import and init went well in a trial. */
  markInitialized(name: string, facts: PluginFacts = {}): void {
    const plugin = this.#require(name);
    learnFacts(plugin, facts);
    plugin.initializedAt = this.#clock.now();
    this.#mark(plugin, { digest: plugin.digest }, { event: 'initialized', reason: undefined });
  }

  /**
   * Something in the plugin went wrong (F001-16, F001-17, F001-27). It counts nothing: `recordError` does (decision 5).
   * Without a scope every scope is meant, and the reason is shown to everybody; with one it may hold a tenant's text.
   *
   * @throws {HostError} `REASON_VAGUE`.
   */
  markFailed(name: string, reason: string, subject: Subject & { readonly code?: ErrorCode } = {}): void {
    const text = assertActionable(reason);
    const kept = { code: subject.code ?? 'PLUGIN_THREW', text, isThrown: subject.scope !== undefined } as const;
    this.#mark(this.#known(name), subject, { event: 'failed', reason: kept });
  }

  /**
   * The plugin cannot be loaded until somebody installs or provides something; the reason ends with how (F001-28, F001-29).
   *
   * @throws {HostError} `REASON_VAGUE`.
   */
  markUnavailable(name: string, reason: string, subject: Subject & { readonly code?: ErrorCode } = {}): void {
    const text = assertActionable(reason);
    const kept = { code: subject.code ?? 'PLUGIN_UNAVAILABLE', text, isThrown: false } as const;
    this.#mark(this.#known(name), subject, { event: 'unavailable', reason: kept });
  }

  /** An administrator reloads: LOADED, no reason, breakers closed, held ones too. Counters and history stay. */
  reload(name: string, subject: Subject = {}): void {
    const plugin = this.#require(name);
    for (const entry of entriesOf(plugin, subject)) entry.breaker = createEntry(entry.home, entry.digest).breaker;
    this.#mark(plugin, subject, { event: 'loaded', reason: undefined });
  }

  /** A plugin is shown by another of its releases, one that runs; what scopes run of it keeps its state. */
  show(name: string, facts: PluginFacts): void {
    const plugin = this.#require(name);
    learnFacts(plugin, facts);
    this.#move({ plugin, entry: plugin.base }, 'initialized', undefined);
  }

  /** Forgets the state of a release that a scope no longer runs, or none does; its calls in flight end as they would. */
  retire(name: string, { scope, digest }: { readonly scope?: string; readonly digest: string }): void {
    const homes = this.#plugins.get(name)?.scopes ?? new Map<string, ScopeRecord>();
    for (const home of homes.values()) if (scope === undefined || home.scope === scope) home.entries.delete(digest);
  }

  /**
   * Keeps what a health check said, or the host in its place (X004-2); the worst of the scopes is shown. A check that failed adds 1
   * to `error_count`, and is no call: state and averages stay.
   */
  recordHealth(name: string, said: HealthWord | SaidHealth, scope: string = PLATFORM_SCOPE): void {
    const plugin = this.#require(name);
    const home = scope === PLATFORM_SCOPE ? plugin.base.home : scopeOf(plugin, scope);
    noteHealth(home, said, this.#clock.now());
  }

  /** Returns what a health check said last, for a scope or, where that was never asked, for all; undefined where none did. */
  lastHealth(name: string, scope: string): LastHealth | undefined {
    const plugin = this.#plugins.get(name);
    return plugin === undefined ? undefined : lastHealthOf(plugin, scope, this.#moment());
  }

  /** Keeps what is wrong with a plugin's work in the background for a scope, or that nothing is (X004-7). */
  recordConcern(name: string, concern: HealthConcern | undefined, scope: string): void {
    const plugin = this.#plugins.get(name);
    if (plugin !== undefined) scopeOf(plugin, scope).concern = concern;
  }

  /** Tells whether the breaker of a release and scope lets no call pass now. */
  isHoldingBack(name: string, scope: string, digest: string): boolean {
    const breaker = this.#plugins.get(name)?.scopes.get(scope)?.entries.get(digest)?.breaker;
    return breaker !== undefined && breakerStateOf(breaker, this.#clock.now()) === 'open';
  }

  /**
   * Starts a call where the breaker of its release and scope lets it pass.
   *
   * @param digest - The release that runs; the plugin's current one where it is left out.
   * @returns the running call, or why it is held back (`BREAKER_OPEN`) and for how long.
   * @remarks O(1), one small allocation.
   */
  startCall(name: string, scope: string, digest?: string): RunningCall | HeldBack {
    const plugin = this.#require(name);
    const entry = entryOf(plugin, scope, digest ?? plugin.digest);
    entry.isAside = false;
    return this.#admit(plugin, entry);
  }

  /** The same of a release that the scope does not run, and that serves a call in place of the one that it does: health does not show it. */
  startAside(name: string, scope: string, digest: string): RunningCall | HeldBack {
    const plugin = this.#require(name);
    const entry = entryOf(plugin, scope, digest);
    entry.isAside = true;
    return this.#admit(plugin, entry);
  }

  #admit(plugin: PluginRecord, entry: Entry): RunningCall | HeldBack {
    if (entry.breaker.kind === 'closed') return this.#start({ plugin, entry }, false);
    const verdict = admitCall(entry.breaker, this.#clock.now());
    entry.breaker = verdict.breaker;
    if (verdict.kind === 'hold') {
      const { retryAfterMs } = verdict;
      return { kind: 'held_back', error: heldBackError(entry.breaker, retryAfterMs), retryAfterMs };
    }
    return this.#start({ plugin, entry }, verdict.kind === 'probe');
  }

  /**
   * Ends a call: what its outcome does to state, counters and breaker (decision 15, F001-13, F001-17).
   *
   * @remarks O(1). A second end of one call is our bug and throws (R1).
   */
  settle(call: RunningCall, end: CallEnd): void {
    assertInvariant(!call.isSettled, 'a call is settled once');
    call.isSettled = true;
    const { entry } = call;
    const effect = end.didRun === false ? NONE : effectOf(end.error);
    if (call.isProbe) {
      const isJudged = effect.counts !== undefined && !effect.endsGuest;
      entry.breaker = isJudged ? probeLived(entry.breaker, this.#clock.now()) : probeLost(entry.breaker);
    }
    if (effect.counts === 'success') return this.#succeed(call, end.durationMs);
    if (end.error === undefined || effect.standing === undefined)
      return this.#move(call, 'call_unjudged', entry.reason);
    const reason = reasonOfCall(end.error, end.className);
    if (effect.counts === 'error') return this.#fail(call, reason, end.durationMs);
    // What a tenant's own policy refuses concerns that tenant; a missing requirement concerns everybody.
    this.#move(call, 'call_unavailable', { ...reason, isThrown: reason.code !== 'PLUGIN_UNAVAILABLE' });
  }

  /** Starts a call by name whatever the breaker says (F001-17); end it with `recordSuccess` or `recordError`. */
  markRunning(name: string, subject: Subject = {}): void {
    const where = entryMeant(this.#require(name), subject);
    this.#move(where, 'call_started', where.entry.reason);
  }

  /** Ends a call by name, well (F001-17). */
  recordSuccess(name: string, facts: CallFacts = {}): void {
    this.#succeed(entryMeant(this.#require(name), facts), facts.durationMs);
  }

  /** Ends a call by name, badly: `error_count` goes up by one (F001-17). The reason is the one `markFailed` gave. */
  recordError(name: string, facts: CallFacts = {}): void {
    const where = entryMeant(this.#require(name), facts);
    this.#fail(where, where.entry.reason ?? reasonUntold(), facts.durationMs);
  }

  /**
   * A guest died of its plugin: the breaker counts it, once for each instance, unless the caller chose the deadline (DESIGN 3).
   * A death, or a start that failed in good order, of which no call tells makes the plugin FAILED too. Without a scope it
   * is that of an instance which serves every scope that runs the release.
   */
  recordDeath(name: string, subject: Subject, death: GuestDeath): void {
    const plugin = this.#plugins.get(name);
    if (plugin === undefined || death.isCallerShortened || effectOf(death.error).standing !== 'FAILED') return;
    if (subject.scope !== undefined) return this.#countDeath(entryMeant(plugin, subject), death);
    for (const { entries } of plugin.scopes.values()) {
      const entry = entries.get(subject.digest ?? plugin.digest);
      if (entry !== undefined) this.#countDeath({ plugin, entry }, death);
    }
  }

  #countDeath(where: Where, death: GuestDeath): void {
    const { plugin, entry } = where;
    const effect = effectOf(death.error);
    const before = entry.breaker;
    if (effect.endsGuest) entry.breaker = guestDied(before, { instanceId: death.instanceId, at: this.#clock.now() });
    if (entry.breaker.kind === 'held' && before.kind !== 'held') {
      this.#failUnlessUnavailable(where, reasonOfHold(plugin.name, entry.breaker.openings));
    } else if (!death.isToldByCall && (!effect.endsGuest || entry.breaker !== before)) {
      this.#failUnlessUnavailable(where, reasonOfCall(death.error, undefined));
    }
    if (isHolding(before) || !isHolding(entry.breaker)) return;
    const { name } = plugin;
    this.#didOpenBreaker?.({ plugin: name, scope: entry.home.scope, digest: entry.digest, error: death.error });
  }

  /** Ends the registry with its host: `getRegistry()` no longer finds it. Safe to call twice. */
  close(): void {
    openRegistries.delete(this);
  }

  #start(where: Where, isProbe: boolean): RunningCall {
    const call: RunningCall = { kind: 'running', plugin: where.plugin, entry: where.entry, isProbe, isSettled: false };
    this.#move(call, 'call_started', where.entry.reason);
    return call;
  }

  #succeed(where: Where, durationMs: number | undefined): void {
    const { plugin, entry } = where;
    entry.home.successCount += 1;
    this.#addRun(where, durationMs);
    const event = entry.breaker.kind === 'closed' ? 'call_succeeded' : 'call_succeeded_breaker_open';
    const after = next(entry.lifecycle, event).standing;
    this.#move(where, event, after === 'INITIALIZED' ? undefined : entry.reason);
    // A release that serves one scope well is not broken for scopes that have not run yet.
    if (plugin.base.lifecycle.standing !== 'INITIALIZED' && entry.digest === plugin.digest) this.#mendBase(plugin);
  }

  #mendBase(plugin: PluginRecord): void {
    if (plugin.base.lifecycle.standing === 'UNAVAILABLE') return;
    plugin.initializedAt ??= this.#clock.now();
    this.#move({ plugin, entry: plugin.base }, 'initialized', undefined);
  }

  #fail(where: Where, reason: Reason, durationMs: number | undefined): void {
    const { entry } = where;
    entry.home.errorCount += 1;
    this.#addRun(where, durationMs);
    this.#move(where, 'call_failed', entry.lifecycle.standing === 'UNAVAILABLE' ? entry.reason : reason);
  }

  #addRun({ plugin, entry }: Where, durationMs: number | undefined): void {
    if (durationMs === undefined) return;
    const now = this.#clock.now();
    addRun(plugin.runs, durationMs, now);
    addRun(entry.home.runs, durationMs, now);
  }

  /** The one place where a state changes. Remembers it where it shows. */
  #move({ plugin, entry }: Where, event: LifecycleEvent, reason: Reason | undefined): void {
    const from = stateOf(entry.lifecycle);
    entry.lifecycle = next(entry.lifecycle, event);
    entry.reason = reason;
    const to = stateOf(entry.lifecycle);
    if (from === to) return;
    const { home, digest } = entry;
    const shown = to === 'RUNNING' ? undefined : reason;
    const row = remember(home.history, { from, to, cause: event, reason: shown?.text, digest }, this.#clock.now());
    if (row === undefined || this.#didTransition === undefined) return;
    this.#didTransition(toTransition({ plugin: plugin.name, scope: home.scope }, row, this.#moment()), shown?.code);
  }

  #failUnlessUnavailable(where: Where, reason: Reason): void {
    if (where.entry.lifecycle.standing !== 'UNAVAILABLE') this.#move(where, 'failed', reason);
  }

  #mark(plugin: PluginRecord, subject: Subject, change: Mark): void {
    for (const entry of entriesOf(plugin, subject)) this.#move({ plugin, entry }, change.event, change.reason);
    if (subject.scope === undefined && change.event !== 'initialized') plugin.initializedAt = undefined;
  }

  #known(name: string): PluginRecord {
    const known = this.#plugins.get(name);
    if (known !== undefined) return known;
    const plugin = createPluginRecord(name);
    this.#plugins.set(name, plugin);
    return plugin;
  }

  #require(name: string): PluginRecord {
    const plugin = this.#plugins.get(name);
    if (plugin === undefined) throw new HostError('PLUGIN_NOT_FOUND', { message: 'Plugin not found' });
    return plugin;
  }

  #moment(): Moment {
    return { now: this.#clock.now(), wallTime: this.#clock.wallTime() };
  }
}

export type { HeldBack, Registry, RunningCall, Subject };

function isHolding({ kind }: Entry['breaker']): boolean {
  return kind === 'open' || kind === 'held';
}
