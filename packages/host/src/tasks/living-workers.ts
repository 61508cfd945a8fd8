/**
 * Which workers are there: those that were heard lately, and those that wait for a task. By them it is told what nobody can do.
 */
import { TASK_QUEUE_BOUNDS } from './task-queue.ts';
import { canDo, type TaskLine, type WorkerName, type WorkerProfile } from './task-lines.ts';

type Living = { readonly profile: WorkerProfile; readonly seenAt: number; readonly waiting: number };

/** The workers. Times are monotonic milliseconds. */
export type LivingWorkers = {
  /** Hears a worker that claims, which may say something else of itself than before. */
  readonly heard: (profile: WorkerProfile, now: number) => void;
  /** Hears a worker by its id, as in a heartbeat. */
  readonly heardAgain: (worker: WorkerName, now: number) => void;
  /** A worker begins (1) or ends (-1) to wait. */
  readonly waits: (worker: WorkerName, change: 1 | -1, now: number) => void;
  /** Tells whether a worker that is there can do what waits in a line of a tenant. */
  readonly canAny: (line: TaskLine, tenant: string, now: number) => boolean;
};

/** More than any fleet has; beyond it those that were heard longest ago are forgotten. */
const WORKERS_MAX = 10_000;

/** Makes an empty list. */
export function createLivingWorkers(): LivingWorkers {
  // In the order in which they were heard.
  const workers = new Map<string, Living>();

  function put(living: Living): void {
    const key = keyOf(living.profile);
    workers.delete(key);
    workers.set(key, living);
    if (workers.size <= WORKERS_MAX) return;
    const [oldest] = workers.keys();
    if (oldest !== undefined) workers.delete(oldest);
  }

  function heardAgain(worker: WorkerName, now: number): void {
    const there = workers.get(keyOf(worker));
    if (there !== undefined) put({ ...there, seenAt: now });
  }

  function canAny(line: TaskLine, tenant: string, now: number): boolean {
    const since = now - TASK_QUEUE_BOUNDS.workerSeenMs;
    for (const [key, { profile, seenAt, waiting }] of workers) {
      if (seenAt < since && waiting === 0) workers.delete(key);
      else if ((profile.tenant ?? tenant) === tenant && canDo(profile, line)) return true;
    }
    return false;
  }

  return {
    heard: (profile, now) => put({ profile, seenAt: now, waiting: workers.get(keyOf(profile))?.waiting ?? 0 }),
    heardAgain,
    waits: (worker, change, now) => {
      const there = workers.get(keyOf(worker));
      if (there !== undefined) put({ ...there, seenAt: now, waiting: Math.max(0, there.waiting + change) });
    },
    canAny,
  };
}

function keyOf({ workerId, tenant }: WorkerName): string {
  return JSON.stringify([tenant ?? null, workerId]);
}
