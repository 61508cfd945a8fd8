/**
 * Intervals of one proportion, and of the difference of two that were measured on different cases. None has width zero where
 * nothing failed: what was not seen may still happen.
 */
import { betaQuantile } from '../special/beta.ts';
import { CONFIDENCE, zOf, type Interval } from '../interval.ts';
import { assertCount, assertLevel, inputError } from '../statistics-error.ts';

/**
 * Interval of a proportion of which x in n were seen, by Wilson's score.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0 or x above n.
 * @see Wilson 1927; Newcombe 1998, Statistics in Medicine 17:857, method 3.
 * @public
 */
export function wilsonInterval(x: number, n: number, confidence: number = CONFIDENCE): Interval {
  assertShare(x, n);
  const z = zOf(confidence);
  const centre = x + (z * z) / 2;
  const half = z * Math.sqrt((x * (n - x)) / n + (z * z) / 4);
  const below = n + z * z;
  // At the ends the bound is exact, and the formula a rounding error away from it.
  return [x === 0 ? 0 : (centre - half) / below, x === n ? 1 : (centre + half) / below];
}

/**
 * Interval of a proportion that holds at least the confidence, by inverting two binomial tests.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0 or x above n.
 * @see Clopper and Pearson 1934; Newcombe 1998, Statistics in Medicine 17:857, method 5.
 * @public
 */
export function clopperPearsonInterval(x: number, n: number, confidence: number = CONFIDENCE): Interval {
  assertShare(x, n);
  assertLevel('confidence', confidence);
  const tail = (1 - confidence) / 2;
  const lower = x === 0 ? 0 : betaQuantile(tail, x, n - x + 1);
  const upper = x === n ? 1 : betaQuantile(1 - tail, x + 1, n - x);
  return [lower, upper];
}

/**
 * The largest rate of failure that n cases without one are compatible with, one-sided; about 3/n at 95 %.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0.
 * @see Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?".
 * @public
 */
export function noFailureBound(n: number, confidence: number = CONFIDENCE): number {
  assertShare(0, n);
  assertLevel('confidence', confidence);
  return -Math.expm1(Math.log1p(-confidence) / n);
}

/**
 * Interval of p1 − p2 for proportions of different cases: Newcombe's hybrid score, of the Wilson bounds of each.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where an n is 0 or an x above its n.
 * @see Newcombe 1998, Statistics in Medicine 17:873, method 10.
 * @public
 */
// oxlint-disable-next-line max-params -- a public name of DESIGN 15
export function newcombeInterval(
  x1: number,
  n1: number,
  x2: number,
  n2: number,
  confidence: number = CONFIDENCE,
): Interval {
  const [l1, u1] = wilsonInterval(x1, n1, confidence);
  const [l2, u2] = wilsonInterval(x2, n2, confidence);
  const [p1, p2] = [x1 / n1, x2 / n2];
  return [p1 - p2 - Math.hypot(p1 - l1, u2 - p2), p1 - p2 + Math.hypot(u1 - p1, p2 - l2)];
}

/** Insists on x of n things, of which there is at least one. */
export function assertShare(x: number, n: number): void {
  assertCount('n', n);
  assertCount('x', x);
  if (n === 0) throw inputError('n', n, 'at least 1');
  if (x > n) throw inputError('x', x, `at most n, which is ${n}`);
}
