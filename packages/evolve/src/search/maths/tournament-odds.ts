/**
 * Tournaments whose entrants are drawn with replacement.
 */
import type { Random } from '@bulkhead/guard/statistics';

/**
 * The chance of each place to win among `count` in order, the best at 0.
 *
 * @see EVIDENCE 2.15: ((N − i + 1)^k − (N − i)^k) / N^k of rank i from 1.
 */
export function tournamentOdds(count: number, entrants: number): Float64Array {
  // As shares of N before the power, so that no power overflows.
  const above = (place: number): number => ((count - place) / count) ** entrants;
  return Float64Array.from({ length: count }, (_, place) => above(place) - above(place + 1));
}

/** The place that wins: the first of those drawn. */
export function drawWinner(count: number, entrants: number, random: Random): number {
  let best = count - 1;
  for (let drawn = 0; drawn < entrants; drawn += 1) best = Math.min(best, random.below(count));
  return best;
}
