/**
 * The ratio of two proportions that were measured on different cases, such as rates of failure.
 */
import { CONFIDENCE, zOf, type Interval } from '../interval.ts';
import { assertCount, inputError } from '../statistics-error.ts';

/**
 * A ratio and the bounds of it, all positive.
 *
 * @public
 */
export interface RelativeRisk {
  readonly ratio: number;
  readonly interval: Interval;
}

/**
 * The candidate's proportion over the baseline's, and its interval by the normal distribution of its logarithm.
 *
 * Where one of the four cells (x and n − x of each) is 0, each gets a half more, and the ratio is that of these: with a cell
 * of 0 the ratio has no logarithm, or its variance leaves out one of the two.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where an n is 0 or an x above its n.
 * @see Katz, Baptista, Azen and Pike 1978, Biometrics 34:469; Haldane 1956 and Anscombe 1956 for the half.
 * @public
 */
// oxlint-disable-next-line max-params -- a public name of DESIGN 15
export function relativeRiskInterval(
  xCandidate: number,
  nCandidate: number,
  xBaseline: number,
  nBaseline: number,
  confidence: number = CONFIDENCE,
): RelativeRisk {
  assertPart('Candidate', xCandidate, nCandidate);
  assertPart('Baseline', xBaseline, nBaseline);
  const z = zOf(confidence);
  const cells = [xCandidate, nCandidate - xCandidate, xBaseline, nBaseline - xBaseline];
  const more = cells.includes(0) ? 0.5 : 0;
  const [x1, n1] = [xCandidate + more, nCandidate + 2 * more];
  const [x2, n2] = [xBaseline + more, nBaseline + 2 * more];
  const ratio = x1 / n1 / (x2 / n2);
  const half = z * Math.sqrt((n1 - x1) / (x1 * n1) + (n2 - x2) / (x2 * n2));
  return { ratio, interval: [ratio * Math.exp(-half), ratio * Math.exp(half)] };
}

/** Insists on x of n things of one role, of which there is at least one. */
function assertPart(role: 'Candidate' | 'Baseline', x: number, n: number): void {
  assertCount(`n${role}`, n);
  assertCount(`x${role}`, x);
  if (n === 0) throw inputError(`n${role}`, n, 'at least 1');
  if (x > n) throw inputError(`x${role}`, x, `at most n${role}, which is ${n}`);
}
