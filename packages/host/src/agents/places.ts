/**
 * How many runs a tenant has under way on this host.
 */
import { LIMITS, callError, type CallError } from '@bulkhead/protocol';

/** A place is taken before a run begins, and left once. */
export type Places = {
  /** Why there is none; undefined where one was taken. */
  readonly take: (tenant: string) => CallError | undefined;
  readonly leave: (tenant: string) => void;
  /** Gives no more. */
  readonly close: () => void;
};

/** Creates as many as the limit says for each tenant. */
export function createPlaces(): Places {
  const takenBy = new Map<string, number>();
  let isClosed = false;
  return {
    take: (tenant) => {
      if (isClosed) return callError('HOST_CLOSED');
      const observed = takenBy.get(tenant) ?? 0;
      const allowed = LIMITS.agent_runs.value;
      const limit = { name: 'agent_runs', allowed, observed, unit: 'runs' };
      if (observed >= allowed) return callError('AGENT_RUNS_FULL', { limit });
      takenBy.set(tenant, observed + 1);
      return undefined;
    },
    leave: (tenant) => {
      const left = (takenBy.get(tenant) ?? 1) - 1;
      if (left > 0) takenBy.set(tenant, left);
      else takenBy.delete(tenant);
    },
    close: () => void (isClosed = true),
  };
}
