/**
 * The standard normal distribution. Relative errors stay below 1e-12, in both tails too (held in special.test.ts).
 */
import { inputError } from '../statistics-error.ts';
import { gammaUpper } from './gamma.ts';

/** Density at z. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/** Probability of at most z. */
export function normalCdf(z: number): number {
  // Q(1/2, z²/2) is the probability of both tails beyond |z| (DLMF 7.11.2).
  const tail = 0.5 * gammaUpper(0.5, 0.5 * z * z);
  return z < 0 ? tail : 1 - tail;
}

/** Probability of more than z; exact where {@link normalCdf} is close to 1. */
export function normalTail(z: number): number {
  return normalCdf(-z);
}

/** Steps of Halley's method, each of which triples the number of right digits; the first value has three. */
const STEPS = 3;

/**
 * The z below which a share p of the distribution lies; −∞ at 0 and ∞ at 1.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where p is not from 0 to 1.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw inputError('p', p, 'a number from 0 to 1');
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (p > 0.5) return -lowerQuantile(1 - p);
  return lowerQuantile(p);
}

function lowerQuantile(p: number): number {
  let z = firstQuantile(p);
  for (let step = 0; step < STEPS; step += 1) {
    const miss = (normalCdf(z) - p) / normalDensity(z);
    z -= miss / (1 + (z * miss) / 2);
  }
  return z;
}

/** Abramowitz and Stegun 26.2.23: right to 4.5e-4. */
function firstQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(p));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return above / below - t;
}
