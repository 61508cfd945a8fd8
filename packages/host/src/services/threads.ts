/**
 * Threads of plugins (F004-3, X004-7): named work inside a guest that runs beside its calls. The guest runs them; here it is
 * judged which may start, heard that they live, and told how that leaves the plugin. By the host's own clock: a guest whose
 * event loop is blocked beats no more, and says nothing.
 *
 * T1: An instance has at most 16 threads, each of a name of its own.
 * T2: A thread without a beat for 30 s is a warning until it beats again; one that threw is an error until its name starts
 *     again or its instance is gone.
 * T3: With its instance every thread is gone from here, too.
 */
import { LIMITS, callError, type HealthWord } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';
import {
  given,
  invalid,
  refused,
  textOf,
  type ServiceMethod,
  type ServiceRequest,
  type ServiceResult,
  type Speaker,
} from './desk.ts';

/**
 * A thread as an operator sees it; the names are the wire's.
 *
 * @public
 */
export type ThreadView = {
  readonly name: string;
  readonly state: 'running' | 'silent' | 'dead';
  readonly last_beat_seconds: number;
};

/** How the threads of a plugin leave it, in words; undefined where all is well. */
export type ThreadConcern = { readonly word: Extract<HealthWord, 'warning' | 'error'>; readonly message: string };

/** When a thread counts as silent, and how often that is looked at. */
export type ThreadTiming = { readonly silentMs: number; readonly lookEveryMs: number };

/** What the threads of a host are made of. */
export type ThreadsOptions = {
  readonly clock: Pick<Clock, 'now'>;
  readonly startTimer: StartTimer;
  readonly timing: ThreadTiming;
  /** Told of one plugin's and tenant's threads whenever that changes. Trials are nobody's concern. */
  readonly didChange: (plugin: string, tenant: string, concern: ThreadConcern | undefined) => void;
};

/** The threads of one host. */
export type Threads = {
  readonly methods: Readonly<Record<string, ServiceMethod>>;
  /** Of one instance, by name. */
  readonly of: (speaker: Speaker) => readonly ThreadView[];
  /** Tells whether the instance has a thread that has not ended. */
  readonly isBusy: (speaker: Speaker) => boolean;
  /** The instance is gone (T3). */
  readonly didLeave: (speaker: Speaker) => void;
  readonly close: () => void;
};

type Thread = { readonly name: string; beatAt: number; isSilent: boolean; isDead: boolean; hasEnded: boolean };

const THREADS_MAX = LIMITS.threads.value;
const NAME = `^[A-Za-z0-9][A-Za-z0-9_.:-]{0,${LIMITS.thread_name_characters.value - 1}}$`;
const name = { type: 'string', pattern: NAME };
const interval = { type: 'integer', minimum: 10, maximum: LIMITS.thread_interval_ms.value };

/** Makes the threads of a host, of which there are none yet. */
export function createThreads(options: ThreadsOptions): Threads {
  const { clock, startTimer, timing } = options;
  const roster = createRoster();
  /** What was told last, by plugin and tenant. */
  const told = new Map<string, string>();
  let stopTimer: (() => void) | undefined;

  function tell(speaker: Speaker): void {
    const { plugin, tenant, isTrial } = speaker;
    if (isTrial) return;
    const concern = concernOf(plugin, roster.besides(speaker));
    if (told.get(keyOf(speaker)) === concern?.message) return;
    if (concern === undefined) told.delete(keyOf(speaker));
    else told.set(keyOf(speaker), concern.message);
    options.didChange(plugin, tenant, concern);
  }

  function look(): void {
    const at = clock.now();
    for (const [speaker, threads] of roster.all()) {
      for (const thread of threads.values()) thread.isSilent = !thread.isDead && at - thread.beatAt > timing.silentMs;
      tell(speaker);
    }
    stopTimer = roster.isEmpty() ? undefined : startTimer(timing.lookEveryMs, look);
  }

  async function start({ speaker, tenant, args }: ServiceRequest): Promise<ServiceResult> {
    const wanted = textOf(args, 'name') ?? '';
    const refusal = refuseScope(speaker, tenant) ?? refuseName(roster.of(speaker), wanted);
    if (refusal !== undefined) return refusal;
    roster.add(speaker, { name: wanted, beatAt: clock.now(), isSilent: false, isDead: false, hasEnded: false });
    stopTimer ??= startTimer(timing.lookEveryMs, look);
    tell(speaker);
    return given({});
  }

  /** Does something to a thread that lives, and tells where it changed how it is. */
  function change(effect: (thread: Thread, args: ServiceRequest['args']) => void): ServiceMethod['run'] {
    return async ({ speaker, args }) => {
      const threads = roster.of(speaker);
      const thread = threads.get(textOf(args, 'name') ?? '');
      if (thread === undefined || thread.isDead) return given({});
      effect(thread, args);
      if (thread.hasEnded) threads.delete(thread.name);
      tell(speaker);
      return given({});
    };
  }

  return {
    methods: {
      start: { takes: takes({ name, interval_ms: interval }), needs: () => 'threads', run: start },
      beat: { takes: takes({ name }), run: change(beat(clock)) },
      end: { takes: takes({ name, has_failed: { type: 'boolean' } }), run: change(end) },
    },
    of: (speaker) => [...roster.of(speaker).values()].map((thread) => viewOf(thread, clock.now())),
    isBusy: (speaker) => [...roster.of(speaker).values()].some(({ isDead }) => !isDead),
    didLeave: (speaker) => {
      if (roster.remove(speaker)) tell(speaker);
    },
    close: () => stopTimer?.(),
  };
}

type ThreadsByName = Map<string, Thread>;
const NONE: ThreadsByName = new Map();

/** Threads by instance, and those by plugin and tenant: while instances change there is more than one of these. */
function createRoster() {
  const places = new Map<string, Map<Speaker, ThreadsByName>>();
  return {
    of: (speaker: Speaker): ThreadsByName => places.get(keyOf(speaker))?.get(speaker) ?? NONE,
    add: (speaker: Speaker, thread: Thread): void => {
      const place = places.get(keyOf(speaker)) ?? new Map<Speaker, ThreadsByName>();
      const threads = place.get(speaker) ?? (new Map() as ThreadsByName); // Its type is the place's.
      threads.set(thread.name, thread);
      place.set(speaker, threads);
      places.set(keyOf(speaker), place);
    },
    /** Tells whether it was there. */
    remove: (speaker: Speaker): boolean => {
      const place = places.get(keyOf(speaker));
      const wasThere = place?.delete(speaker) === true;
      if (place?.size === 0) places.delete(keyOf(speaker));
      return wasThere;
    },
    all: () => [...places.values()].flatMap((place) => [...place]),
    /** Those of all instances of the same plugin and tenant. */
    besides: (speaker: Speaker): readonly Thread[] =>
      [...(places.get(keyOf(speaker))?.values() ?? [])].flatMap((threads) => [...threads.values()]),
    isEmpty: () => places.size === 0,
  };
}

/** A trial is a place of its own. */
function keyOf({ plugin, tenant, isTrial }: Speaker): string {
  return `${isTrial ? 'trial' : ''}\0${tenant}\0${plugin}`;
}

function beat({ now }: ThreadsOptions['clock']): (thread: Thread) => void {
  return (thread) => {
    thread.beatAt = now();
    thread.isSilent = false;
  };
}

function end(thread: Thread, args: ServiceRequest['args']): void {
  thread.isSilent = false;
  thread.isDead = args['has_failed'] === true;
  thread.hasEnded = !thread.isDead;
}

function takes(properties: Readonly<Record<string, object>>): ServiceMethod['takes'] {
  return { type: 'object', properties, required: ['name'], additionalProperties: false } as ServiceMethod['takes']; // JSON.
}

function refuseScope(speaker: Speaker, tenant: string): ServiceResult | undefined {
  if (speaker.tenant !== tenant) return invalid('an instance that serves every tenant has no threads');
  if (speaker.isSingleUse !== true) return undefined;
  return invalid('an instance that serves a single call has no threads; that takes the sandbox scope "tenant"');
}

function refuseName(threads: ReadonlyMap<string, Thread>, wanted: string): ServiceResult | undefined {
  const known = threads.get(wanted);
  if (known?.isDead === false) return invalid(`a thread named "${wanted}" runs already; stop it first`);
  return known === undefined && threads.size >= THREADS_MAX ? tooMany() : undefined;
}

function tooMany(): ServiceResult {
  const limit = { name: 'threads', allowed: THREADS_MAX, observed: THREADS_MAX + 1, unit: 'threads' };
  const message = `the instance has ${THREADS_MAX} threads already; stop one first`;
  return refused(callError('SERVICE_QUOTA_EXCEEDED', { message, limit }));
}

function concernOf(plugin: string, threads: readonly Thread[]): ThreadConcern | undefined {
  const dead = threads.filter(({ isDead }) => isDead);
  if (dead.length > 0)
    return { word: 'error', message: `${named(dead)} of plugin "${plugin}" ended with an error; its log says which` };
  const silent = threads.filter(({ isSilent }) => isSilent);
  if (silent.length === 0) return undefined;
  return { word: 'warning', message: `no heartbeat from ${named(silent)} of plugin "${plugin}"` };
}

function named(threads: readonly Thread[]): string {
  const names = threads.map((thread) => `"${thread.name}"`).join(', ');
  return threads.length === 1 ? `thread ${names}` : `threads ${names}`;
}

function viewOf({ name: own, isDead, isSilent, beatAt }: Thread, now: number): ThreadView {
  const silentOr = isSilent ? 'silent' : 'running';
  return { name: own, state: isDead ? 'dead' : silentOr, last_beat_seconds: Math.round(now - beatAt) / 1_000 };
}
