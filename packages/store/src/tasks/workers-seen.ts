/**
 * Which workers are there, for the backlog: each is written down when it is heard, but not more often than every five seconds, and again
 * before the backlog is told while it waits in this process.
 */
import type { TaskClaim } from '@bulkhead/host';
import { tenantUuid } from '../storage/tenant-id.ts';
import { storableName } from '../storage/text.ts';
import { monotonicMs, nowOf, type Tasks } from './tasks.ts';

/** What a worker says of itself in a claim. */
export type Worker = Pick<TaskClaim, 'worker_id' | 'tags' | 'kinds' | 'tenant'>;

/** The workers that this process hears. */
export type WorkersSeen = {
  /** Hears one that claims. */
  readonly claims: (worker: Worker) => Promise<void>;
  /** Hears one by its id, as in a heartbeat; a tenant's by that, too. */
  readonly isHeard: (workerId: string, tenant?: string) => Promise<void>;
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
    if (isDue(keyOf(worker.worker_id, worker.tenant), JSON.stringify([worker.tags, worker.kinds])))
      await writeWorker(tasks, worker);
  }

  async function isHeard(workerId: string, tenant?: string): Promise<void> {
    const key = keyOf(workerId, tenant);
    if (!isDue(key, written.get(key)?.said ?? '')) return;
    await tasks.database.db
      .updateTable('task_workers')
      .set({ seen_at: nowOf(tasks) })
      .where('id', '=', storableName(workerId))
      .where('tenant_id', '=', tenantOf(tenant))
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

/** Who works for all tenants. */
export const ANY_TENANT = '00000000-0000-0000-0000-000000000000';

function tenantOf(tenant: string | undefined): string {
  return tenant === undefined ? ANY_TENANT : tenantUuid(tenant);
}

/** Workers of two tenants may have the same name. */
function keyOf(workerId: string, tenant: string | undefined): string {
  return `${tenantOf(tenant)} ${workerId}`;
}

async function writeWorker(tasks: Tasks, { worker_id: workerId, tags, kinds, tenant }: Worker): Promise<void> {
  const row = { tags, kinds: kinds ?? null, seen_at: nowOf(tasks) };
  await tasks.database.db
    .insertInto('task_workers')
    .values({ id: storableName(workerId), tenant_id: tenantOf(tenant), ...row })
    .onConflict((conflict) => conflict.columns(['id', 'tenant_id']).doUpdateSet(row))
    .execute();
}
