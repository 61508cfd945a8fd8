/**
 * Tests and estimates by ranks, for figures with long tails such as times and costs: Wilcoxon's of pairs, Mann and Whitney's of
 * separate cases, each with the shift that Hodges and Lehmann estimate and the interval of all shifts that the test does not reject.
 * Of ratios, give logarithms and take the exponential of what comes back.
 */
import {
  assertAlternative,
  exactLowerRank,
  exactP,
  normalLowerRank,
  normalP,
  type Alternative,
  type Distribution,
} from './alternative.ts';
import { CONFIDENCE, zOf, type Interval } from '../interval.ts';
import { countOf, medianOfSums, nthSum, pairDifferences, walshAverages, type PairSums } from './pair-sums.ts';
import { rankSumDistribution, ranksOf, signedRankDistribution } from './rank-distributions.ts';
import { assertNumbers } from '../statistics-error.ts';

/** Up to so many pairs V has its exact distribution (EVIDENCE 2.8); up to so many values on each side W has it, as in R. */
const EXACT_PAIRS_MAX = 25;
const EXACT_VALUES_MAX = 49;

/**
 * Wilcoxon's test of pairs: `v` the sum of the ranks of the positive differences, `p`, and the Hodges–Lehmann estimate of the shift.
 *
 * @public
 */
export interface SignedRank {
  readonly v: number;
  readonly p: number;
  readonly hodgesLehmann: number;
}

/**
 * Tests whether differences of pairs lie around 0, by Wilcoxon's signed ranks. `p` is exact for at most 25 differences without ties
 * and zeros; else normal, with the corrections for ties and continuity. The test drops zeros; the estimate, the median of the
 * averages of all pairs of differences, keeps them. Where all are zero, `v` is 0 and `p` is 1.
 *
 * @param options - `alternative` 'greater' looks for a shift above 0 only, 'less' for one below; default 'two-sided'.
 * @throws {StatisticsError} `STATISTICS_INPUT` without differences, or where one is not finite.
 * @remarks O(n log n) time, O(n) memory.
 * @see Wilcoxon 1945; Hollander and Wolfe 1999, section 3.1; R's `wilcox.test`; EVIDENCE 2.8.
 * @public
 */
export function signedRankTest(
  differences: readonly number[],
  { alternative = 'two-sided' }: { readonly alternative?: Alternative } = {},
): SignedRank {
  assertNumbers('differences', differences, 1);
  assertAlternative(alternative);
  const moved = differences.filter((difference) => difference !== 0);
  const { ranks, ties } = ranksOf(moved.map(Math.abs));
  const v = sumOf(ranks.filter((_rank, index) => (moved[index] ?? 0) > 0));
  const n = moved.length;
  const isExact = n === differences.length && n <= EXACT_PAIRS_MAX && ties === 0;
  const p = isExact
    ? exactP(signedRankDistribution(n), v, alternative)
    : normalP(v - (n * (n + 1)) / 4, signedRankDeviation(n, ties), alternative);
  return { v, p, hodgesLehmann: medianOfSums(walshAverages(differences)) };
}

/**
 * Interval of the shift of differences: the shifts that Wilcoxon's test does not reject, exact for at most 25 different values. Of five
 * or fewer no interval holds 95 %: then it is from the smallest to the largest, which hold 1 − 2^(1 − n).
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` without differences, or where one is not finite.
 * @remarks O(n log n) time, O(n) memory. Zeros are kept: they are a tie at no shift but 0. Where most
 *   differences are the same value, both bounds are that value.
 * @see Hollander and Wolfe 1999, section 3.3 (Tukey's interval); Lehmann 1963.
 * @public
 */
export function hodgesLehmannInterval(differences: readonly number[], confidence: number = CONFIDENCE): Interval {
  assertNumbers('differences', differences, 1);
  const n = differences.length;
  const { ties } = ranksOf(differences);
  return intervalOf(walshAverages(differences), {
    confidence,
    deviation: signedRankDeviation(n, ties),
    exact: n <= EXACT_PAIRS_MAX && ties === 0 ? signedRankDistribution(n) : undefined,
  });
}

/**
 * Mann and Whitney's test: `w` the number of pairs in which x is the larger (a tie counts half), `p`, the Hodges–Lehmann estimate of
 * how far x lies above y, and its interval.
 *
 * @public
 */
export interface MannWhitney {
  readonly w: number;
  readonly p: number;
  readonly hodgesLehmann: number;
  readonly interval: Interval;
}

/**
 * What {@link mannWhitneyTest} may be told; `alternative` 'greater' looks for x above y only, and leaves the interval two-sided.
 *
 * @public
 */
export interface MannWhitneyOptions {
  readonly alternative?: Alternative;
  readonly confidence?: number;
}

/**
 * Tests whether values of different cases lie apart, by Mann and Whitney's rank sum (Wilcoxon's W). `p` is exact for fewer than 50
 * values on each side without ties; else normal, with the corrections for ties and continuity. Where all values are the same, `p` is 1.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a side has no value, or one that is not finite.
 * @remarks O((m + n) log (m + n)) time and O(m + n) memory; the exact distribution takes some million additions at most.
 * @see Mann and Whitney 1947; Hollander and Wolfe 1999, sections 4.1 to 4.3; R's `wilcox.test`; EVIDENCE 2.8.
 * @public
 */
export function mannWhitneyTest(
  x: readonly number[],
  y: readonly number[],
  { alternative = 'two-sided', confidence = CONFIDENCE }: MannWhitneyOptions = {},
): MannWhitney {
  assertNumbers('x', x, 1);
  assertNumbers('y', y, 1);
  assertAlternative(alternative);
  const [m, n] = [x.length, y.length];
  const { ranks, ties } = ranksOf([...x, ...y]);
  const w = sumOf(ranks.slice(0, m)) - (m * (m + 1)) / 2;
  // At nearly every shift only values of one side are tied.
  const tiesOfSides = ranksOf(x).ties + ranksOf(y).ties;
  const isExact = Math.max(m, n) <= EXACT_VALUES_MAX && tiesOfSides === 0;
  const exact = isExact ? rankSumDistribution(m, n) : undefined;
  const p =
    exact !== undefined && ties === 0
      ? exactP(exact, w, alternative)
      : normalP(w - (m * n) / 2, rankSumDeviation(m, n, ties), alternative);
  const sums = pairDifferences(x, y);
  const interval = intervalOf(sums, { confidence, deviation: rankSumDeviation(m, n, tiesOfSides), exact });
  return { w, p, hodgesLehmann: medianOfSums(sums), interval };
}

interface Inversion {
  readonly confidence: number;
  /** Standard deviation of the statistic. */
  readonly deviation: number;
  /** Its exact distribution, where that is to be used. */
  readonly exact: Distribution | undefined;
}

/** The sums between the ranks at which the test begins to reject: as far from the lower end as from the upper. */
function intervalOf(sums: PairSums, { confidence, deviation, exact }: Inversion): Interval {
  const z = zOf(confidence);
  const count = countOf(sums);
  const rank =
    exact === undefined ? normalLowerRank(count, z * deviation) : exactLowerRank(exact, (1 - confidence) / 2);
  return [nthSum(sums, rank), nthSum(sums, count + 1 - rank)];
}

function signedRankDeviation(n: number, ties: number): number {
  return Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
}

function rankSumDeviation(m: number, n: number, ties: number): number {
  const sum = m + n;
  // Exactly 0 where everything is tied.
  return Math.sqrt(((m * n) / 12) * ((sum ** 3 - sum - ties) / (sum * (sum - 1))));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
