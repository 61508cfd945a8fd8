/**
 * Whether figures taken one after another rise or fall, and how fast: by the order and the slopes of all pairs, which an outlier does
 * not move. For memory that leaks and answers that get slower; thin a long record into blocks first.
 */
import { assertAlternative, exactP, normalP, type Alternative } from './alternative.ts';
import { CONFIDENCE, zOf, type Interval } from '../interval.ts';
import { quantileOfSorted } from './quantiles.ts';
import { inversionDistribution, ranksOf, type Ranks } from './rank-distributions.ts';
import { assertNumbers, inputError } from '../statistics-error.ts';

/** Pairs grow with the square: 5,000 values have 12.5 million slopes, which are 100 MB. */
const VALUES_MAX = 5_000;
/** Up to here Kendall's statistic has its exact distribution, as in scipy. */
const EXACT_MAX = 33;

/**
 * Slope per step, and its interval.
 *
 * @public
 */
export interface Slope {
  readonly slope: number;
  readonly interval: Interval;
}

/**
 * Slope of values at x = 0, 1, 2, …: the median of the slopes of all pairs (Theil–Sen), with the interval of the slopes that Kendall's
 * test does not reject, by its normal form with a correction for ties. Of a few values, which cannot hold the confidence, the interval
 * is from the smallest slope to the largest.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where there are fewer than two values or more than 5,000, or one is not finite.
 * @remarks O(n² log n) time and O(n²) memory.
 * @see Sen 1968, "Estimates of the regression coefficient based on Kendall's tau"; EVIDENCE 2.8.
 * @public
 */
export function theilSen(
  ys: readonly number[],
  { confidence = CONFIDENCE }: { readonly confidence?: number } = {},
): Slope {
  assertSeries(ys);
  const distance = zOf(confidence) * kendallDeviation(ys.length, ranksOf(ys));
  const slopes = slopesOf(ys);
  const lower = Math.max(1, Math.round((slopes.length - distance) / 2));
  // The ranks mirror each other, so that a falling series has the interval of the rising one.
  return {
    slope: quantileOfSorted(slopes, 0.5),
    interval: [slopes[lower - 1] ?? 0, slopes[slopes.length - lower] ?? 0],
  };
}

/**
 * Kendall's test of a trend: `tau` from −1, always falling, to 1, always rising; ties count for neither (tau-b).
 *
 * @public
 */
export interface MannKendall {
  readonly tau: number;
  readonly p: number;
}

/**
 * Tests whether values, one after another, have a trend. `p` is exact for at most 33 values without ties; else normal, with the
 * corrections for ties and continuity. Where all values are the same, `tau` is 0 and `p` is 1.
 *
 * @param options - `alternative` 'greater' looks for a rise only, 'less' for a fall; default 'two-sided'.
 * @throws {StatisticsError} `STATISTICS_INPUT` where there are fewer than two values or more than 5,000, or one is not finite.
 * @remarks O(n²) time, O(n) memory. Values that depend on the one before them show trends where none is: thin them.
 * @see Mann 1945; Kendall 1975, "Rank Correlation Methods"; EVIDENCE 2.8.
 * @public
 */
export function mannKendall(
  ys: readonly number[],
  { alternative = 'two-sided' }: { readonly alternative?: Alternative } = {},
): MannKendall {
  assertSeries(ys);
  assertAlternative(alternative);
  const n = ys.length;
  const ranks = ranksOf(ys);
  const pairs = (n * (n - 1)) / 2;
  const untied = pairs - ranks.tiedPairs;
  const rises = risesOf(ys);
  // Rises less falls.
  const score = 2 * rises - untied;
  const p =
    ranks.tiedPairs === 0 && n <= EXACT_MAX
      ? exactP(inversionDistribution(n), rises, alternative)
      : normalP(score / 2, kendallDeviation(n, ranks) / 2, alternative);
  return { tau: untied === 0 ? 0 : score / Math.sqrt(pairs * untied), p };
}

function assertSeries(ys: readonly number[]): void {
  assertNumbers('ys', ys, 2);
  if (ys.length > VALUES_MAX) {
    throw inputError(
      'the length of ys',
      ys.length,
      `at most ${VALUES_MAX}; take the mean of each block of some values`,
    );
  }
  const range = ys.reduce((most, y) => Math.max(most, y)) - ys.reduce((least, y) => Math.min(least, y));
  if (!Number.isFinite(range)) throw inputError('the range of ys', range, 'a finite number');
}

/** Standard deviation of rises less falls, where there is no trend. */
function kendallDeviation(n: number, { ties, tiedPairs }: Ranks): number {
  return Math.sqrt((2 * (n ** 3 - n - ties) + 3 * (n * (n - 1) - 2 * tiedPairs)) / 18);
}

/** Slopes of all pairs, in order. */
function slopesOf(ys: readonly number[]): Float64Array {
  const slopes = new Float64Array((ys.length * (ys.length - 1)) / 2);
  let at = 0;
  for (const [later, y] of ys.entries()) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      slopes[at] = (y - (ys[earlier] ?? 0)) / (later - earlier);
      at += 1;
    }
  }
  return slopes.toSorted();
}

/** Pairs of which the later value is the larger. */
function risesOf(ys: readonly number[]): number {
  let rises = 0;
  for (const [later, y] of ys.entries()) {
    for (let earlier = 0; earlier < later; earlier += 1) if ((ys[earlier] ?? 0) < y) rises += 1;
  }
  return rises;
}
