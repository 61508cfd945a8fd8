/**
 * What a table of pairs says, in every interval that the report shows. They describe; the decision has its own rule.
 */
import type { Interval } from '../statistics/interval.ts';
import type { PairedTable } from '../statistics/pairs.ts';
import { mcnemar } from '../statistics/proportions/mcnemar.ts';
import { bonettPriceInterval, newcombePairedInterval, tangoInterval } from '../statistics/proportions/paired.ts';
import { minimumDetectableDifference, pairedSampleSize } from '../statistics/proportions/power.ts';
import { relativeRiskInterval } from '../statistics/proportions/risk.ts';
import { StatisticsError } from '../statistics/statistics-error.ts';
import { clusterRobustInterval } from '../statistics/values/clusters.ts';
import { casesOf } from '../decision/evidence.ts';
import type { Report } from './report.ts';

/** Of the design that a recommended number of cases is for: two-sided, as half of it on each side is the default policy's. */
const ALPHA = 0.05;
const POWER = 0.8;

/** Figures of the difference and of the ratio of pass rates; the ratio is candidate over baseline. */
export type DifferenceFigures = Pick<Report, 'delta_pass_rate' | 'delta_ci' | 'relative_risk' | 'relative_risk_ci'> & {
  readonly statistics: Omit<Report['statistics'], 'log_e' | 'confidence_sequence' | 'clusters'>;
};

/** Figures of a table; all null where it is empty. */
export function differenceFigures(table: PairedTable, margin: number): DifferenceFigures {
  const n = casesOf(table);
  if (n === 0) return NOTHING;
  const { both, onlyCandidate, onlyBaseline } = table;
  const risk = relativeRiskInterval(both + onlyCandidate, n, both + onlyBaseline, n);
  const counts = { onlyCandidate, onlyBaseline, n };
  const discordance = (onlyCandidate + onlyBaseline) / n;
  return {
    delta_pass_rate: (onlyCandidate - onlyBaseline) / n,
    delta_ci: tangoInterval(counts),
    relative_risk: risk.ratio,
    relative_risk_ci: risk.interval,
    statistics: {
      newcombe_paired: newcombePairedInterval(table),
      bonett_price: bonettPriceInterval(counts),
      mcnemar_mid_p: mcnemar(counts).midP,
      recommended_n: orNull(() => pairedSampleSize({ discordance, delta: margin, alpha: ALPHA, power: POWER })),
      minimum_detectable_difference: orNull(() =>
        minimumDetectableDifference({ n, discordance, alpha: ALPHA, power: POWER }),
      ),
    },
  };
}

/**
 * The interval that allows for clusters; null where each case is one of its own.
 *
 * @param differences - Of each case, candidate − baseline: 1, 0 or −1.
 * @param clusters - Of each case, the number of its cluster, from 0 up.
 */
export function clusterFigures(differences: Float64Array, clusters: Float64Array): Report['statistics']['clusters'] {
  const means = clusterMeans(differences, clusters);
  const areShares = differences.some((difference) => !Number.isInteger(difference));
  if (means.length === differences.length && !areShares) return null;
  return {
    count: means.length,
    interval: orNull(() => spreadOnly(clusterRobustInterval([...differences], [...clusters]).interval)),
    differences: counted(means),
  };
}

/** Of each cluster, in the order of their numbers. */
export function clusterMeans(differences: Float64Array, clusters: Float64Array): readonly number[] {
  const sums: { sum: number; count: number }[] = [];
  for (const [index, difference] of differences.entries()) {
    const of = (sums[clusters[index] ?? 0] ??= { sum: 0, count: 0 });
    of.sum += difference;
    of.count += 1;
  }
  return sums.map(({ sum, count }) => sum / count);
}

/** The least first. */
function counted(values: readonly number[]): readonly (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([one], [other]) => one - other);
}

const NOTHING: DifferenceFigures = {
  delta_pass_rate: null,
  delta_ci: null,
  relative_risk: null,
  relative_risk_ci: null,
  statistics: {
    newcombe_paired: null,
    bonett_price: null,
    mcnemar_mid_p: null,
    recommended_n: null,
    minimum_detectable_difference: null,
  },
};

/** Where no case differs a standard error is 0, and says nothing (EVIDENCE 2.2). */
function spreadOnly(interval: Interval): Interval | null {
  return interval[0] < interval[1] ? interval : null;
}

/** A figure that cannot be said of these numbers is none. */
function orNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof StatisticsError) return null;
    throw error;
  }
}
