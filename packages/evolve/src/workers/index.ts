/**
 * `@bulkhead/evolve/workers`: who does tasks, and with which handlers, without what breeds and judges programs: a worker is to be ready at
 * once.
 */
export {
  discoverHandlers,
  type DiscoveredHandlers,
  type DiscoverOptions,
  type UnavailableHandler,
} from '../handlers/discover-handlers.ts';
export { DISPATCH_MS, runTask, type RunTaskOptions } from '../handlers/run-task.ts';
export type { WorkerClock } from './queue-away.ts';
export {
  createWarmSpawner,
  desiredWorkers,
  SPAWNER_DEFAULTS,
  type LaunchedWorker,
  type SpawnerEvent,
  type SpawnerOptions,
  type WarmSpawner,
} from './warm-spawner.ts';
export type { DeliveryEvent, LeaseFate, TaskRunner, WorkerQueue } from './work-on-lease.ts';
export { createWorkerMetrics, type WorkerFigures, type WorkerMetrics } from './worker-metrics.ts';
export {
  createWorker,
  WORKER_DEFAULTS,
  workerKinds,
  type Worker,
  type WorkerEvent,
  type WorkerExit,
  type WorkerExitReason,
  type WorkerOptions,
} from './worker.ts';
export { createTask, parseTask, type NewTaskFields, type TaskSource } from '@bulkhead/protocol';
