/**
 * The queue in a store that the command line opened itself, as verbs use it. Loaded by them alone: it takes the host with it.
 */
import { randomBytes } from 'node:crypto';
import {
  HostError,
  assertGivenTask,
  insistOnOpenTask,
  openTasksMax,
  whyQueued,
  type NewTask,
  type QueuedTask,
  type Storage,
  type TaskActor,
  type TaskQueue,
  type TenantRow,
} from '@bulkhead/host';
// Not of the protocol's: what every verb loads of that would have the parser of tasks in it.
import { createTask } from '@bulkhead/evolve/workers';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { findTenant, tenantIdOf } from '../stored-tenant.ts';
import { UsageError } from '../usage-error.ts';
import type { GivenTask, KeptTask, QueueDoor } from './queue-door.ts';

/** A store that is open, and the tenant for which it is used; all of them where it is undefined. */
export type OpenQueue = {
  readonly storage: Storage;
  readonly tasks: TaskQueue;
  readonly tenant: string | undefined;
  readonly isAlone: boolean;
};

/** The queue of a store. A tenant that is typed must be there where tasks are given to it, and has no more of them open than its quota says. */
export function openedQueue({ storage, tasks, tenant, isAlone }: OpenQueue): QueueDoor {
  const only = async (): Promise<{ readonly tenant?: string }> =>
    tenant === undefined ? {} : { tenant: await tenantIdOf(storage, tenant) };

  async function find(id: string): Promise<QueuedTask> {
    const [found, { tenant: own }] = [await tasks.get(id), await only()];
    if (found === undefined || (own ?? found.tenant_id) !== found.tenant_id) throw new HostError('TASK_NOT_FOUND');
    return found;
  }

  return {
    isAlone,
    list: async ({ limit, ...query }) => {
      const listed = await tasks.list({ ...query, ...(await only()), isBrief: true, rowsMax: limit });
      const next = listed.length === limit ? (listed.at(-1)?.task.id ?? null) : null;
      return { tasks: listed.map(keptTask), next };
    },
    show: async (id, wait) => {
      const found = await find(id);
      const kept =
        wait === undefined ? found : ((await tasks.waitFor(id, wait.waitMs, wait.signal)) ?? (await find(id)));
      return keptTask({ ...kept, reason: (await whyQueued(tasks, kept)) ?? kept.reason });
    },
    cancel: async (id) => {
      await find(id);
      return keptTask((await tasks.cancel(id, byHand())) ?? (await find(id)));
    },
    retry: async (which) => tasks.retryDead({ ...which, ...(await only()) }, byHand()),
    add: async (given, signal) => {
      assertGivenTask(given);
      const { id, quota } = await insistOnTenant(storage, tenant);
      insistOnOpenTask({ open: await tasks.countOpen(id), most: openTasksMax(quota) });
      signal?.throwIfAborted();
      const task = newTaskOf(given, id);
      await tasks.enqueue([task]);
      return task.task.id;
    },
  };
}

function keptTask({ task, tenant_id, state, priority, max_retry, available_at, ...rest }: QueuedTask): KeptTask {
  const { deadline, worker_id, lease_until, reason, result } = rest;
  return {
    ...{ task, tenant_id, state, priority, max_retry, available_at },
    ...(deadline !== null && { deadline }),
    ...(worker_id !== null && { worker_id }),
    ...(lease_until !== null && { lease_until }),
    ...(reason !== null && { reason }),
    ...(result !== null && { result }),
  };
}

function newTaskOf({ kind, payload, requires, id, ...rest }: GivenTask, tenant: string): NewTask {
  const task = createTask({ kind, payload, requires }, { randomBytes, now: () => Date.now() });
  return { task: id === undefined ? task : { ...task, id }, tenant_id: tenant, ...rest };
}

/** Who has no token is known by what was used. */
function byHand(): TaskActor {
  return { actor: 'command line', at: new Date().toISOString() };
}

async function insistOnTenant(
  storage: Storage,
  word: string = DEFAULT_TENANT,
): Promise<Pick<TenantRow, 'id' | 'quota'>> {
  const { tenants } = await storage.readCatalogue();
  const found = findTenant(tenants, word);
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no tenant ${JSON.stringify(word)}`,
    'Name one of `bulkhead tenant list`, by id or name.',
  );
}
