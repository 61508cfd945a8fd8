/**
 * A worker: claims tasks that its handlers can do, one after another in each of its lanes, until it has a reason to go.
 *
 *   claim (long wait) --> work on the lease --> claim ...
 *
 *   it leaves by  success  one-shot: its one task is done           timeout  it has run as long as it may
 *                 idle     nothing to do for as long as it waits    signal   whoever started it wants it to
 *                 error    the queue refuses it, or a bug of ours
 *
 * W3: Once it leaves it claims nothing more, and what is in hand is finished and given back first (X000-15).
 * W4: A queue that is away ends no worker: it waits in pauses that double, and time without a queue is not idle time.
 */
import { HostError, withImpliedTags, type AuditedResult, type HandlerOffer, type TaskLease } from '@bulkhead/host';
import { TASK_KINDS, type TaskKind } from '@bulkhead/protocol';
import { asError, isAway, pause, PAUSE_MS, pauseMs, type WorkerClock } from './queue-away.ts';
import { workOnLease, type DeliveryEvent, type LeaseFate, type TaskRunner, type WorkerQueue } from './work-on-lease.ts';

/**
 * Why a worker ended (X000-15).
 *
 * @public
 */
export type WorkerExitReason = 'success' | 'idle' | 'error' | 'timeout' | 'signal';

/**
 * What a worker says while it works. `away`: the queue does not answer, and is tried again after `pauseMs`; with a result in hand it is `waits`
 * and `delivered` of {@link DeliveryEvent} in its place.
 *
 * @public
 */
export type WorkerEvent =
  | { readonly kind: 'claimed'; readonly lease: TaskLease }
  | {
      readonly kind: 'task';
      readonly lease: TaskLease;
      readonly result: AuditedResult;
      readonly fate: LeaseFate;
      readonly durationMs: number;
    }
  | { readonly kind: 'away'; readonly error: Error; readonly pauseMs: number }
  | DeliveryEvent;

/**
 * Defaults of a worker (X000-15, CONTRACTS decision 7): a lease that is held by a heartbeat every third of it, how long it waits in one claim,
 * and after how long without a task, and after how long at all, it leaves.
 *
 * @public
 */
export const WORKER_DEFAULTS = {
  concurrency: 1,
  leaseMs: 10_000,
  claimWaitMs: 30_000,
  idleExitMs: 600_000,
  uptimeMaxMs: 14_400_000,
} as const;

/**
 * What a worker is made of. `tags` need not name what they imply; `kinds` are those of its handlers ({@link workerKinds}). `isOneShot`: it
 * claims exactly one task.
 *
 * @public
 */
export type WorkerOptions = {
  readonly queue: WorkerQueue;
  readonly runTask: TaskRunner;
  readonly workerId: string;
  readonly tags: readonly string[];
  readonly kinds: readonly TaskKind[];
  readonly isOneShot?: boolean;
  readonly concurrency?: number;
  readonly leaseMs?: number;
  readonly claimWaitMs?: number;
  readonly idleExitMs?: number;
  readonly uptimeMaxMs?: number;
  readonly clock: WorkerClock;
  readonly didHappen?: (event: WorkerEvent) => void;
};

/**
 * How a worker ended; `error` is there where that is why. `tasks` are those that it has had in hand.
 *
 * @public
 */
export type WorkerExit = { readonly reason: WorkerExitReason; readonly tasks: number; readonly error?: Error };

/**
 * A worker that has not begun.
 *
 * @public
 */
export type Worker = {
  /** Works until there is a reason to go; an abort drains. Never rejects. To be called once. */
  readonly run: (signal: AbortSignal) => Promise<WorkerExit>;
};

/**
 * Makes a worker. It opens nothing: who made queue and host closes them, after the end.
 *
 * @throws {HostError} `VALIDATION_FAILED` where there are no kinds: such a worker would wait for nothing.
 * @public
 */
export function createWorker(options: WorkerOptions): Worker {
  if (options.kinds.length === 0)
    throw new HostError('VALIDATION_FAILED', {
      message: `worker "${options.workerId}" has no handler that its tags allow; expected at least one`,
      hint: 'Name plugins with task handlers, and the tags that their handlers provide.',
    });
  const { isOneShot = false, concurrency = WORKER_DEFAULTS.concurrency } = options;
  const settings = {
    ...WORKER_DEFAULTS,
    didHappen: () => undefined,
    ...options,
    ...{ isOneShot, concurrency: isOneShot ? 1 : concurrency, tags: withImpliedTags(options.tags) },
  };
  return { run: (signal) => new Shift(settings).run(signal) };
}

/**
 * Lists the kinds of tasks that handlers may be given on a worker with these tags, in the order of `TASK_KINDS`.
 *
 * @param tags - Of the worker; what they imply counts.
 * @public
 */
export function workerKinds(offers: readonly HandlerOffer[], tags: readonly string[]): readonly TaskKind[] {
  const having = new Set(withImpliedTags(tags));
  const usable = offers.filter(({ provides, plugin_tags: borne = provides }) =>
    provides.every((tag) => having.has(tag) && borne.includes(tag)),
  );
  return TASK_KINDS.filter((kind) => usable.some((offer) => offer.kind === kind));
}

type Settings = Required<WorkerOptions>;

/** The one run of a worker. */
class Shift {
  readonly #settings: Settings;
  /** Aborted once it leaves, whatever the reason; waiting claims end by it. */
  readonly #leaving = new AbortController();
  #exit: Omit<WorkerExit, 'tasks'> | undefined;
  #tasks = 0;
  #inHand = 0;
  #stopIdling: () => void = () => undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async run(signal: AbortSignal): Promise<WorkerExit> {
    const { clock, uptimeMaxMs, concurrency } = this.#settings;
    const didAbort = (): void => this.#leave({ reason: 'signal' });
    signal.addEventListener('abort', didAbort, { once: true });
    if (signal.aborted) didAbort();
    const stopUptime = clock.startTimer(uptimeMaxMs, () => this.#leave({ reason: 'timeout' }));
    this.#startIdling();
    try {
      await Promise.all(Array.from({ length: concurrency }, () => this.#lane()));
    } finally {
      signal.removeEventListener('abort', didAbort);
      stopUptime();
      this.#stopIdling();
    }
    return { reason: 'error', ...this.#exit, tasks: this.#tasks };
  }

  /** The first reason counts. */
  #leave(exit: Omit<WorkerExit, 'tasks'>): void {
    this.#exit ??= exit;
    this.#leaving.abort();
  }

  /** Each lane has at most one task. */
  async #lane(): Promise<void> {
    try {
      while (!this.#leaving.signal.aborted) {
        const lease = await this.#claim();
        if (lease === undefined) continue;
        await this.#work(lease);
        if (this.#settings.isOneShot) this.#leave({ reason: 'success' });
      }
    } catch (error) {
      this.#leave({ reason: 'error', error: asError(error) });
    }
  }

  /** W4. */
  async #claim(): Promise<TaskLease | undefined> {
    const { queue, workerId, tags, kinds, leaseMs, claimWaitMs, clock, didHappen } = this.#settings;
    const { signal } = this.#leaving;
    const claim = { worker_id: workerId, tags, kinds, lease_ms: leaseMs, wait_ms: claimWaitMs, signal };
    for (let failures = 1; !signal.aborted; failures += 1) {
      const since = clock.now();
      try {
        const lease = await queue.claim(claim);
        // A queue that does not wait is not to be asked in a circle.
        if (lease === undefined && clock.now() - since < PAUSE_MS.first) await pause(PAUSE_MS.first, clock, signal);
        return lease;
      } catch (error) {
        if (!isAway(error)) throw error;
        didHappen({ kind: 'away', error: asError(error), pauseMs: pauseMs(failures) });
        this.#startIdling();
        await pause(pauseMs(failures), clock, signal);
      }
    }
    return undefined;
  }

  async #work(lease: TaskLease): Promise<void> {
    const { clock, didHappen } = this.#settings;
    this.#stopIdling();
    this.#tasks += 1;
    this.#inHand += 1;
    const since = clock.now();
    didHappen({ kind: 'claimed', lease });
    try {
      const worked = await workOnLease(lease, { ...this.#settings, leaving: this.#leaving.signal });
      didHappen({ kind: 'task', lease, ...worked, durationMs: clock.now() - since });
    } finally {
      this.#inHand -= 1;
      this.#startIdling();
    }
  }

  /** From now on, unless a lane has a task. */
  #startIdling(): void {
    const { clock, idleExitMs } = this.#settings;
    this.#stopIdling();
    if (this.#inHand > 0) return;
    this.#stopIdling = clock.startTimer(idleExitMs, () => this.#leave({ reason: 'idle' }));
  }
}
