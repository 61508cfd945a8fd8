/**
 * The default promotion rule: a bet against "the candidate is no better than m", whose winnings may be looked at after every pair.
 * They reach 1/alpha with probability at most alpha, however often one looks and whenever one stops (Ville 1939), and without
 * a normal approximation: it holds where nothing failed, where failures are rare, and for lopsided ones.
 */
import { firstWhere } from '../special/first-where.ts';
import { logGamma, logGammaRatio } from '../special/gamma.ts';
import type { Interval } from '../interval.ts';
import type { ComparedPairs, DiscordantPairs } from '../pairs.ts';
import { assertCount, assertLevel, inputError } from '../statistics-error.ts';

/**
 * What is bet against, and how sure a promotion has to be. `m`, strictly between −1 and 1, is the largest difference (candidate −
 * baseline) that does not promote: minus the margin for non-inferiority, the least gain for superiority. `alpha` bounds the
 * probability of a wrong promotion, one-sided.
 *
 * @public
 */
export type EProcessOptions = { readonly m: number; readonly alpha: number };

/**
 * Natural logarithm of the evidence, whether it is enough, and the bounds that hold at every look: each end is wrong at any look
 * at all with probability at most alpha, both together with at most twice that.
 *
 * @public
 */
export type EProcessResult = {
  readonly logE: number;
  readonly promote: boolean;
  readonly confidenceSequence: Interval;
};

/** Shares of its wealth that each of the 40 bettors stakes, evenly spaced (a log-spaced grid is a quarter slower: EVIDENCE 2.5). */
const STAKES: readonly number[] = Array.from({ length: 40 }, (_, index) => (index + 0.5) / 40);
/** To this the bounds of a confidence sequence are exact. */
const BOUND_WIDTH = 1e-12;

/**
 * Evidence of all pairs so far against a difference of at most m; their order does not matter. `promote` is logE ≥ ln(1/alpha).
 *
 * The bounds are the least and the largest m that the pairs do not yet refuse, to 1e-12; an end of −1 or 1 where they refuse none.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where there is no pair, a count is not whole, or m or alpha is out of range.
 * @see Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (arXiv 2010.09686); Ville 1939;
 *   EVIDENCE 2.5.
 * @public
 */
export function eProcess(counts: ComparedPairs, { m, alpha }: EProcessOptions): EProcessResult {
  assertCounts(counts);
  assertOptions({ m, alpha });
  const logE = logEvidence(counts, m);
  const upperOfSwapped = lowerBound(swapped(counts), alpha);
  return {
    logE,
    promote: logE >= -Math.log(alpha),
    // `0 − x`, so that no bound is −0.
    confidenceSequence: [lowerBound(counts, alpha), 0 - upperOfSwapped],
  };
}

/**
 * How many more pairs it takes, at the rates seen so far, until {@link eProcess} promotes: 0 where it does already, undefined where
 * those rates never would: no better than m, or by less than even the smallest stake can win from. A figure to plan with; the true
 * rates are not known.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` as {@link eProcess}.
 * @public
 */
export function pairsUntilPromotion({ m, alpha, ...counts }: ComparedPairs & EProcessOptions): number | undefined {
  assertCounts(counts);
  assertOptions({ m, alpha });
  const seen = counts.onlyCandidate + counts.same + counts.onlyBaseline;
  const growth = logWealths(counts, m).map((logWealth) => logWealth / seen);
  const enough = -Math.log(alpha);
  // The best bettor alone, of 40: by then the mean has enough as well.
  const last = Math.ceil((enough + Math.log(STAKES.length)) / Math.max(...growth));
  if (!(last > 0 && last <= Number.MAX_SAFE_INTEGER)) return undefined;
  const isEnough = (pairs: number): boolean => logMeanExp(growth.map((each) => each * pairs)) >= enough;
  // Evidence is convex in the pairs and starts at 0, so it gets there once.
  const pairs = firstWhere(isEnough, [seen, Math.max(seen, last)]);
  return pairs - seen;
}

/**
 * ln of what a value x multiplies each bettor's wealth by: ln(1 + k(x − m)/(m − lower)) for each stake k, where no value is below lower.
 *
 * @internal
 */
export function logFactors(x: number, m: number, lower: number): readonly number[] {
  const gain = (x - m) / (m - lower);
  return STAKES.map((stake) => Math.log1p(stake * gain));
}

/**
 * Evidence of a McNemar test with a uniform prior on the share of the candidate among the pairs that differ, 2^N B(n₊ + 1, n₋ + 1):
 * a second opinion on {@link eProcess} at m = 0. Two-sided: it grows whichever of the two is better.
 *
 * @returns `logE`, its natural logarithm, which no count makes infinite.
 * @throws {StatisticsError} `STATISTICS_INPUT` where a count is not whole.
 * @see EVIDENCE 2.5.
 * @public
 */
export function mcnemarEValue({ onlyCandidate, onlyBaseline }: DiscordantPairs): Pick<EProcessResult, 'logE'> {
  assertCount('onlyCandidate', onlyCandidate);
  assertCount('onlyBaseline', onlyBaseline);
  const less = Math.min(onlyCandidate, onlyBaseline) + 1;
  const more = Math.max(onlyCandidate, onlyBaseline) + 1;
  const logBeta = logGamma(less) + logGammaRatio(less, more);
  return { logE: (onlyCandidate + onlyBaseline) * Math.LN2 + logBeta };
}

/** ln of the mean of numbers that are given as logarithms. */
export function logMeanExp(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  return largest + Math.log(sum / logs.length);
}

function assertCounts(counts: ComparedPairs): void {
  assertCount('onlyCandidate', counts.onlyCandidate);
  assertCount('same', counts.same);
  assertCount('onlyBaseline', counts.onlyBaseline);
  const pairs = counts.onlyCandidate + counts.same + counts.onlyBaseline;
  if (pairs === 0) throw inputError('the number of pairs', pairs, 'at least 1');
}

function assertOptions({ m, alpha }: EProcessOptions): void {
  if (!(m > -1 && m < 1)) throw inputError('m', m, 'a number between -1 and 1');
  assertLevel('alpha', alpha);
}

function logEvidence(counts: ComparedPairs, m: number): number {
  return logMeanExp(logWealths(counts, m));
}

/** With stake k of 1/(1 + m), the factors of a pair are 1 + k(1 − m)/(1 + m), 1 − km/(1 + m) and 1 − k. */
function logWealths({ onlyCandidate, same, onlyBaseline }: ComparedPairs, m: number): readonly number[] {
  const better = (1 - m) / (1 + m);
  const equal = -m / (1 + m);
  return STAKES.map(
    (stake) =>
      onlyCandidate * Math.log1p(stake * better) + same * Math.log1p(stake * equal) + onlyBaseline * Math.log1p(-stake),
  );
}

function swapped({ onlyCandidate, same, onlyBaseline }: ComparedPairs): ComparedPairs {
  return { onlyCandidate: onlyBaseline, same, onlyBaseline: onlyCandidate };
}

/** The evidence falls as m grows, and is at most 1 at the mean; near −1 it has no end, or the pairs refuse no m. */
function lowerBound(counts: ComparedPairs, alpha: number): number {
  const enough = -Math.log(alpha);
  const pairs = counts.onlyCandidate + counts.same + counts.onlyBaseline;
  let refused = -1;
  let kept = (counts.onlyCandidate - counts.onlyBaseline) / pairs;
  while (kept - refused > BOUND_WIDTH) {
    const middle = (refused + kept) / 2;
    if (logEvidence(counts, middle) >= enough) refused = middle;
    else kept = middle;
  }
  return refused;
}
