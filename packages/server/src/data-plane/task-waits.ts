/**
 * Claims of workers that wait for a task, on one server. Each holds a connection until there is a task, its time is over, its worker goes
 * away, or the server drains.
 *
 * WC1: At most `worker_claims` wait, and `worker_claims_of_tenant` of one tenant, so that no tenant takes all connections.
 */
import { HostError } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';

/** One claim; its signal aborts when nobody waits for its task any more. */
export type WaitingClaim = Disposable & { readonly signal: AbortSignal };

/** The claims of one server. */
export type WaitingClaims = {
  /**
   * Enters a claim; `gone` aborts when its worker goes away.
   *
   * @throws {HostError} `HOST_OVERLOADED` where too many wait (WC1), `HOST_CLOSED` once the server drains.
   */
  readonly enter: (tenant: string, gone: AbortSignal) => WaitingClaim;
  /** Ends the wait of all. */
  readonly drain: () => void;
};

/** Makes an empty set of claims. */
export function createWaitingClaims(): WaitingClaims {
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
  const all = LIMITS.worker_claims.value;
  const ofTenant = LIMITS.worker_claims_of_tenant.value;
  if (tenants.length < all && own < ofTenant) return;
  const [name, allowed, observed] =
    own < ofTenant
      ? (['worker_claims', all, tenants.length + 1] as const)
      : (['worker_claims_of_tenant', ofTenant, own + 1] as const);
  throw new HostError('HOST_OVERLOADED', {
    message: `${allowed} claims of workers wait already`,
    hint: 'Claim again after the time in Retry-After, or run more tasks with fewer workers.',
    limit: { name, allowed, observed, unit: 'claims' },
  });
}
