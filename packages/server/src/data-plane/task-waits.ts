/**
 * Requests that wait, for a task or for the end of one, on one server. Each holds a connection until that is there, its time is over, its
 * client goes away, or the server drains.
 *
 * TW1: At most `task_waits` wait, and `task_waits_of_tenant` of one tenant, so that no tenant takes all connections.
 */
import { HostError } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';

/** One request; its signal aborts when it is to wait no longer. */
export type TaskWait = Disposable & { readonly signal: AbortSignal };

/** The requests of one server. */
export type TaskWaits = {
  /**
   * Enters a request; `gone` aborts when its client goes away.
   *
   * @throws {HostError} `HOST_OVERLOADED` where too many wait (TW1), `HOST_CLOSED` once the server drains.
   */
  readonly enter: (tenant: string, gone: AbortSignal) => TaskWait;
  /** Ends the wait of all. */
  readonly drain: () => void;
};

/** Makes an empty set of requests. */
export function createTaskWaits(): TaskWaits {
  const waiting = new Map<AbortController, string>();
  let isDraining = false;
  return {
    enter: (tenant, gone) => {
      if (isDraining) throw new HostError('HOST_CLOSED');
      insistOnRoom([...waiting.values()], tenant);
      const controller = new AbortController();
      const giveUp = (): void => controller.abort();
      if (gone.aborted) giveUp();
      gone.addEventListener('abort', giveUp);
      waiting.set(controller, tenant);
      const leave = (): void => {
        gone.removeEventListener('abort', giveUp);
        waiting.delete(controller);
      };
      return { signal: controller.signal, [Symbol.dispose]: leave };
    },
    drain: () => {
      isDraining = true;
      for (const controller of waiting.keys()) controller.abort();
    },
  };
}

function insistOnRoom(tenants: readonly string[], tenant: string): void {
  const own = tenants.filter((one) => one === tenant).length;
  const all = LIMITS.task_waits.value;
  const ofTenant = LIMITS.task_waits_of_tenant.value;
  if (tenants.length < all && own < ofTenant) return;
  const [name, allowed, observed] =
    own < ofTenant
      ? (['task_waits', all, tenants.length + 1] as const)
      : (['task_waits_of_tenant', ofTenant, own + 1] as const);
  throw new HostError('HOST_OVERLOADED', {
    message: `${allowed} requests wait for tasks already`,
    hint: 'Ask again after the time in Retry-After, or run more tasks with fewer workers.',
    limit: { name, allowed, observed, unit: 'requests' },
  });
}
