/**
 * The bet of the default rule over clusters: a case and what depends on it count as one value, the mean of their differences, since
 * only clusters are independent (EVIDENCE 2.5, 2.9).
 */
import { createBoundedEProcess } from '../statistics/looks/bounded-e-process.ts';
import { logFactors, logMeanExp, type EProcessOptions, type EProcessResult } from '../statistics/looks/e-process.ts';
import { mean } from '../statistics/values/mean.ts';
import { firstWhere } from '../statistics/special/first-where.ts';

/** As of pairs, and how many more clusters it takes at the means seen so far; undefined where no number would do. */
export type ClusterEvidence = EProcessResult & { readonly clustersNeeded: number | undefined };

/** To this the bounds are exact. */
const BOUND_WIDTH = 1e-9;

/**
 * Evidence of cluster means against a mean of at most m, with bounds as those of `eProcess`.
 *
 * @param differences - One a cluster, from −1 to 1; none is no evidence.
 * @throws {StatisticsError} `STATISTICS_INPUT` where one is outside, or m or alpha out of range.
 */
export function clusterEvidence(differences: readonly number[], { m, alpha }: EProcessOptions): ClusterEvidence {
  const bet = createBoundedEProcess({ m, alpha, lower: -1, upper: 1 });
  for (const difference of differences) bet.add(difference);
  const { logE, promote } = bet.result();
  if (differences.length === 0) return { logE, promote, confidenceSequence: [-1, 1], clustersNeeded: undefined };
  const mirrored = differences.map((difference) => 0 - difference);
  return {
    logE,
    promote,
    confidenceSequence: [lowerBound(differences, alpha), 0 - lowerBound(mirrored, alpha)],
    clustersNeeded: clustersUntilPromotion(bet.state().sums, differences.length, alpha),
  };
}

/** As `pairsUntilPromotion`: evidence grows with each cluster as it has so far. */
function clustersUntilPromotion(sums: readonly number[], seen: number, alpha: number): number | undefined {
  const enough = -Math.log(alpha);
  const growth = sums.map((sum) => sum / seen);
  const last = Math.ceil((enough + Math.log(sums.length)) / Math.max(...growth));
  if (!(last > 0 && last <= Number.MAX_SAFE_INTEGER)) return undefined;
  const isEnough = (clusters: number): boolean => logMeanExp(growth.map((each) => each * clusters)) >= enough;
  return firstWhere(isEnough, [seen, Math.max(seen, last)]) - seen;
}

/** The largest m that the values refuse, by halving: evidence falls as m grows, and is at most 1 at their mean. */
function lowerBound(values: readonly number[], alpha: number): number {
  const enough = -Math.log(alpha);
  const tally = tallyOf(values);
  let refused = -1;
  let kept = Math.max(-1, mean(values));
  while (kept - refused > BOUND_WIDTH) {
    const middle = (refused + kept) / 2;
    if (logEvidence(tally, middle) >= enough) refused = middle;
    else kept = middle;
  }
  return refused;
}

/** Means of small clusters are few numbers, so that each is asked once. */
function tallyOf(values: readonly number[]): ReadonlyMap<number, number> {
  const tally = new Map<number, number>();
  for (const value of values) tally.set(value, (tally.get(value) ?? 0) + 1);
  return tally;
}

function logEvidence(tally: ReadonlyMap<number, number>, m: number): number {
  let sums: readonly number[] | undefined;
  for (const [value, times] of tally) {
    const factors = logFactors(value, m, -1).map((factor) => factor * times);
    sums = sums === undefined ? factors : sums.map((sum, index) => sum + (factors[index] ?? 0));
  }
  return logMeanExp(sums ?? [0]);
}
