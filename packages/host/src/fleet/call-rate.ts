/**
 * How often a release may be called by each tenant (X004-5): a leaky bucket of one second for each, so that a second's worth may come at once.
 * Pure; the moment is given. What is refused has used nothing, and whoever has drained is forgotten.
 */

/** The rate of one release. */
export type CallRate = {
  readonly callsPerSecond: number;
  /** Notes a call of a tenant; returns after how many milliseconds one will fit, where this one does not. O(1), amortised. */
  readonly take: (tenant: string, now: number) => number | undefined;
  /** Tenants that are remembered. */
  readonly size: () => number;
};

type Used = { amount: number; at: number };

const SECOND_MS = 1_000;

/** Makes it; `now` is monotonic milliseconds. */
export function createCallRate(callsPerSecond: number): CallRate {
  const byTenant = new Map<string, Used>();
  let sweptAt = 0;

  /** A full bucket has drained after a second, so nobody is worth remembering for longer. */
  function sweep(now: number): void {
    if (now - sweptAt < SECOND_MS) return;
    sweptAt = now;
    for (const [tenant, { at }] of byTenant) if (now - at > SECOND_MS) byTenant.delete(tenant);
  }

  return {
    callsPerSecond,
    take: (tenant, now) => {
      sweep(now);
      const used = byTenant.get(tenant) ?? { amount: 0, at: now };
      const drained = Math.max(0, used.amount - ((now - used.at) * callsPerSecond) / SECOND_MS);
      const excess = drained + 1 - callsPerSecond;
      if (excess > 0) return Math.floor((excess * SECOND_MS) / callsPerSecond) + 1;
      byTenant.set(tenant, { amount: drained + 1, at: now });
      return undefined;
    },
    size: () => byTenant.size,
  };
}
