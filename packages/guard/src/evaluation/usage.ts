/**
 * What the two sides took beside time: processor time, memory, tokens and money, summed over the first run of each case.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { EvaluatedPair } from './evaluated-pair.ts';

/** Fields of an execution that are summed; memory is the greatest. */
const SUMMED = ['cpu_ms', 'tokens_total', 'cost_usd'] as const;

/** Sums of one side; null where no execution had the field. */
export type UsageTotals = Readonly<Record<(typeof SUMMED)[number], number | null>>;

/** Sums both sides. */
export type Usage = {
  readonly take: (pair: EvaluatedPair) => void;
  readonly totals: () => { readonly baseline: UsageTotals; readonly candidate: UsageTotals };
};

/** Begins with nothing. */
export function createUsage(): Usage {
  const sums = { baseline: nothing(), candidate: nothing() };
  return {
    take: (pair) => {
      add(sums.baseline, pair.baseline.result);
      add(sums.candidate, pair.candidate.result);
    },
    totals: () => ({ baseline: { ...sums.baseline }, candidate: { ...sums.candidate } }),
  };
}

type Sums = { -readonly [Field in keyof UsageTotals]: UsageTotals[Field] };

function nothing(): Sums {
  return { cpu_ms: null, tokens_total: null, cost_usd: null };
}

function add(sums: Sums, result: JsonObject): void {
  for (const field of SUMMED) {
    const value = result[field];
    if (typeof value === 'number') sums[field] = (sums[field] ?? 0) + value;
  }
}
