/**
 * This node among those that share its storage. Every few seconds it says that it lives and how its plugins are, and hears
 * the same of the others; what it heard is kept in memory, so that nobody who asks waits for a database. One that has been
 * silent for too long is lost, and the calls that it left are ended.
 *
 *   live ──silent, while this node heard the storage all the time──▶ silent ──its calls have been ended──▶ lost
 *     ▲───────────────────────────────says that it lives───────────────────────────────────────────────────┘
 *
 * M1: Only who has heard the storage without a break for as long may call another silent: after the storage was away,
 *     everybody has been.
 * M2: The calls of a lost node are ended once: several survivors may try, and a call that has ended is not ended again.
 * M3: Nothing that is read here waits for the storage.
 */
import { isoTime, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import type { NodePlugin, NodeReport, NodeRow, NodeStorage } from '../storage/nodes-port.ts';

/**
 * A node as an operator sees it. Times are ISO 8601.
 *
 * @public
 */
export type NodeView = Omit<NodeReport, 'state'> & {
  readonly state: NodeReport['state'] | 'lost';
  readonly heartbeat_at: string;
  /** The node that answers. */
  readonly is_self: boolean;
};

/**
 * The nodes that this one knows of.
 *
 * @public
 */
export type Nodes = {
  /** All of them in order of their starts, as they were heard last; this one as it is now. */
  readonly list: () => readonly NodeView[];
  /** How plugins are on the other nodes that live, by plugin. */
  readonly elsewhere: () => ReadonlyMap<string, readonly NodePlugin[]>;
  /** From now on it says that it takes no new calls. */
  readonly drain: () => void;
  /** Stops, and takes itself off the list where the storage answers. Idempotent. */
  readonly close: () => Promise<void>;
};

/** How often a node says that it lives, and after how long without it is lost. Milliseconds. */
export type NodeTiming = { readonly heartbeatMs: number; readonly lostMs: number };

/** What a node is told of itself, and whom it tells. */
export type NodesOptions = {
  readonly storage: NodeStorage;
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  readonly log: Pick<Log, 'warn'>;
  readonly timing: NodeTiming;
  readonly self: Omit<NodeReport, 'state' | 'plugins'>;
  readonly plugins: () => readonly NodePlugin[];
  /** Ends what a lost node left; it is asked again where it rejects. */
  readonly endLost: (node: string) => Promise<void>;
};

/** A storage that hangs does not keep a host from closing. */
const LEAVE_MS_MAX = 2_000;

/** Begins to say that this node lives, where others could hear it; the first answer is waited for. */
export async function openNodes(options: NodesOptions): Promise<Nodes> {
  const heart = createHeart(options);
  if (options.storage.isShared) await heart.begin();
  return {
    list: () => listNodes(options, heart.state),
    elsewhere: () => pluginsElsewhere(options, heart.state),
    drain: () => {
      heart.state.isDraining = true;
      if (options.storage.isShared) heart.beatSoon();
    },
    close: heart.close,
  };
}

/** What was heard last, at a monotonic time; `lost` are nodes by the last sign of life that they gave. */
type Heard = {
  rows: readonly NodeRow[];
  readAt: number;
  /** Since when every question was answered. */
  heardSince: number | undefined;
  readonly lost: Map<string, string>;
  isDraining: boolean;
};

function createHeart(options: NodesOptions) {
  const { storage, clock, startTimer, log, timing, self } = options;
  const state: Heard = { rows: [], readAt: clock.now(), heardSince: undefined, lost: new Map(), isDraining: false };
  let cancelTimer: (() => void) | undefined;
  let beating: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function beat(): Promise<void> {
    try {
      state.rows = await storage.beat(reportOf(options, state));
      state.readAt = clock.now();
      state.heardSince ??= state.readAt;
      await endSilent(options, state);
    } catch (error) {
      state.heardSince = undefined;
      log.warn({ err: error }, 'this node could not say that it lives; it tries again');
    }
    if (!isClosed) cancelTimer = startTimer(timing.heartbeatMs, beatSoon);
  }

  function beatSoon(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (!isClosed) beating = beating.then(beat);
  }

  async function close(): Promise<void> {
    if (isClosed) return beating;
    isClosed = true;
    cancelTimer?.();
    if (!storage.isShared) return undefined;
    // To the others it is lost, then, until they forget it.
    const left = beating
      .then(() => storage.removeNode(self.id))
      .catch((error: unknown) => log.warn({ err: error }, 'this node left without a word'));
    const waited = Promise.withResolvers<void>();
    const cancel = startTimer(LEAVE_MS_MAX, waited.resolve);
    beating = Promise.race([left, waited.promise]).finally(cancel);
    return beating;
  }

  return {
    state,
    beatSoon,
    close,
    begin: async (): Promise<void> => {
      beatSoon();
      await beating;
    },
  };
}

/** Keeps M1 and M2. */
async function endSilent({ clock, timing, self, endLost, log }: NodesOptions, state: Heard): Promise<void> {
  const heardMs = clock.now() - (state.heardSince ?? clock.now());
  for (const { id, heartbeat_at: at, silent_ms: silentMs, host_name: host } of state.rows) {
    if (state.lost.has(id) && state.lost.get(id) !== at) state.lost.delete(id); // It was heard again.
    if (id === self.id || state.lost.has(id) || Math.min(silentMs, heardMs) <= timing.lostMs) continue;
    log.warn({ node: id, host, heartbeat_at: at }, 'a node is lost; its calls in flight end as host_restart');
    await endLost(id);
    state.lost.set(id, at);
  }
}

function reportOf({ self, plugins }: NodesOptions, { isDraining }: Heard): NodeReport {
  return { ...self, state: isDraining ? 'draining' : 'ready', plugins: plugins() };
}

function listNodes(options: NodesOptions, state: Heard): readonly NodeView[] {
  const { self, clock } = options;
  const own = { ...reportOf(options, state), heartbeat_at: isoTime(clock.wallTime()), is_self: true };
  const others = state.rows.filter(({ id }) => id !== self.id);
  const views = others.map(({ silent_ms: _silentMs, ...row }) => ({
    ...row,
    state: state.lost.has(row.id) ? ('lost' as const) : row.state,
    is_self: false,
  }));
  return [...views, own].toSorted((a, b) => compare(a.started_at, b.started_at) || compare(a.id, b.id));
}

/** A node that was heard too long ago, also because nothing was heard, says nothing about now. */
function pluginsElsewhere(
  { self, clock, timing }: NodesOptions,
  state: Heard,
): ReadonlyMap<string, readonly NodePlugin[]> {
  const sinceMs = clock.now() - state.readAt;
  const live = state.rows.filter(
    ({ id, silent_ms: silentMs }) => id !== self.id && silentMs + sinceMs <= timing.lostMs,
  );
  return Map.groupBy(
    live.flatMap(({ plugins }) => plugins),
    ({ name }) => name,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
