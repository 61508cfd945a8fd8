/**
 * Figures of workers for Prometheus (X000-29): of one worker, or of all that a warm spawner has started.
 */
import type { WorkerExitReason } from './worker.ts';

/**
 * Counts what workers do; synchronous, and never throws.
 *
 * @public
 */
export type WorkerMetrics = {
  /** A task has ended: `handler` is its plugin, `none` where none took it; `status` is the result's, or that it was dropped. */
  readonly countTask: (handler: string, status: string) => void;
  readonly countExit: (reason: WorkerExitReason) => void;
  readonly countLaunch: () => void;
  /** Prometheus text. */
  readonly render: () => Promise<string>;
};

/**
 * What is read when the page is rendered: seconds that workers of this process have run so far, and of a warm spawner how many of its
 * workers live, and have nothing to do; `caps` are their tags, joined by commas.
 *
 * @public
 */
export type WorkerFigures = {
  readonly runtimeSeconds: () => number;
  readonly spawner?: { readonly caps: string; readonly live: () => number; readonly idle: () => number };
};

/**
 * Creates the metrics of one process. Labels are bounded: a handler beyond a thousand is `other`.
 *
 * @public
 */
export function createWorkerMetrics(figures: WorkerFigures): WorkerMetrics {
  const tasks = new Map<string, Count>();
  const exits = new Map<string, Count>();
  const launches = new Map<string, Count>();
  const handlers = new Set<string>();
  return {
    countTask: (handler, status) => add(tasks, { handler: bounded(handlers, handler), status }),
    countExit: (reason) => add(exits, { reason }),
    countLaunch: () => add(launches, {}),
    render: () => render({ tasks, exits, launches }, figures),
  };
}

type Count = { readonly labels: Readonly<Record<string, string>>; value: number };
type Counts = ReadonlyMap<string, Count>;

function add(counts: Map<string, Count>, labels: Count['labels']): void {
  const key = JSON.stringify(labels);
  const known = counts.get(key);
  if (known === undefined) counts.set(key, { labels, value: 1 });
  else known.value += 1;
}

const HANDLERS_MAX = 1_000;

/** Beyond the bound there is one name for all others. */
function bounded(known: Set<string>, name: string): string {
  if (known.has(name)) return name;
  if (known.size >= HANDLERS_MAX) return 'other';
  known.add(name);
  return name;
}

type Kept = { readonly tasks: Counts; readonly exits: Counts; readonly launches: Counts };

/** Loads prom-client for the first page: most workers render none. */
async function render({ tasks, exits, launches }: Kept, { runtimeSeconds, spawner }: WorkerFigures): Promise<string> {
  const { Counter, Gauge, Registry } = await import('prom-client');
  const page = new Registry();
  const registers = [page];
  const counter = (name: string, help: string, counts: Counts): void => {
    const labelNames = [...new Set([...counts.values()].flatMap(({ labels }) => Object.keys(labels)))];
    const made = new Counter({ name, help, labelNames, registers });
    for (const { labels, value } of counts.values()) made.inc(labels, value);
  };
  const gauge = (name: string, help: string): InstanceType<typeof Gauge> =>
    new Gauge({ name, help, labelNames: ['caps'], registers });
  counter('worker_task_total', 'Tasks that workers have ended, by handler and status.', tasks);
  counter('worker_exit_reason_total', 'Workers that have ended, by reason.', exits);
  gauge('worker_runtime_seconds', 'Seconds that the workers of this process have run, all together.').set(
    runtimeSeconds(),
  );
  if (spawner === undefined) return page.metrics();
  const { caps, live, idle } = spawner;
  gauge('warm_spawner_live_workers', 'Workers of the spawner that live.').set({ caps }, live());
  gauge('warm_spawner_idle_workers', 'Workers of the spawner that have nothing to do.').set(idle());
  counter('warm_spawner_launch_total', 'Workers that the spawner has started.', launches);
  return page.metrics();
}
