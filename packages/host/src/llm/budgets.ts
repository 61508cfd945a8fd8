/**
 * What tenants may use of language models in a day (UTC), and what they have used. What was used is known behind an answer, so
 * requests that are under way may pass a budget together; the next is refused.
 */
import { callError, type CallError, type TokenUsage } from '@bulkhead/protocol';
import { dayOf, untilMidnight, type Clock } from '../base/clock.ts';
import type { Quota } from '../storage/catalogue-port.ts';
import type { Meter, UsageRow, UsageStorage } from '../storage/usage-port.ts';

/** The budgets of one host. */
export type Budgets = {
  /** Why a tenant may ask nothing now; a storage that does not answer refuses tenants that have a budget, and no other. */
  readonly refuse: (tenant: string) => Promise<CallError | undefined>;
  /** Notes what an answer used; never rejects, and is written behind it. */
  readonly charge: (spent: Spent) => void;
};

/** What one answer used. */
export type Spent = {
  readonly tenant: string;
  readonly backend: string;
  readonly usage: TokenUsage;
  readonly costUsd: number | undefined;
};

/** What budgets are made of. */
export type BudgetsOptions = {
  readonly storage: Pick<UsageStorage, 'listUsage'>;
  readonly clock: Clock;
  readonly quotaOf: (tenant: string) => Quota | undefined;
  /** Writes sums behind the answers. */
  readonly add: (row: UsageRow) => void;
};

/** Opens the budgets. */
export function createBudgets({ storage, clock, quotaOf, add }: BudgetsOptions): Budgets {
  return {
    refuse: async (tenant) => {
      const quota = quotaOf(tenant);
      const { llm_tokens_per_day: tokens, llm_usd_per_day: usd } = quota ?? {};
      if (tokens === undefined && usd === undefined) return undefined;
      const now = clock.wallTime();
      const rows = await storage
        .listUsage({ tenant_id: tenant, from: dayOf(now), to: dayOf(now) })
        .catch(() => undefined);
      if (rows === undefined) return callError('STORAGE_UNAVAILABLE');
      return (
        refuseAbove('llm_tokens_per_day', tokens, {
          observed: sumOf(rows, ['llm_input_tokens', 'llm_output_tokens']),
          now,
        }) ?? refuseAbove('llm_usd_per_day', usd, { observed: sumOf(rows, ['llm_usd']), now })
      );
    },
    charge: ({ tenant, backend, usage, costUsd }) => {
      const of = { tenant_id: tenant, day: dayOf(clock.wallTime()), subject: backend };
      add({ ...of, meter: 'llm_requests', amount: 1 });
      add({ ...of, meter: 'llm_input_tokens', amount: usage.input_tokens });
      add({ ...of, meter: 'llm_output_tokens', amount: usage.output_tokens });
      if (costUsd !== undefined) add({ ...of, meter: 'llm_usd', amount: costUsd });
    },
  };
}

const UNITS = { llm_tokens_per_day: 'tokens', llm_usd_per_day: 'USD' } as const;

function refuseAbove(
  name: keyof typeof UNITS,
  allowed: number | undefined,
  { observed, now }: { readonly observed: number; readonly now: number },
): CallError | undefined {
  if (allowed === undefined || observed < allowed) return undefined;
  const limit = { name, allowed, observed, unit: UNITS[name] };
  return callError('LLM_BUDGET_EXCEEDED', { limit, retryAfterMs: untilMidnight(now) });
}

function sumOf(rows: readonly UsageRow[], meters: readonly Meter[]): number {
  return rows.reduce((sum, { meter, amount }) => (meters.includes(meter) ? sum + amount : sum), 0);
}
