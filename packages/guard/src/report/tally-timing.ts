/**
 * Times of runs that succeeded: quantiles, and how often which time was seen, on one logarithmic axis for both sides.
 */
import type { EvaluatedPair, EvaluatedSide } from '../evaluation/evaluated-pair.ts';
import { quantileOfSorted } from '../statistics/values/quantiles.ts';
import { createNumberColumn } from './number-column.ts';
import type { TimingTotals } from './report.ts';

/** Steps of the axis. */
const STEPS = 64;
/** A logarithm needs a time above 0; a clock that tells microseconds does not tell less. */
const LEAST_MS = 0.001;
/** Ends of the axis around times that are all the same. */
const MARGIN = 1.1;

/** Times of both sides. */
export type TimingTally = {
  readonly take: (pair: Pick<EvaluatedPair, 'baseline' | 'candidate'>) => void;
  readonly totals: () => { readonly baseline: TimingTotals; readonly candidate: TimingTotals };
};

/** Starts with no times. */
export function createTimingTally(): TimingTally {
  const columns = { baseline: createNumberColumn(), candidate: createNumberColumn() };
  return {
    take: (pair) => {
      for (const role of ['baseline', 'candidate'] as const) {
        if (succeeded(pair[role])) columns[role].push(pair[role].duration_ms);
      }
    },
    totals: () => {
      const baseline = columns.baseline.values().toSorted();
      const candidate = columns.candidate.values().toSorted();
      const bounds = boundsOf([baseline, candidate]);
      return { baseline: totalsOf(baseline, bounds), candidate: totalsOf(candidate, bounds) };
    },
  };
}

function succeeded({ result, duration_ms }: EvaluatedSide): boolean {
  return result['success'] === true && Number.isFinite(duration_ms) && duration_ms >= 0;
}

/** 65 bounds of 64 steps, each a factor above the one before; none where there is no time. */
function boundsOf(sorted: readonly Float64Array[]): readonly number[] {
  const ends = sorted.filter(({ length }) => length > 0).map((times) => [times.at(0) ?? 0, times.at(-1) ?? 0] as const);
  if (ends.length === 0) return [];
  const least = Math.max(LEAST_MS, Math.min(...ends.map(([first]) => first)));
  const greatest = Math.max(least, ...ends.map(([, last]) => last));
  const isFlat = greatest < least * MARGIN;
  const from = isFlat ? least / MARGIN : least;
  const to = isFlat ? greatest * MARGIN : greatest;
  return Array.from({ length: STEPS + 1 }, (_, step) => from * (to / from) ** (step / STEPS));
}

function totalsOf(sorted: Float64Array, bounds: readonly number[]): TimingTotals {
  const quantile = (q: number): number | null => (sorted.length === 0 ? null : quantileOfSorted(sorted, q));
  return {
    p50_ms: quantile(0.5),
    p95_ms: quantile(0.95),
    p99_ms: quantile(0.99),
    histogram: { bounds_ms: bounds, counts: countsOf(sorted, bounds) },
  };
}

function countsOf(sorted: Float64Array, bounds: readonly number[]): readonly number[] {
  const counts = Array.from({ length: Math.max(0, bounds.length - 1) }, () => 0);
  let step = 0;
  for (const time of sorted) {
    while (step < counts.length - 1 && time >= (bounds[step + 1] ?? Infinity)) step += 1;
    counts[step] = (counts[step] ?? 0) + 1;
  }
  return counts;
}
