/**
 * Means of cases that come in clusters, such as a case and those derived from it: what one case adds to another of its cluster is
 * less than a case of its own, and an interval that takes them for independent is too narrow.
 */
import { CONFIDENCE, type Interval } from '../interval.ts';
import { mean } from './mean.ts';
import { studentQuantile } from '../special/beta.ts';
import { assertLevel, assertNumbers, inputError } from '../statistics-error.ts';

/** Below so many clusters the standard error itself is uncertain (EVIDENCE 2.9). */
const CLUSTERS_ENOUGH = 30;

/**
 * Mean with its standard error by clusters, the number of `clusters`, and a `warning` where these are few.
 *
 * @public
 */
export interface ClusteredMean {
  readonly mean: number;
  readonly standardError: number;
  readonly interval: Interval;
  readonly clusters: number;
  readonly warning?: string;
}

/**
 * Mean of values, with a standard error that lets values of one cluster depend on each other in any way, and Student's interval of
 * one degree of freedom less than there are clusters.
 *
 * @param clusters - For each value the name of its cluster; 1 and "1" are two names.
 * @throws {StatisticsError} `STATISTICS_INPUT` where there are fewer than two clusters, a value is not finite, or not each value has
 *   a cluster.
 * @see Miller 2024, "Adding error bars to evals"; Liang and Zeger 1986; EVIDENCE 2.9.
 * @public
 */
export function clusterRobustInterval(
  values: readonly number[],
  clusters: readonly (string | number)[],
  confidence: number = CONFIDENCE,
): ClusteredMean {
  assertNumbers('values', values, 1);
  assertLevel('confidence', confidence);
  if (clusters.length !== values.length) {
    throw inputError('the length of clusters', clusters.length, `that of values, ${values.length}`);
  }
  const middle = mean(values);
  const sums = deviationsOf(values, clusters, middle);
  const count = sums.length;
  if (count < 2) throw inputError('the number of clusters', count, 'at least 2');
  const standardError = Math.sqrt(sums.reduce((squares, sum) => squares + sum * sum, 0)) / values.length;
  const half = studentQuantile((1 + confidence) / 2, count - 1) * standardError;
  const result = { mean: middle, standardError, interval: [middle - half, middle + half], clusters: count } as const;
  if (count >= CLUSTERS_ENOUGH) return result;
  return { ...result, warning: `${count} clusters; below ${CLUSTERS_ENOUGH} the interval may be too narrow` };
}

/** For each cluster, how far its values lie from the mean in sum. */
function deviationsOf(
  values: readonly number[],
  clusters: readonly (string | number)[],
  middle: number,
): readonly number[] {
  const sums = new Map<string | number | undefined, number>();
  for (const [index, value] of values.entries()) {
    sums.set(clusters[index], (sums.get(clusters[index]) ?? 0) + (value - middle));
  }
  return [...sums.values()];
}
