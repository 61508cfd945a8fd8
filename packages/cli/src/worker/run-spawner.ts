/**
 * `bulkhead worker start --warm-pool N`: a spawner of one-shot workers, each a process of its own that ends with its task.
 *
 * It ends its workers with itself: told to go it has them drain, and where it is killed the pipe to each breaks, by which they end.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  createWarmSpawner,
  createWorkerMetrics,
  type LaunchedWorker,
  type SpawnerEvent,
  type WorkerExitReason,
  type WorkerMetrics,
} from '@bulkhead/evolve/workers';
import { withImpliedTags } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { nextSignal } from '../shutdown.ts';
import type { Terminal } from '../terminal.ts';
import { openQueue, pendingFor } from './open-queue.ts';
import { shownPlace, type WorkerName } from './run-worker.ts';
import { serveMetrics } from './serve-metrics.ts';
import { createSayEvent, handlerLabel, parseWorkerLine, type SayEvent } from './worker-events.ts';
import { writeWorkerFile } from './worker-files.ts';
import { createWorkerLog, outliveReaders, PROCESS_CLOCK } from './worker-process.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** How a worker process is started: its arguments behind the command, and what its environment has beside ours. */
export type WorkerCommand = {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** A spawner. */
export type SpawnerSettings = WorkerSettings & {
  readonly spawner: { readonly warmPool: number; readonly parallelMax: number };
};

/** Keeps workers warm until a signal, then waits for them. */
export async function runSpawner(
  settings: SpawnerSettings,
  { name, command }: { readonly name: WorkerName; readonly command: WorkerCommand },
  terminal: Terminal,
): Promise<number> {
  outliveReaders();
  const log = createWorkerLog(terminal);
  const say = createSayEvent(settings.isJson, terminal);
  const stopping = new AbortController();
  void nextSignal(log).then(() => stopping.abort());
  await using cleanup = new AsyncDisposableStack();
  const { backlog, reclaim } = cleanup.use(await openQueue(settings.place, log));
  const tags = withImpliedTags(settings.tags);
  const runtimes = createRuntimes();
  const metrics: WorkerMetrics = createWorkerMetrics({
    runtimeSeconds: runtimes.seconds,
    spawner: { caps: tags.join(','), live: () => spawner.live(), idle: () => spawner.idle() },
  });
  const spawner = createWarmSpawner({
    ...settings.spawner,
    launch: () => launch(command, { metrics, say, runtimes }),
    pending: async () => pendingFor(await backlog(), tags),
    ...(reclaim !== undefined && { reclaim }),
    clock: PROCESS_CLOCK,
    didHappen: (event) => sayEvent(event, { metrics, say }),
  });
  const { metricsPort } = settings;
  const page = metricsPort === undefined ? undefined : cleanup.use(await serveMetrics(metricsPort, metrics.render));
  const queue = shownPlace(settings.place);
  const about = {
    id: name.id,
    kind: 'spawner',
    tags,
    handlers: [],
    queue,
    started_at: new Date().toISOString(),
  } as const;
  cleanup.defer(await writeWorkerFile(settings.dataDir, about));
  const { warmPool, parallelMax } = settings.spawner;
  const sizes = { warm_pool: warmPool, max_parallel: parallelMax };
  const metricsUrl = page === undefined ? {} : { metrics_url: page.url };
  say(
    { event: 'ready', worker_id: name.id, tags, queue, ...sizes, ...metricsUrl },
    `spawner ${name.id} keeps ${warmPool} workers warm for tasks of ${queue}, at most ${parallelMax}`,
  );
  await spawner.run(stopping.signal);
  say({ event: 'exit', reason: 'signal' }, 'ended (signal)');
  return EXIT_OK;
}

type Heard = { readonly metrics: WorkerMetrics; readonly say: SayEvent };

function sayEvent(event: SpawnerEvent, { metrics, say }: Heard): void {
  if (event.kind === 'launched') metrics.countLaunch();
  if (event.kind === 'ended') metrics.countExit(event.reason);
  if (event.kind !== 'away') return;
  const message = event.error instanceof Error ? event.error.message : 'the queue is away';
  say({ event: 'away', message }, message);
}

/** How long workers have run, all together, those that run counted. */
function createRuntimes() {
  const running = new Set<number>();
  let endedMs = 0;
  return {
    seconds: (): number => {
      const now = PROCESS_CLOCK.now();
      return (endedMs + [...running].reduce((sum, since) => sum + now - since, 0)) / 1_000;
    },
    start: (): (() => void) => {
      const since = PROCESS_CLOCK.now();
      running.add(since);
      return () => {
        running.delete(since);
        endedMs += PROCESS_CLOCK.now() - since;
      };
    },
  };
}

type Launching = Heard & { readonly runtimes: ReturnType<typeof createRuntimes> };
type Said = { isReady: boolean; isIdle: boolean; reason: WorkerExitReason };

const PARENT_FD = 3;
const REASONS: readonly WorkerExitReason[] = ['success', 'idle', 'error', 'timeout', 'signal'];

function launch({ args, env }: WorkerCommand, launching: Launching): LaunchedWorker {
  const said: Said = { isReady: false, isIdle: false, reason: 'error' };
  const stop = launching.runtimes.start();
  // The fourth pipe ends with this process, and so does then the worker (bin/bulkhead.js).
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    env: { ...process.env, ...env, BULKHEAD_PARENT_FD: String(PARENT_FD) },
  });
  const { promise: ended, resolve } = Promise.withResolvers<{ readonly reason: WorkerExitReason }>();
  const end = (): void => {
    stop();
    resolve({ reason: said.reason });
  };
  child.once('close', end).once('error', end);
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (text) => hear(parseWorkerLine(text), { said, ...launching }));
  return { ended, isReady: () => said.isReady, isIdle: () => said.isIdle, leave: () => void child.kill('SIGTERM') };
}

function hear(line: JsonObject | undefined, { said, metrics, say }: Heard & { readonly said: Said }): void {
  const event = line?.['event'];
  if (line === undefined || event === undefined) return;
  if (event === 'ready') [said.isReady, said.isIdle] = [true, true];
  if (event === 'claimed') said.isIdle = false;
  if (event === 'exit') said.reason = REASONS.find((reason) => reason === line['reason']) ?? 'error';
  if (event !== 'task') return;
  const [id, status, handler] = [line['task_id'], line['status'], line['handler']].map((value) =>
    JSON.stringify(value),
  );
  metrics.countTask(handlerLabel(line['handler']), textOf(line['status']));
  say({ ...line, event: 'task' }, `task ${id}: ${status} by ${handler}`);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'error';
}
