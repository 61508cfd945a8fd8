/**
 * Which workers are there, for the backlog: each is written down when it is heard, but not more often than every five seconds, and again
 * before the backlog is told while it waits in this process.
 */
import type { TaskClaim } from '@bulkhead/host';
import { storableName } from '../storage/text.ts';
import { monotonicMs, nowOf, type Tasks } from './tasks.ts';

/** What a worker says of itself in a claim. */
export type Worker = Pick<TaskClaim, 'worker_id' | 'tags' | 'kinds'>;

/** The workers that this process hears. */
export type WorkersSeen = {
  /** Hears one that claims. */
  readonly claims: (worker: Worker) => Promise<void>;
  /** Hears one by its id, as in a heartbeat. */
  readonly isHeard: (workerId: string) => Promise<void>;
  /** One that begins to wait; what is returned ends it. */
  readonly waits: (worker: Worker) => Disposable;
  /** Writes down everybody who waits. */
  readonly tell: () => Promise<void>;
};

const WRITE_EVERY_MS = 5_000;

/** More than work through one process; beyond it one is written down more often than is needed. */
const WORKERS_MAX = 10_000;

/** Makes the list. */
export function createWorkersSeen(tasks: Tasks): WorkersSeen {
  const written = new Map<string, { readonly said: string; readonly at: number }>();
  const waiting = new Set<Worker>();

  /** Tells whether it is time to write down one that says this, and takes it as done. */
  function isDue(id: string, said: string): boolean {
    const now = monotonicMs(tasks);
    const last = written.get(id);
    if (last !== undefined && last.said === said && now - last.at < WRITE_EVERY_MS) return false;
    if (written.size >= WORKERS_MAX) written.clear();
    written.set(id, { said, at: now });
    return true;
  }

  async function claims(worker: Worker): Promise<void> {
    if (isDue(worker.worker_id, JSON.stringify([worker.tags, worker.kinds]))) await writeWorker(tasks, worker);
  }

  async function isHeard(workerId: string): Promise<void> {
    if (!isDue(workerId, written.get(workerId)?.said ?? '')) return;
    await tasks.database.db
      .updateTable('task_workers')
      .set({ seen_at: nowOf(tasks) })
      .where('id', '=', storableName(workerId))
      .execute();
  }

  return {
    claims,
    isHeard,
    waits: (worker) => {
      const one = { ...worker }; // Two claims of one worker are two.
      waiting.add(one);
      return { [Symbol.dispose]: () => void waiting.delete(one) };
    },
    tell: async () => {
      for (const worker of waiting) await writeWorker(tasks, worker);
    },
  };
}

async function writeWorker(tasks: Tasks, { worker_id: workerId, tags, kinds }: Worker): Promise<void> {
  const row = { tags, kinds: kinds ?? null, seen_at: nowOf(tasks) };
  await tasks.database.db
    .insertInto('task_workers')
    .values({ id: storableName(workerId), ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}
