/**
 * Weights, and choosing by them.
 */
import type { Random } from '@bulkhead/guard/statistics';

/** A weight for each place; a plain loop, as an iterator over 100,000 programs takes a hundred times as long. */
export function weigh<Item>(items: readonly Item[], weightOf: (item: Item, place: number) => number): Float64Array {
  const weights = new Float64Array(items.length);
  let place = 0;
  for (const item of items) {
    weights[place] = weightOf(item, place);
    place += 1;
  }
  return weights;
}

/** Weights from 0 up as probabilities; where all are 0, each has the same. */
export function normalised(weights: Float64Array): Float64Array {
  const total = sumOf(weights);
  const odds = new Float64Array(weights.length);
  for (let at = 0; at < odds.length; at += 1) odds[at] = total > 0 ? (weights[at] ?? 0) / total : 1 / odds.length;
  return odds;
}

/**
 * Draws a place as often as its weight says, in one pass and one draw.
 *
 * @param weights - From 0 up, at least one of them above 0.
 */
export function drawPlace(weights: Float64Array, random: Random): number {
  let left = random.next() * sumOf(weights);
  let last = 0;
  for (let at = 0; at < weights.length; at += 1) {
    const weight = weights[at] ?? 0;
    if (weight === 0) continue;
    last = at;
    left -= weight;
    if (left < 0) break;
  }
  return last; // Rounding may leave a rest after the last weight above 0; it is that one's.
}

function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at += 1) sum += weights[at] ?? 0;
  return sum;
}
