/**
 * Interval of the difference of two proportions on the same cases that agrees with the exact McNemar test: with a confidence of
 * 1 − α, 0 is outside exactly where the test's p is below α. For where failures are rare and lopsided, where score
 * intervals miss too often on one side (EVIDENCE 2.4).
 */
import { CONFIDENCE, type Interval } from '../interval.ts';
import type { PairedCounts } from '../pairs.ts';
import { assertPairedCounts } from './paired.ts';
import { betaCdf, betaQuantile, binomialProbability } from '../special/beta.ts';
import { integrate } from '../special/quadrature.ts';
import { assertLevel } from '../statistics-error.ts';

/**
 * Interval of candidate − baseline by melding the exact bounds of two shares: how many pairs are discordant, and how many of
 * these the candidate passed.
 *
 * The difference is T (2B − 1), T being the discordant share and B the candidate's share of it. Each exact bound of a share is a
 * quantile of a beta distribution, and the bound of the difference is the quantile of the product. It grows with B; with T only
 * where it is positive, so T has its lower distribution there and its upper one elsewhere.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0 or below the discordant pairs.
 * @remarks Right to 1e-11, for some thousand values of a beta distribution. That it covers is a conjecture, which its authors
 *   checked for every n to 100 but for rounding.
 * @see Fay and Lumbard 2020, Statistics in Medicine 40:1147, PMC9447366; EVIDENCE 2.4.
 * @public
 */
export function mcnemarExactInterval(counts: PairedCounts, confidence: number = CONFIDENCE): Interval {
  assertPairedCounts(counts);
  assertLevel('confidence', confidence);
  const tail = (1 - confidence) / 2;
  const mirrored = { onlyCandidate: counts.onlyBaseline, onlyBaseline: counts.onlyCandidate, n: counts.n };
  return [lowerBound(counts, tail), 0 - lowerBound(mirrored, tail)];
}

function lowerBound({ onlyCandidate, onlyBaseline, n }: PairedCounts, tail: number): number {
  const discordant = onlyCandidate + onlyBaseline;
  // B's lower distribution is all at 0 here, which leaves −T.
  if (onlyCandidate === 0) return discordant === n ? -1 : -betaQuantile(1 - tail, discordant + 1, n - discordant);
  const isPositive = betaCdf(0.5, onlyCandidate, onlyBaseline + 1) < tail;
  // T's upper distribution is all at 1 here, which leaves 2B − 1.
  if (!isPositive && discordant === n) return 2 * betaQuantile(tail, onlyCandidate, onlyBaseline + 1) - 1;
  const share = discordantShare(isPositive ? discordant - 1 : discordant, n);
  const below = (difference: number): number => probabilityBelow(difference, { onlyCandidate, onlyBaseline, share });
  return rootOf((difference) => below(difference) - tail, isPositive ? [0, 1] : [-1, 0]);
}

/** A beta distribution by its density, and the points between which it lies but for {@link REST}. */
interface Share {
  readonly density: (share: number) => number;
  readonly points: readonly number[];
}

const REST = 1e-17;
const PIECES = 8;

/** Of the parameters k + 1 and n − k. */
function discordantShare(k: number, n: number): Share {
  const from = betaQuantile(REST, k + 1, n - k);
  const to = 1 - betaQuantile(REST, n - k, k + 1);
  return {
    density: (share) => n * binomialProbability(k, n - 1, share),
    points: Array.from({ length: PIECES + 1 }, (_, at) => from + ((to - from) * at) / PIECES),
  };
}

/** Probability of T (2B − 1) being at most the difference. */
function probabilityBelow(
  difference: number,
  { onlyCandidate, onlyBaseline, share }: Omit<PairedCounts, 'n'> & { readonly share: Share },
): number {
  const given = (discordance: number): number => {
    const bound = (1 + difference / discordance) / 2;
    return betaCdf(Math.min(1, Math.max(0, bound)), onlyCandidate, onlyBaseline + 1);
  };
  return integrate(
    (discordance) => share.density(discordance) * given(discordance),
    bentAt(share, Math.abs(difference)),
  );
}

/** Below the size of the difference T cannot reach it, whatever B is: there the integrand bends. */
function bentAt({ points }: Share, size: number): readonly number[] {
  const [from = 0, to = 1] = [points[0], points.at(-1)];
  return size > from && size < to ? [...points, size].toSorted((one, other) => one - other) : points;
}

/** How near to the root the search comes. */
const NEARNESS = 2 ** -44;
/** Halving a bracket of length 1 takes 43 steps to there, and the search at most one more. */
const STEPS_MAX = 44;

/**
 * Where a function that grows is 0, from a bracket of length 1: the secant's guess, drawn so far towards the middle that the
 * worst case is hardly worse than halving (Oliveira and Takahashi 2020, ACM TOMS 47:5, with κ₁ 0.2, κ₂ 2 and n₀ 1).
 */
function rootOf(grows: (x: number) => number, [from, to]: readonly [number, number]): number {
  let [low, high] = [from, to];
  let [atLow, atHigh] = [grows(from), grows(to)];
  for (let step = 0; high - low > 2 * NEARNESS; step += 1) {
    const middle = (low + high) / 2;
    const secant = (atHigh * low - atLow * high) / (atHigh - atLow);
    const side = Math.sign(middle - secant);
    const drawn = Math.min(0.2 * (high - low) ** 2, Math.abs(middle - secant));
    const reach = NEARNESS * 2 ** (STEPS_MAX - step) - (high - low) / 2;
    const guess = middle - side * Math.min(reach, Math.abs(middle - secant) - drawn);
    const found = grows(guess);
    if (found > 0) [high, atHigh] = [guess, found];
    else [low, atLow] = [guess, found];
  }
  return (low + high) / 2;
}
