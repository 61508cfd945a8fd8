/**
 * The queue as verbs use it, whichever way it is reached: over a server, as here, or in the store that the command line opened itself.
 */
import type { DeadTasks, QueuedTask, TaskQuery } from '@bulkhead/host';
import type { JsonObject, TaskKind } from '@bulkhead/protocol';
import { askAdmin } from '../remote/ask.ts';
import type { Remote } from '../remote/remote.ts';

/** A task as it is kept, with nothing that is null: as `GET /v1/tasks/{id}` answers it. */
export type KeptTask = Pick<QueuedTask, 'task' | 'tenant_id' | 'state' | 'priority' | 'max_retry' | 'available_at'> & {
  readonly [Field in 'deadline' | 'worker_id' | 'lease_until' | 'reason' | 'result']?: NonNullable<QueuedTask[Field]>;
};

/** One page of a list; `next` is what the next one comes before. */
export type TaskPage = { readonly tasks: readonly KeptTask[]; readonly next: string | null };

/** Which tasks are listed; at most 1,000. */
export type ListedTasks = Pick<TaskQuery, 'state' | 'kind' | 'before'> & { readonly limit: number };

/** A task that is to be done; the body of `POST /v1/tasks`. */
export type GivenTask = {
  readonly kind: TaskKind;
  readonly payload: JsonObject;
  readonly requires: readonly string[];
  readonly priority?: number;
  readonly deadline?: string;
  readonly max_retry?: number;
  readonly id?: string;
};

/** What verbs do. Each may reject as {@link askAdmin}, or with a HostError. */
export type QueueDoor = {
  /** Without payloads and the data of results. */
  readonly list: (query: ListedTasks) => Promise<TaskPage>;
  /** With a wait it answers when the task has ended, or after so long; who aborts that is answered at once, or rejected with the reason. */
  readonly show: (id: string, wait?: TaskWait) => Promise<KeptTask>;
  readonly cancel: (id: string) => Promise<KeptTask>;
  readonly retry: (which: DeadTasks) => Promise<number>;
  readonly add: (task: GivenTask, signal?: AbortSignal) => Promise<string>;
  /** Nobody else reaches this queue while it is open: a store in a data folder, which is held. */
  readonly isAlone: boolean;
};

/** How long the end of a task is waited for: at most as long as one request to a server may wait (`task_wait_ms`). */
export type TaskWait = { readonly waitMs: number; readonly signal: AbortSignal };

/** The queue of a server. */
export function askedQueue(remote: Remote): QueueDoor {
  const at = (id: string): string => `/v1/tasks/${encodeURIComponent(id)}`;
  return {
    isAlone: false,
    list: async ({ limit, ...query }) => {
      const text = new URLSearchParams({ ...query, limit: String(limit) }).toString();
      return (await askAdmin<TaskPage>(remote, { path: `/api/v1/tasks?${text}` })).value;
    },
    show: async (id, wait) => {
      const request =
        wait === undefined ? { path: at(id) } : { path: `${at(id)}?wait_ms=${wait.waitMs}`, signal: wait.signal };
      return (await askAdmin<KeptTask>(remote, request)).value;
    },
    cancel: async (id) => (await askAdmin<KeptTask>(remote, { method: 'DELETE', path: at(id) })).value,
    retry: async (which) => {
      const request = { method: 'POST', path: '/api/v1/tasks/dead/retry', body: which } as const;
      return (await askAdmin<{ readonly retried: number }>(remote, request)).value.retried;
    },
    add: async (task, signal) => {
      const aborts = signal === undefined ? {} : { signal };
      const request = { method: 'POST', path: '/v1/tasks', body: task, ...aborts } as const;
      return (await askAdmin<{ readonly id: string }>(remote, request)).value.id;
    },
  };
}
