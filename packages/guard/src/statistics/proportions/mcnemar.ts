/**
 * McNemar's test of whether candidate and baseline pass the same share of the same cases, in its four forms. Only discordant
 * pairs, which one of the two passed and the other did not, say anything about it.
 */
import type { DiscordantPairs } from '../pairs.ts';
import { binomialCdf, binomialProbability } from '../special/beta.ts';
import { normalTail } from '../special/normal.ts';
import { assertCount } from '../statistics-error.ts';

/**
 * The statistic with one degree of freedom, and two-sided p: of it, of it with Edwards' correction, of the exact conditional
 * test, and mid-p, which is the recommended one.
 *
 * @public
 */
export interface McNemarTest {
  readonly chi2: number;
  readonly p: number;
  readonly pCorrected: number;
  readonly exact: number;
  readonly midP: number;
}

/**
 * Tests whether the two pass the same share; without any discordant pair the statistic is 0 and every p is 1.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a number is no count.
 * @see McNemar 1947; Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91; EVIDENCE 2.4.
 * @public
 */
export function mcnemar({ onlyCandidate, onlyBaseline }: DiscordantPairs): McNemarTest {
  assertCount('onlyCandidate', onlyCandidate);
  assertCount('onlyBaseline', onlyBaseline);
  const pairs = onlyCandidate + onlyBaseline;
  if (pairs === 0) return { chi2: 0, p: 1, pCorrected: 1, exact: 1, midP: 1 };
  const excess = Math.abs(onlyCandidate - onlyBaseline);
  return {
    chi2: (excess * excess) / pairs,
    p: bothTails(excess / Math.sqrt(pairs)),
    // The correction takes away a difference, and never makes one.
    pCorrected: bothTails(Math.max(0, excess - 1) / Math.sqrt(pairs)),
    ...conditional(Math.min(onlyCandidate, onlyBaseline), pairs),
  };
}

/** The statistic is the square of a normal one. */
function bothTails(z: number): number {
  return 2 * normalTail(z);
}

/** Given how many pairs are discordant, each falls to either side like a coin. */
function conditional(fewer: number, pairs: number): Pick<McNemarTest, 'exact' | 'midP'> {
  const point = binomialProbability(fewer, pairs, 0.5);
  // A tie is one outcome rather than two that mirror each other: half of it is half of its probability.
  if (2 * fewer === pairs) return { exact: 1, midP: 1 - point / 2 };
  const exact = Math.min(1, 2 * binomialCdf(fewer, pairs, 0.5));
  return { exact, midP: exact - point };
}
