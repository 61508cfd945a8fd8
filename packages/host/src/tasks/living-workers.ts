/**
 * Which workers are there: those that were heard lately, and those that wait for a task. By them it is told what nobody can do.
 */
import { TASK_QUEUE_BOUNDS } from './task-queue.ts';
import { canDo, type TaskLine, type WorkerProfile } from './task-lines.ts';

type Living = { readonly profile: WorkerProfile; readonly seenAt: number; readonly waiting: number };

/** The workers. Times are monotonic milliseconds. */
export type LivingWorkers = {
  /** Hears a worker that claims, which may say something else of itself than before. */
  readonly heard: (profile: WorkerProfile, now: number) => void;
  /** Hears a worker by its id, as in a heartbeat. */
  readonly heardAgain: (workerId: string, now: number) => void;
  /** A worker begins (1) or ends (-1) to wait. */
  readonly waits: (workerId: string, change: 1 | -1, now: number) => void;
  /** Tells whether a worker that is there can do what waits in a line. */
  readonly canAny: (line: TaskLine, now: number) => boolean;
};

/** More than any fleet has; beyond it those that were heard longest ago are forgotten. */
const WORKERS_MAX = 10_000;

/** Makes an empty list. */
export function createLivingWorkers(): LivingWorkers {
  // In the order in which they were heard.
  const workers = new Map<string, Living>();

  function put(living: Living): void {
    const { workerId } = living.profile;
    workers.delete(workerId);
    workers.set(workerId, living);
    if (workers.size <= WORKERS_MAX) return;
    const [oldest] = workers.keys();
    if (oldest !== undefined) workers.delete(oldest);
  }

  function heardAgain(workerId: string, now: number): void {
    const there = workers.get(workerId);
    if (there !== undefined) put({ ...there, seenAt: now });
  }

  function canAny(line: TaskLine, now: number): boolean {
    const since = now - TASK_QUEUE_BOUNDS.workerSeenMs;
    for (const [workerId, { profile, seenAt, waiting }] of workers) {
      if (seenAt < since && waiting === 0) workers.delete(workerId);
      else if (canDo(profile, line)) return true;
    }
    return false;
  }

  return {
    heard: (profile, now) => put({ profile, seenAt: now, waiting: workers.get(profile.workerId)?.waiting ?? 0 }),
    heardAgain,
    waits: (workerId, change, now) => {
      const there = workers.get(workerId);
      if (there !== undefined) put({ ...there, seenAt: now, waiting: Math.max(0, there.waiting + change) });
    },
    canAny,
  };
}
