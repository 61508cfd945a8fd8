/**
 * Draws from a Beta distribution, in time that does not grow with its counts.
 */
import type { Random } from '@bulkhead/guard/statistics';
import type { Counts } from './beta-counts.ts';

/**
 * A draw of Beta(1 + successes, 1 + failures): of two gamma draws, the share of the first.
 *
 * @see Marsaglia and Tsang 2000, "A simple method for generating gamma variables", whose shapes are from 1 up, as they are here.
 */
export function drawBeta({ successes, failures }: Counts, random: Random): number {
  const [one, other] = [drawGamma(1 + successes, random), drawGamma(1 + failures, random)];
  return one / (one + other);
}

function drawGamma(shape: number, random: Random): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = drawNormal(random);
    const v = (1 + c * normal) ** 3;
    // 1 - next() is above 0, whose logarithm is a number.
    if (v > 0 && Math.log(1 - random.next()) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller 1958. */
function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
