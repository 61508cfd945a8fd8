/**
 * Quantiles, and what one may say of them whatever the distribution: an order statistic lies above a quantile or not, which is
 * binomial. For the tails of times, where nothing is normal.
 */
import { CONFIDENCE, type Interval } from '../interval.ts';
import { binomialCdf } from '../special/beta.ts';
import { firstWhere } from '../special/first-where.ts';
import { assertCount, assertLevel, assertNumbers, inputError } from '../statistics-error.ts';

/**
 * The value below which a share `q` of the values lies, between two of them in proportion (type 7 of Hyndman and Fan, the usual one
 * of R and numpy).
 *
 * @param q - From 0, the smallest value, to 1, the largest.
 * @throws {StatisticsError} `STATISTICS_INPUT` without values, or where one is not finite, or q is not from 0 to 1.
 * @see Hyndman and Fan 1996, "Sample quantiles in statistical packages".
 * @public
 */
export function quantileOf(values: readonly number[], q: number): number {
  assertNumbers('values', values, 1);
  if (!(q >= 0 && q <= 1)) throw inputError('q', q, 'a number from 0 to 1');
  return quantileOfSorted(Float64Array.from(values).toSorted(), q);
}

/** {@link quantileOf} of values in rising order, unchecked. */
export function quantileOfSorted(sorted: Readonly<ArrayLike<number>>, q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? 0;
  const share = at - Math.floor(at);
  return below * (1 - share) + above * share;
}

/**
 * Ranks, from 1, of the two of n values in order between which a quantile lies with at least the confidence.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n values are too few for any two of them to hold the confidence; says how many do.
 * @see Conover 1999, "Practical Nonparametric Statistics", section 3.2; EVIDENCE 2.8.
 * @public
 */
export function orderStatisticRanks(n: number, quantile: number, confidence: number = CONFIDENCE): Interval {
  assertCount('n', n);
  assertLevel('quantile', quantile);
  assertLevel('confidence', confidence);
  const tail = (1 - confidence) / 2;
  const needed = Math.ceil(Math.log(tail) / Math.log(Math.max(quantile, 1 - quantile)));
  if (n < needed) throw inputError('the number of values', n, `at least ${needed} for this quantile and confidence`);
  return [binomialQuantile(tail, n, quantile), binomialQuantile(1 - tail, n, quantile) + 1];
}

/**
 * Interval of a quantile, from one of the values to another: exact in that it holds at least the confidence for any distribution.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a value is not finite, or there are too few for the quantile; says how many do.
 * @public
 */
export function orderStatisticInterval(
  values: readonly number[],
  quantile: number,
  confidence: number = CONFIDENCE,
): Interval {
  assertNumbers('values', values, 1);
  const [lower, upper] = orderStatisticRanks(values.length, quantile, confidence);
  const sorted = Float64Array.from(values).toSorted();
  return [sorted[lower - 1] ?? 0, sorted[upper - 1] ?? 0];
}

/** The smallest k that at least a share `level` of a binomial distribution is at most. */
function binomialQuantile(level: number, n: number, p: number): number {
  return firstWhere((k) => binomialCdf(k, n, p) >= level, [0, n]);
}
