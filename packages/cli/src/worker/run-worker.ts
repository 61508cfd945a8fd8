/**
 * `bulkhead worker start`: one worker in the foreground, from its settings to its end.
 *
 *   queue, and host with handlers, at once -> metrics -> file -> ready -> claim and work -> reason to go -> drained -> closed
 */
import { createWorker, createWorkerMetrics, runTask, workerKinds, type WorkerMetrics } from '@bulkhead/evolve/workers';
import { withImpliedTags, type Log } from '@bulkhead/host';
import type { TaskKind } from '@bulkhead/protocol';
import { isCodedError } from '../coded-error.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { nextSignal } from '../shutdown.ts';
import type { Terminal } from '../terminal.ts';
import { imageTag } from '../tasks/image-tag.ts';
import { UsageError } from '../usage-error.ts';
import { openHandlers, type OpenHandlers } from './open-handlers.ts';
import { openQueue, type OpenQueue } from './open-queue.ts';
import { serveMetrics, type MetricsPage } from './serve-metrics.ts';
import { createSayEvent, handlerLabel, sayExit, sayWorkerEvent, type SayEvent } from './worker-events.ts';
import { writeWorkerFile, type WorkerFile } from './worker-files.ts';
import { createWorkerLog, outliveReaders, PROCESS_CLOCK } from './worker-process.ts';
import type { QueuePlace, WorkerSettings } from './worker-settings.ts';

/** Who the worker is. */
export type WorkerName = { readonly id: string; readonly version: string };

/** Works until there is a reason to go; exit code 1 where that is an error. */
export async function runWorker(settings: WorkerSettings, name: WorkerName, terminal: Terminal): Promise<number> {
  outliveReaders();
  const log = createWorkerLog(terminal);
  const say = createSayEvent(settings.isJson, terminal);
  const stopping = new AbortController();
  void nextSignal(log).then(() => stopping.abort());
  await using cleanup = new AsyncDisposableStack();
  const [opened, handlers] = await openBoth(settings, cleanup, log);
  const startedMs = PROCESS_CLOCK.now();
  const metrics = createWorkerMetrics({ runtimeSeconds: () => (PROCESS_CLOCK.now() - startedMs) / 1_000 });
  const page = await metricsPage(settings, metrics, handlers);
  if (page !== undefined) cleanup.use(page);
  const worker = { settings, name, handlers, opened, metrics, say };
  const kinds = kindsOf(worker);
  cleanup.defer(await writeWorkerFile(settings.dataDir, fileOf(worker)));
  sayReady(worker, kinds, page);
  if (!settings.isOneShot) cleanup.defer(keepReclaiming(opened, log));
  const exit = await workerOf(worker, kinds).run(stopping.signal);
  metrics.countExit(exit.reason);
  sayExit(exit, say);
  return exit.reason === 'error' ? EXIT_FAILED : EXIT_OK;
}

/** Both take their time, and neither waits for the other. */
async function openBoth(
  settings: WorkerSettings,
  cleanup: AsyncDisposableStack,
  log: ReturnType<typeof createWorkerLog>,
): Promise<readonly [OpenQueue, OpenHandlers]> {
  const opening = [openQueue(settings.place, log), openHandlers(settings, log)] as const;
  const ends = await Promise.allSettled(opening);
  for (const end of ends) if (end.status === 'fulfilled') cleanup.use(end.value);
  return Promise.all(opening);
}

const RECLAIM_EVERY_MS = 1_000;

/**
 * Returns leases that have ended, once a second: of workers on a database alone nobody else would. Where a server does it, or others, nothing is
 * left to return. The function ends it.
 */
function keepReclaiming({ reclaim }: OpenQueue, log: Pick<Log, 'warn'>): () => Promise<void> {
  if (reclaim === undefined) return () => Promise.resolve();
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    running ??= reclaim()
      // A queue that is away the worker speaks of itself.
      .catch((error: unknown) => {
        if (!isCodedError(error)) log.warn({ err: error }, 'leases that have ended were not returned');
      })
      .finally(() => (running = undefined));
  }, RECLAIM_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

type Parts = {
  readonly settings: WorkerSettings;
  readonly name: WorkerName;
  readonly handlers: OpenHandlers;
  readonly opened: OpenQueue;
  readonly metrics: WorkerMetrics;
  readonly say: SayEvent;
};

/** @throws {UsageError} A worker that can do nothing would wait for ever. */
function kindsOf({ handlers, settings }: Parts): readonly TaskKind[] {
  const { offers, unavailable } = handlers.handlers;
  const kinds = workerKinds(offers, settings.tags);
  if (kinds.length > 0) return kinds;
  const lacking = offers.map(({ plugin, name, provides }) => `${plugin} ${name} provides ${provides.join(', ')}`);
  const down = unavailable.map(({ plugin, reason }) => `${plugin}: ${reason}`);
  const none = settings.allow === undefined ? 'no plugin has any' : `no plugin has ${settings.allow.join(', ')}`;
  const why = [...lacking, ...down, ...handlers.refused].join('; ') || none;
  throw new UsageError(
    `no handler can work with the tags ${withImpliedTags(settings.tags).join(', ')}: ${why}`,
    'Name what this machine has with --tags, and plugins with --plugins; --allow leaves out what it does not name.',
  );
}

function workerOf(
  { settings, name, handlers: { host, handlers }, opened, metrics, say }: Parts,
  kinds: readonly TaskKind[],
) {
  const { tags, isOneShot, concurrency, leaseMs, idleExitMs, uptimeMaxMs } = settings;
  const own = {
    ...{ host, ...handlers, workerTags: withImpliedTags(tags), workerId: name.id },
    ...{ imageTag: imageTag(name.version), clock: { now: () => Date.now() } },
  };
  return createWorker({
    ...{ queue: opened.queue, workerId: name.id, tags, kinds, clock: PROCESS_CLOCK },
    ...{ isOneShot, concurrency, leaseMs, idleExitMs, uptimeMaxMs },
    runTask: (task, whose) => runTask(task, { ...own, ...whose }),
    didHappen: (event) => {
      if (event.kind === 'task') metrics.countTask(handlerLabel(event.result.handler_version), event.result.status);
      sayWorkerEvent(event, say);
    },
  });
}

async function metricsPage(
  { metricsPort }: WorkerSettings,
  metrics: WorkerMetrics,
  { host }: OpenHandlers,
): Promise<MetricsPage | undefined> {
  if (metricsPort === undefined) return undefined;
  return serveMetrics(metricsPort, async () => `${await host.metrics()}\n${await metrics.render()}`);
}

/** Where tasks come from, without user and password. */
export function shownPlace(place: QueuePlace): string {
  if (place.kind === 'server') return place.remote.server;
  const { protocol, host, pathname } = new URL(place.url);
  return `${protocol}//${host}${pathname}`;
}

function fileOf({ settings, name, handlers }: Parts): Omit<WorkerFile, 'identity'> {
  return {
    id: name.id,
    kind: 'worker',
    tags: withImpliedTags(settings.tags),
    handlers: handlerNames(handlers),
    queue: shownPlace(settings.place),
    started_at: new Date().toISOString(),
  };
}

function handlerNames({ handlers }: OpenHandlers): readonly string[] {
  return handlers.offers.map(({ plugin, version, name }) => `${plugin} ${version} ${name}`);
}

function sayReady(
  { settings, name, handlers, say }: Parts,
  kinds: readonly TaskKind[],
  page: MetricsPage | undefined,
): void {
  const unavailable = handlers.handlers.unavailable.map(({ plugin, reason }) => ({ plugin, reason }));
  const tags = withImpliedTags(settings.tags);
  const metrics = page === undefined ? {} : { metrics_url: page.url };
  const names = handlerNames(handlers);
  const down = unavailable.map(({ plugin, reason }) => `; unavailable: ${plugin}: ${reason}`);
  const refused = handlers.refused.map((why) => `; refused: ${why}`);
  say(
    {
      ...{ event: 'ready', worker_id: name.id, tags, kinds, handlers: names, unavailable },
      ...{ refused: handlers.refused, queue: shownPlace(settings.place), ...metrics },
    },
    [
      `worker ${name.id} waits for tasks of ${shownPlace(settings.place)}: ${kinds.join(', ')}; tags ${tags.join(', ')}`,
      `; handlers ${names.join(', ')}${down.join('')}${refused.join('')}`,
      page === undefined ? '' : `; metrics at ${page.url}`,
    ].join(''),
  );
}
