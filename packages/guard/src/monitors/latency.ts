/**
 * Whether the candidate takes longer: by the ratio of the two times of each case. Times of cases that failed on either side are left
 * out, for a crash is fast.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { BuiltInMonitor } from './monitor.ts';
import { createPairedFigures, type FigurePairs } from './paired-figures.ts';
import { judgeRatio } from './ratio-test.ts';
import { ALPHA, CONFIDENCE, numberFrom, severityOf, type CommonOptions } from './settings.ts';
import { orderStatisticRanks, quantileOfSorted } from '../statistics/values/quantiles.ts';

/**
 * `percentile` is the share that an alert describes beside the ratio (default 0.95); `alert_ratio` is the ratio above which the
 * candidate has to be shown to be (default 1.05).
 *
 * @public
 */
export type LatencyOptions = CommonOptions & { readonly percentile?: number; readonly alert_ratio?: number };

/**
 * A monitor of durations. It alerts (`latency_regression`) where Wilcoxon's test of the logarithms of the ratios has p < 0.01, and the
 * lower bound of the ratio that Hodges and Lehmann estimate is above `alert_ratio`; with the first alone it warns. It takes 30 pairs.
 *
 * @returns A monitor `latency`. In the summary: `status`, `pairs`, `ratio`, its `interval`, `p`, and for p95, p99 and `percentile` the
 *   quantile of both sides with an interval of 98 % where the pairs suffice for one.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @remarks Of more than 10,000 pairs the test takes a sample of so many, the same every time; quantiles are of all.
 * @see EVIDENCE 2.8 and 2.12; X002-10, whose default of 1.2 belongs to a ratio without a test.
 * @public
 */
export function createLatency(options: LatencyOptions = {}): BuiltInMonitor {
  const percentile = numberFrom('percentile', options.percentile ?? 0.95, [0.01, 0.999]);
  const alertRatio = numberFrom('alert_ratio', options.alert_ratio ?? 1.05, [1, 1_000]);
  const rule = { type: 'latency_regression', subject: 'duration', alertRatio, severity: severityOf(options) };
  let figures = createPairedFigures({ total_cases: 0 });
  return {
    identifier: () => 'latency',
    start: (context) => {
      figures = createPairedFigures(context);
    },
    record: (record) => figures.take(record, record.success ? record.duration_ms : undefined),
    finalize: () => ({ id: 'latency', ...judgeRatio(figures, rule, () => describe(figures.pairs(), percentile)) }),
  };
}

function describe(
  { baseline, candidate }: FigurePairs,
  percentile: number,
): { readonly summary: JsonObject; readonly alert: JsonObject } {
  const sorted = { baseline: baseline.toSorted(), candidate: candidate.toSorted() };
  const quantiles = [...new Set([0.5, 0.95, 0.99, percentile])].toSorted((a, b) => a - b);
  const named = quantiles.map((quantile) => [
    nameOf(quantile),
    {
      baseline_ms: quantileSummary(sorted.baseline, quantile),
      candidate_ms: quantileSummary(sorted.candidate, quantile),
    },
  ]);
  const name = nameOf(percentile);
  return {
    summary: { quantiles: Object.fromEntries(named) },
    alert: {
      [`baseline_${name}_ms`]: quantileOfSorted(sorted.baseline, percentile),
      [`candidate_${name}_ms`]: quantileOfSorted(sorted.candidate, percentile),
    },
  };
}

/** `p95` of 0.95, `p99_9` of 0.999. */
function nameOf(quantile: number): string {
  return `p${String(Number((quantile * 100).toFixed(6))).replace('.', '_')}`;
}

function quantileSummary(sorted: Float64Array, quantile: number): JsonObject {
  const value = quantileOfSorted(sorted, quantile);
  const ranks = ranksFor(sorted.length, quantile);
  return ranks === undefined ? { value } : { value, interval: ranks.map((rank) => sorted[rank - 1] ?? 0) };
}

/** Ranks of the interval's ends; undefined where no two of so few values hold the quantile as surely. */
function ranksFor(n: number, quantile: number): readonly number[] | undefined {
  const outside = Math.max(quantile, 1 - quantile) ** n;
  return outside > ALPHA ? undefined : orderStatisticRanks(n, quantile, CONFIDENCE);
}
