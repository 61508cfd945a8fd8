/**
 * Intervals of the difference of two proportions that were measured on the same cases, candidate − baseline: what one
 * learns of lies in the discordant pairs, which only one of the two passed. None has width zero where no pair is discordant.
 * They describe; where failures are rare and lopsided they are no rule of promotion (EVIDENCE 2.4).
 */
import { CONFIDENCE, zOf, type Interval } from '../interval.ts';
import type { PairedCounts, PairedTable } from '../pairs.ts';
import { wilsonInterval } from './proportions.ts';
import { assertCount, inputError } from '../statistics-error.ts';

/**
 * Interval of candidate − baseline by Tango's score; agrees with McNemar's test on whether 0 is in it.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0 or below the discordant pairs.
 * @remarks Right to 1e-12 of itself, or to 1e-15 where that is more.
 * @see Tango 1998, Statistics in Medicine 17:891; EVIDENCE 2.4.
 * @public
 */
export function tangoInterval(counts: PairedCounts, confidence: number = CONFIDENCE): Interval {
  assertPairedCounts(counts);
  const z = zOf(confidence);
  // The lower bound is the mirrored upper one of exchanged roles: one search, and equal to the last bit.
  return [0 - scoreUpper(exchanged(counts), z), scoreUpper(counts, z)];
}

/**
 * Interval of candidate − baseline by Newcombe's square-and-add of the Wilson bounds of each, with φ corrected for continuity.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a cell is no count, or all are 0.
 * @see Newcombe 1998, Statistics in Medicine 17:2635, method 10; EVIDENCE 2.4.
 * @public
 */
export function newcombePairedInterval(table: PairedTable, confidence: number = CONFIDENCE): Interval {
  const n = sizeOf(table);
  const [xCandidate, xBaseline] = [table.both + table.onlyCandidate, table.both + table.onlyBaseline];
  const [lCandidate, uCandidate] = wilsonInterval(xCandidate, n, confidence);
  const [lBaseline, uBaseline] = wilsonInterval(xBaseline, n, confidence);
  const [candidate, baseline] = [xCandidate / n, xBaseline / n];
  const difference = (table.onlyCandidate - table.onlyBaseline) / n;
  const phi = correctedPhi(table, n);
  return withinOne(
    difference - lawOfCosines(candidate - lCandidate, uBaseline - baseline, phi),
    difference + lawOfCosines(uCandidate - candidate, baseline - lBaseline, phi),
  );
}

/**
 * Interval of candidate − baseline by Wald's formula with one discordant pair more on each side, clipped to −1 and 1.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0 or below the discordant pairs.
 * @see Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37:479; EVIDENCE 2.4.
 * @public
 */
export function bonettPriceInterval(counts: PairedCounts, confidence: number = CONFIDENCE): Interval {
  assertPairedCounts(counts);
  const n = counts.n + 2;
  const difference = (counts.onlyCandidate - counts.onlyBaseline) / n;
  const discordance = (counts.onlyCandidate + counts.onlyBaseline + 2) / n;
  const half = zOf(confidence) * Math.sqrt((discordance - difference * difference) / n);
  return withinOne(difference - half, difference + half);
}

/** Insists on at least one pair, and on no more discordant ones than there are. */
export function assertPairedCounts({ onlyCandidate, onlyBaseline, n }: PairedCounts): void {
  assertCount('n', n);
  assertCount('onlyCandidate', onlyCandidate);
  assertCount('onlyBaseline', onlyBaseline);
  if (n === 0) throw inputError('n', n, 'at least 1');
  const discordant = onlyCandidate + onlyBaseline;
  if (discordant > n) throw inputError('onlyCandidate + onlyBaseline', discordant, `at most n, which is ${n}`);
}

function exchanged({ onlyCandidate, onlyBaseline, n }: PairedCounts): PairedCounts {
  return { onlyCandidate: onlyBaseline, onlyBaseline: onlyCandidate, n };
}

/** Halvings of a bracket of length 2; most end before, where no number lies between its ends. */
const HALVINGS_MAX = 120;

/**
 * The difference above the observed one where the score is −z. The score falls from the observed difference, where it is 0, to 1,
 * so halving finds it wherever it is; ends are not computed, since the variance may vanish there.
 */
function scoreUpper(counts: PairedCounts, z: number): number {
  let low = (counts.onlyCandidate - counts.onlyBaseline) / counts.n;
  let high = 1;
  for (let step = 0; step < HALVINGS_MAX; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    const excess = counts.onlyCandidate - counts.onlyBaseline - counts.n * middle;
    if (excess + z * Math.sqrt(counts.n * scoreVariance(counts, middle)) < 0) high = middle;
    else low = middle;
  }
  return high;
}

/** Variance of one pair's difference under the given mean, with the discordant shares that are likeliest then. */
function scoreVariance(counts: PairedCounts, difference: number): number {
  if (difference < 0) return scoreVariance(exchanged(counts), -difference);
  const { onlyCandidate, onlyBaseline, n } = counts;
  const a = 2 * n;
  const b = (2 * n - onlyCandidate + onlyBaseline) * difference - onlyCandidate - onlyBaseline;
  const c = -onlyBaseline * difference * (1 - difference);
  // From the mirrored side c is never positive, so the root is real and at least |b|.
  const share = (Math.sqrt(b * b - 4 * a * c) - b) / (2 * a);
  return 2 * share + difference * (1 - difference);
}

function sizeOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): number {
  for (const [name, count] of Object.entries({ both, onlyCandidate, onlyBaseline, neither })) assertCount(name, count);
  const n = both + onlyCandidate + onlyBaseline + neither;
  if (n === 0) throw inputError('the sum of the table', n, 'at least 1');
  return n;
}

/** Correlation of the two, from which Newcombe takes n/2 in the numerator where it is positive; 0 where a margin is empty. */
function correctedPhi({ both, onlyCandidate, onlyBaseline, neither }: PairedTable, n: number): number {
  const ofCandidate = (both + onlyCandidate) * (onlyBaseline + neither);
  const ofBaseline = (both + onlyBaseline) * (onlyCandidate + neither);
  if (ofCandidate === 0 || ofBaseline === 0) return 0;
  const agreement = both * neither - onlyCandidate * onlyBaseline;
  const corrected = agreement > 0 ? Math.max(agreement - n / 2, 0) : agreement;
  return corrected / (Math.sqrt(ofCandidate) * Math.sqrt(ofBaseline));
}

/** The third side of a triangle, of which φ is the cosine between the two others. */
function lawOfCosines(one: number, other: number, cosine: number): number {
  return Math.sqrt(Math.max(0, one * one + other * other - 2 * cosine * (one * other)));
}

function withinOne(lower: number, upper: number): Interval {
  return [Math.max(-1, lower), Math.min(1, upper)];
}
