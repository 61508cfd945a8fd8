/**
 * What the registry keeps of a plugin: its release, and for each scope the counters, run times, history and, for each
 * release that runs there, state, reason and breaker. Mutable, and owned by the registry alone; nobody else holds one.
 *
 *   plugin ── base (what scopes that never ran inherit)
 *     └── scope "default" ── counters, runs, history
 *     │     ├── entry of digest 1f…: lifecycle, reason, breaker      (draining)
 *     │     └── entry of digest 9c…: lifecycle, reason, breaker      (live)
 *     └── scope "acme" ── …
 */
import type { ErrorCode, HealthWord, JsonObject, Tier } from '@bulkhead/protocol';
import { CLOSED, type Breaker } from './breaker.ts';
import type { History } from './history.ts';
import { LOADED, type Lifecycle } from './lifecycle.ts';

/** A reason; `isThrown` marks text that a tenant's call may have caused, which only that tenant and the platform see. */
export type Reason = { readonly code: ErrorCode; readonly text: string; readonly isThrown: boolean };

/** Last 10 durations in milliseconds as a ring, and the monotonic time of the latest run. */
export type Runs = {
  readonly recent: number[];
  nextSlot: number;
  lastMs: number | undefined;
  lastUsedAt: number | undefined;
};

/** One release for one scope. */
export type Entry = {
  readonly home: ScopeRecord;
  readonly digest: string;
  lifecycle: Lifecycle;
  reason: Reason | undefined;
  breaker: Breaker;
  /** The scope has moved on from it; it stands in for the release that the scope runs, and its standing is not the scope's. */
  isAside: boolean;
};

/** What is kept of a plugin for one scope, across its releases. */
export type ScopeRecord = {
  readonly scope: string;
  readonly entries: Map<string, Entry>;
  readonly runs: Runs;
  readonly history: History;
  successCount: number;
  errorCount: number;
  health: HealthNote | undefined;
  concern: HealthConcern | undefined;
};

/** What a health check said, or the host in its place; `at` is monotonic milliseconds. */
export type HealthNote = {
  readonly word: HealthWord;
  readonly message: string;
  readonly metrics: JsonObject;
  readonly at: number;
};

/** What a health check said. `isFault`: it threw, was late, or answered what is no report. */
export type SaidHealth = Omit<HealthNote, 'at'> & { readonly isFault: boolean };

/** What is wrong with a plugin beside what it says itself. */
export type HealthConcern = { readonly word: Extract<HealthWord, 'warning' | 'error'>; readonly message: string };

/** What is kept of a plugin. `digest` is "" where no release is known; `initializedAt` is monotonic milliseconds. */
export type PluginRecord = {
  readonly name: string;
  readonly base: Entry;
  readonly scopes: Map<string, ScopeRecord>;
  /** Over all scopes, for whoever may not see one. */
  readonly runs: Runs;
  /** Where it came from: a folder, or a word such as "upload". */
  place: string | undefined;
  description: string | undefined;
  version: string | undefined;
  digest: string;
  tier: Tier | undefined;
  initializedAt: number | undefined;
  /** False where the name is known by a refusal or a failed load alone. */
  isRegistered: boolean;
  isListed: boolean;
};

/** What is known of a release when its plugin is registered; `place` is the folder, or a word such as "upload". */
export type PluginFacts = {
  readonly place?: string;
  readonly description?: string;
  readonly version?: string;
  readonly digest?: string;
  readonly tier?: Tier;
  /** False for what the health plane does not list, such as `file:<basename>`. */
  readonly isListed?: boolean;
};

/** Runs that the average is taken over (X001-2). */
const RUNS_AVERAGED = 10;
/** Name of the base in the history; no tenant can have it. */
export const PLATFORM_SCOPE = '*';

/** Makes the record of a plugin of which only the name is known. */
export function createPluginRecord(name: string): PluginRecord {
  return {
    name,
    base: createEntry(createScopeRecord(PLATFORM_SCOPE), ''),
    scopes: new Map(),
    runs: createRuns(),
    place: undefined,
    description: undefined,
    version: undefined,
    digest: '',
    tier: undefined,
    initializedAt: undefined,
    isRegistered: false,
    isListed: true,
  };
}

/** Makes the record of a scope that never ran. */
export function createScopeRecord(scope: string): ScopeRecord {
  return {
    scope,
    entries: new Map(),
    runs: createRuns(),
    history: [],
    successCount: 0,
    errorCount: 0,
    health: undefined,
    concern: undefined,
  };
}

/** Makes an entry that stands where `like` stands, with no call in flight and a closed breaker. */
export function createEntry(home: ScopeRecord, digest: string, like?: Entry): Entry {
  const lifecycle = like === undefined ? LOADED : { standing: like.lifecycle.standing, callsInFlight: 0 };
  return { home, digest, lifecycle, reason: like?.reason, breaker: CLOSED, isAside: false };
}

/** Keeps new facts in place of old ones; what is not known now stays as it was. */
export function learnFacts(plugin: PluginRecord, facts: PluginFacts): void {
  plugin.place = facts.place ?? plugin.place;
  plugin.description = facts.description ?? plugin.description;
  plugin.version = facts.version ?? plugin.version;
  plugin.digest = facts.digest ?? plugin.digest;
  plugin.tier = facts.tier ?? plugin.tier;
  plugin.isListed = facts.isListed ?? plugin.isListed;
}

/** Keeps what was said of a scope's health at a time; a check that failed counts as an error (X004-2). */
export function noteHealth(home: ScopeRecord, said: HealthWord | SaidHealth, at: number): void {
  const { isFault, ...note } = typeof said === 'string' ? { word: said, ...UNSAID } : said;
  home.health = { ...note, at };
  if (isFault) home.errorCount += 1;
}

const UNSAID = { message: '', metrics: {}, isFault: false };

/** Adds one run to a ring of {@link RUNS_AVERAGED}. O(1). */
export function addRun(runs: Runs, durationMs: number, at: number): void {
  runs.recent[runs.nextSlot] = durationMs;
  runs.nextSlot = (runs.nextSlot + 1) % RUNS_AVERAGED;
  runs.lastMs = durationMs;
  runs.lastUsedAt = at;
}

function createRuns(): Runs {
  return { recent: [], nextSlot: 0, lastMs: undefined, lastUsedAt: undefined };
}
