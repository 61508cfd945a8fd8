/**
 * From a statistic to a p-value, the same way for every test of ranks: of the exact distribution where there is one, else of the
 * normal one with a correction for continuity.
 */
import { normalTail } from '../special/normal.ts';
import { inputError } from '../statistics-error.ts';

/**
 * What a test looks for: a shift to either side, or only upwards or downwards.
 *
 * @public
 */
export type Alternative = 'two-sided' | 'greater' | 'less';

const ALTERNATIVES: readonly Alternative[] = ['two-sided', 'greater', 'less'];

/** Insists on one of the three. */
export function assertAlternative(alternative: Alternative): void {
  if (!ALTERNATIVES.includes(alternative)) throw inputError('alternative', alternative, ALTERNATIVES.join(', '));
}

/** Probabilities of the values 0, 1, 2, … of a statistic; the same read backwards. */
export type Distribution = Float64Array;

/** p of a statistic in its exact distribution. */
export function exactP(distribution: Distribution, statistic: number, alternative: Alternative): number {
  const atMost = cumulative(distribution, statistic);
  const atLeast = cumulative(distribution, distribution.length - 1 - statistic);
  if (alternative === 'two-sided') return Math.min(1, 2 * Math.min(atMost, atLeast));
  return alternative === 'less' ? atMost : atLeast;
}

/**
 * p of a statistic that lies `away` from its mean, by whole or half steps. Without any deviation everything is tied, which is no
 * sign of anything: p = 1.
 */
export function normalP(away: number, deviation: number, alternative: Alternative): number {
  if (deviation === 0) return 1;
  if (alternative === 'two-sided') return Math.min(1, 2 * normalTail((Math.abs(away) - 0.5) / deviation));
  return normalTail(((alternative === 'greater' ? away : -away) - 0.5) / deviation);
}

/**
 * Rank, from 1, of the lower end of an interval in the sorted estimates that a test counts: all ranks below it are rejected with at
 * most `tail`. At least 1, also where so few values cannot say so much.
 */
export function exactLowerRank(distribution: Distribution, tail: number): number {
  let sum = 0;
  let rank = 0;
  while (sum + (distribution[rank] ?? 0) < tail) {
    sum += distribution[rank] ?? 0;
    rank += 1;
  }
  return Math.max(1, rank);
}

/** The same where the statistic is close to normal, around half the `count` of the estimates. */
export function normalLowerRank(count: number, distance: number): number {
  return Math.max(1, Math.floor((count - 1) / 2 - distance) + 1);
}

function cumulative(distribution: Distribution, upTo: number): number {
  return distribution.subarray(0, upTo + 1).reduce((sum, probability) => sum + probability, 0);
}
