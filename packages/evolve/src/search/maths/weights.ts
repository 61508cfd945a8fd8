/**
 * Weights, and choosing by them.
 */
import type { Random } from '@bulkhead/guard/statistics';

/** Weights from 0 up as probabilities; where all are 0, each has the same. */
export function normalised(weights: Float64Array): Float64Array {
  const total = sumOf(weights);
  return total > 0
    ? weights.map((weight) => weight / total)
    : new Float64Array(weights.length).fill(1 / weights.length);
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
  for (const weight of weights) sum += weight;
  return sum;
}
