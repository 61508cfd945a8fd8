/**
 * What tenants may use of language models in a day (UTC), and what they have used. What was used is known behind an answer, so
 * requests that are under way may pass a budget together; the next is refused.
 */
import { callError, type CallError, type TokenUsage } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { Quota } from '../storage/catalogue-port.ts';
import type { UsageRow, UsageStorage } from '../storage/usage-port.ts';

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
        refuseAbove('llm_tokens_per_day', tokens, { observed: sumOf(rows, tokensOf), now }) ??
        refuseAbove('llm_usd_per_day', usd, { observed: sumOf(rows, (row) => row.cost_usd), now })
      );
    },
    charge: ({ tenant, backend, usage, costUsd }) => {
      const { input_tokens, output_tokens } = usage;
      const used = { requests: 1, input_tokens, output_tokens, cost_usd: costUsd ?? 0 };
      add({ tenant_id: tenant, day: dayOf(clock.wallTime()), backend, ...used });
    },
  };
}

const DAY_MS = 86_400_000;
const UNITS = { llm_tokens_per_day: 'tokens', llm_usd_per_day: 'USD' } as const;

function refuseAbove(
  name: keyof typeof UNITS,
  allowed: number | undefined,
  { observed, now }: { readonly observed: number; readonly now: number },
): CallError | undefined {
  if (allowed === undefined || observed < allowed) return undefined;
  const limit = { name, allowed, observed, unit: UNITS[name] };
  return callError('LLM_BUDGET_EXCEEDED', { limit, retryAfterMs: DAY_MS - (now % DAY_MS) });
}

function tokensOf({ input_tokens, output_tokens }: UsageRow): number {
  return input_tokens + output_tokens;
}

function sumOf(rows: readonly UsageRow[], of: (row: UsageRow) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0);
}

function dayOf(wallTime: number): string {
  return new Date(wallTime).toISOString().slice(0, 10);
}
