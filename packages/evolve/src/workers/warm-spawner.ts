/**
 * The warm spawner (X000-16): keeps as many one-shot workers as there is work for, and a few that wait for more, so that a task never
 * waits for a worker to start.
 *
 *   every poll: reclaim ended leases -> count what is pending -> launch what is missing
 *
 * WS1: There are never more than `parallelMax` workers, and no fewer than `warmPool` unless they cannot be started.
 * WS2: It ends no worker of its own accord: each has one task, and goes once that is done or it has idled.
 * WS3: Workers that end before they were ready are not started in a circle: the pause before the next doubles.
 */
import { isAway, pause, pauseMs, type WorkerClock } from './queue-away.ts';
import type { WorkerExitReason } from './worker.ts';

/**
 * Defaults of a spawner (X000-16).
 *
 * @public
 */
export const SPAWNER_DEFAULTS = { warmPool: 2, parallelMax: 10, pollMs: 1_000 } as const;

/**
 * How many workers there should be: `min(parallelMax, max(warmPool, pending + warmPool))` (X000-16).
 *
 * @param pending - Tasks that wait and could be done, at least 0.
 * @public
 */
export function desiredWorkers(
  pending: number,
  { warmPool, parallelMax }: { readonly warmPool: number; readonly parallelMax: number },
): number {
  return Math.min(parallelMax, Math.max(warmPool, pending + warmPool));
}

/**
 * A worker that was launched. `ended` is how it ended, never rejects; `isReady` and `isIdle` are what it has said so far. `leave` has it
 * drain.
 *
 * @public
 */
export type LaunchedWorker = {
  readonly ended: Promise<{ readonly reason: WorkerExitReason }>;
  readonly isReady: () => boolean;
  readonly isIdle: () => boolean;
  readonly leave: () => void;
};

/**
 * What a spawner is made of. `pending` counts tasks that wait; `reclaim` returns leases that have ended, where there is a database to do
 * it in.
 *
 * @public
 */
export type SpawnerOptions = {
  readonly launch: () => LaunchedWorker;
  readonly pending: () => Promise<number>;
  readonly reclaim?: () => Promise<unknown>;
  readonly warmPool?: number;
  readonly parallelMax?: number;
  readonly pollMs?: number;
  readonly clock: WorkerClock;
  readonly didHappen?: (event: SpawnerEvent) => void;
};

/**
 * What a spawner says. `away`: the queue does not answer, and nothing is launched until it does.
 *
 * @public
 */
export type SpawnerEvent =
  | { readonly kind: 'launched' }
  | { readonly kind: 'ended'; readonly reason: WorkerExitReason }
  | { readonly kind: 'away'; readonly error: unknown };

/**
 * A spawner that has not begun; `live` and `idle` count its workers at this moment.
 *
 * @public
 */
export type WarmSpawner = {
  /** Works until the signal, then has its workers drain and waits for them. @throws What `pending` rejects with for good. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly live: () => number;
  readonly idle: () => number;
};

/**
 * Makes a spawner.
 *
 * @public
 */
export function createWarmSpawner(options: SpawnerOptions): WarmSpawner {
  const settings = { ...SPAWNER_DEFAULTS, ...options };
  const workers = new Set<LaunchedWorker>();
  const launcher = createLauncher(settings, workers);
  return {
    live: () => workers.size,
    idle: () => [...workers].filter((worker) => worker.isIdle()).length,
    run: async (signal) => {
      try {
        while (!signal.aborted) {
          const wanted = await wantedNow(settings);
          if (!signal.aborted) launcher.fill(wanted);
          await pause(settings.pollMs, settings.clock, signal);
        }
      } finally {
        for (const worker of workers) worker.leave();
        await Promise.all([...workers].map(({ ended }) => ended));
      }
    },
  };
}

type Settings = SpawnerOptions & Required<Pick<SpawnerOptions, 'warmPool' | 'parallelMax' | 'pollMs'>>;

/** Nothing, while the queue is away: a worker could only wait for it, too. */
async function wantedNow({ reclaim, pending, didHappen, ...sizes }: Settings): Promise<number> {
  try {
    await reclaim?.();
    return desiredWorkers(await pending(), sizes);
  } catch (error) {
    if (!isAway(error)) throw error;
    didHappen?.({ kind: 'away', error });
    return 0;
  }
}

function createLauncher({ launch, clock, didHappen }: Settings, workers: Set<LaunchedWorker>) {
  let failures = 0;
  let notBefore = -Infinity;

  function launchOne(): void {
    const worker = launch();
    workers.add(worker);
    didHappen?.({ kind: 'launched' });
    void worker.ended.then(({ reason }) => {
      workers.delete(worker);
      failures = worker.isReady() ? 0 : failures + 1;
      if (failures > 0) notBefore = clock.now() + pauseMs(failures); // WS3.
      didHappen?.({ kind: 'ended', reason });
    });
  }

  return {
    fill: (wanted: number): void => {
      if (clock.now() < notBefore) return;
      // Where none has come up yet, one shows as well as ten whether it can.
      const most = failures > 0 ? Math.min(wanted, workers.size + 1) : wanted;
      while (workers.size < most) launchOne();
    },
  };
}
