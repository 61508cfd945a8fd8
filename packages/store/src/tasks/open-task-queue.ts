/**
 * The queue of tasks in a database (port: TaskQueue of the host). pg-boss has the jobs; what a worker may be given, and what becomes of a
 * task, is in tables beside it. Those who wait are woken by NOTIFY, or on PGlite, where one process is all there is, within it.
 */
import { TASK_QUEUE_BOUNDS, type Log, type QueuedTask, type TaskQueue } from '@bulkhead/host';
import { closedQueue, createBells, type Bells } from './bells.ts';
import { cancelTask, completeTask, holdLease, releaseTask } from './complete-task.ts';
import { enqueueTasks } from './enqueue-tasks.ts';
import { buryOverdue, reclaimTasks, removeTasksOf, reviveTasks } from './moves.ts';
import { closeBoss, openBoss } from './open-boss.ts';
import { countBacklog, countOpen, countTotals, getTask, listTasks, pruneTasks } from './read-tasks.ts';
import { CHANNEL, WORK, type QueueTime, type Tasks } from './tasks.ts';
import { waitForEnd, waitForTask } from './wait-for.ts';
import { createWorkersSeen, type WorkersSeen } from './workers-seen.ts';
import type { Database } from '../engine/database.ts';

/**
 * How a queue is opened.
 *
 * @experimental
 */
export type TaskQueueOptions = {
  /** The first wait before a task is tried again, 1,000 ms where it is left out; each one more is twice as long. */
  readonly retryDelayMs?: number;
  /** Hears of maintenance that was not done. */
  readonly log?: Pick<Log, 'warn'>;
  /** Another time than the database's, for tests. */
  readonly time?: QueueTime;
};

/** The database's own time. A timer never keeps a process: whoever waits has a connection. */
const SYSTEM_TIME: QueueTime = {
  aheadMs: () => 0,
  startTimer: (delayMs, run) => {
    const timer = setTimeout(run, Math.ceil(delayMs)).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Opens the queue of a database, which has its tables (migrateUp). pg-boss's are made where there are none.
 *
 * @returns The queue; whoever opens it closes it, before the database.
 * @throws {HostError} `STORAGE_UNAVAILABLE`.
 * @experimental
 */
export async function openTaskQueue(database: Database, options: TaskQueueOptions = {}): Promise<TaskQueue> {
  const { retryDelayMs = TASK_QUEUE_BOUNDS.retryMs, log, time = SYSTEM_TIME } = options;
  const boss = await openBoss(database, log);
  const tasks: Tasks = { database, boss, time, retryDelayMs, knownLines: new Map() };
  const bells = createBells(time.startTimer);
  const stopListening = listen(database, bells);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopListening();
    bells.close();
    await closeBoss(boss);
  };
  const queue = createQueue({ tasks, bells, seen: createWorkersSeen(tasks) });
  return guarded(
    queue,
    () => closing !== undefined,
    () => (closing ??= close()),
  );
}

/** Notices are names of bells. On PGlite nobody else rings. */
function listen({ engine, listen: listenTo }: Database, bells: Bells): () => void {
  if (engine === 'pglite') return () => undefined;
  return listenTo(CHANNEL, (heard) => {
    if (heard.kind === 'gap') bells.ringAll();
    else bells.ring(heard.payload);
  });
}

type Parts = { readonly tasks: Tasks; readonly bells: Bells; readonly seen: WorkersSeen };

type OpenQueue = Omit<TaskQueue, 'close'>;

function createQueue(parts: Parts): OpenQueue {
  const { tasks, bells, seen } = parts;
  const endOverdue = async (): Promise<void> => (await buryOverdue(tasks)).forEach(bells.ring);
  const get = async (id: string): Promise<QueuedTask | undefined> => {
    const found = await getTask(tasks, id);
    if (found?.isOverdue !== true) return found?.task;
    await endOverdue();
    return (await getTask(tasks, id))?.task;
  };
  return {
    ...{ get, ...createLeases(parts) },
    enqueue: async (given) => {
      await enqueueTasks(tasks, given);
      bells.ring(WORK);
    },
    cancel: async (id, by) => {
      const { isEnded } = await cancelTask(tasks, { id, by });
      if (isEnded) bells.ring(id);
      return get(id);
    },
    waitFor: (id, waitMs, signal) => waitForEnd(parts, { id, waitMs, signal }, () => get(id)),
    list: async (query) => {
      await endOverdue();
      return listTasks(tasks, query);
    },
    backlog: async () => {
      await endOverdue();
      await seen.tell();
      return countBacklog(tasks);
    },
    retryDead: async (which, by) => {
      await endOverdue();
      const count = await reviveTasks(tasks, which, by);
      bells.ring(WORK);
      return count;
    },
    prune: (before) => pruneTasks(tasks, before),
    countOpen: (tenant) => countOpen(tasks, tenant),
    totals: async () => {
      await endOverdue();
      return countTotals(tasks);
    },
    removeTenant: async (tenant) => {
      const count = await removeTasksOf(tasks, tenant);
      // Who waits for the end of one of them finds that it is not there.
      if (count > 0) bells.ringAll();
      return count;
    },
  };
}

type Leases = Pick<OpenQueue, 'claim' | 'heartbeat' | 'complete' | 'release' | 'reclaim'>;

function createLeases({ tasks, bells, seen }: Parts): Leases {
  return {
    claim: (claim) => waitForTask({ tasks, bells, seen }, claim),
    heartbeat: async (lease, leaseMs, tenant) => {
      const { answer, worker } = await holdLease(tasks, { lease, tenant }, leaseMs);
      if (worker !== undefined) await seen.isHeard(worker, tenant);
      return answer;
    },
    complete: async (lease, result, tenant) => {
      const { answer, effect } = await completeTask(tasks, { lease, tenant }, result);
      if (effect !== undefined) bells.ring(effect === 'work' ? WORK : result.task_id);
      if (answer === 'held') await seen.isHeard(result.worker_id, tenant);
      return answer;
    },
    release: async (lease) => {
      const isReleased = await releaseTask(tasks, lease);
      if (isReleased) bells.ring(WORK);
      return isReleased;
    },
    reclaim: async (max = TASK_QUEUE_BOUNDS.reclaim) => {
      const { count, dead } = await reclaimTasks(tasks, max);
      if (count > dead.length) bells.ring(WORK);
      dead.forEach(bells.ring);
      return count;
    },
  };
}

/** Refuses everything once the queue is closed. */
function guarded(queue: OpenQueue, isClosed: () => boolean, close: () => Promise<void>): TaskQueue {
  const refuse =
    <Args extends readonly unknown[], Answer>(method: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      if (isClosed()) throw closedQueue();
      return method(...args);
    };
  return {
    ...{ enqueue: refuse(queue.enqueue), claim: refuse(queue.claim), heartbeat: refuse(queue.heartbeat) },
    ...{ complete: refuse(queue.complete), release: refuse(queue.release), cancel: refuse(queue.cancel) },
    ...{ get: refuse(queue.get), waitFor: refuse(queue.waitFor), list: refuse(queue.list) },
    ...{ backlog: refuse(queue.backlog), countOpen: refuse(queue.countOpen), totals: refuse(queue.totals) },
    ...{ retryDead: refuse(queue.retryDead), reclaim: refuse(queue.reclaim), prune: refuse(queue.prune) },
    ...{ removeTenant: refuse(queue.removeTenant), close },
  };
}
