/**
 * The queue of a worker: a database that it opens itself, or a server. What the spawner asks beside it is here, too.
 */
import { missingTags, type Log, type TaskBacklog, type TaskQueue } from '@bulkhead/host';
import type { WorkerQueue } from '@bulkhead/evolve/workers';
import type { QueuePlace } from './worker-settings.ts';

/** An open queue. `reclaim` is there where it is a database's: a server returns ended leases by itself. */
export type OpenQueue = AsyncDisposable & {
  readonly queue: WorkerQueue;
  readonly backlog: () => Promise<readonly TaskBacklog[]>;
  readonly reclaim: (() => Promise<number>) | undefined;
};

/** Opens it; what a place does not need is not loaded. @throws {HostError} `STORAGE_UNAVAILABLE`, `CONFIG_INVALID`, `DATABASE_NEWER`. */
export function openQueue(place: QueuePlace, log: Pick<Log, 'warn'>): Promise<OpenQueue> {
  return place.kind === 'database' ? openDatabaseQueue(place.url, log) : openServerQueue(place);
}

/** Counts tasks that workers with these tags could be given. */
export function pendingFor(backlog: readonly TaskBacklog[], tags: readonly string[]): number {
  const having = new Set(tags);
  const able = backlog.filter(({ requires }) => missingTags(requires, having).length === 0);
  return able.reduce((sum, { queued }) => sum + queued, 0);
}

async function openDatabaseQueue(url: string, log: Pick<Log, 'warn'>): Promise<OpenQueue> {
  const { migrateUp, openDatabase, openTaskQueue } = await import('@bulkhead/store');
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await openDatabase({ kind: 'server', url }, { log }));
  await migrateUp(database);
  const queue: TaskQueue = await openTaskQueue(database, { log });
  cleanup.defer(() => queue.close());
  const opened = cleanup.move();
  return {
    queue,
    backlog: () => queue.backlog(),
    reclaim: () => queue.reclaim(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openServerQueue({ remote }: Extract<QueuePlace, { readonly kind: 'server' }>): Promise<OpenQueue> {
  const { createHttpTaskQueue, readBacklog } = await import('../remote/http-task-queue.ts');
  return {
    queue: createHttpTaskQueue(remote),
    backlog: () => readBacklog(remote),
    reclaim: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
