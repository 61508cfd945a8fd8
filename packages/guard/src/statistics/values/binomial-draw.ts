/**
 * Draws from a binomial distribution: one random number in place of n.
 */
import { binomialProbability } from '../special/beta.ts';
import type { Random } from '../random.ts';

/**
 * How many of n things happen, each with probability p: the numbers from the most likely one outwards take their share of the unit
 * interval, until one holds the random number.
 *
 * @remarks Some steps per standard deviation; any order of the shares is a right one, and this one is short.
 */
export function drawBinomial(random: Random, n: number, p: number): number {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const share = binomialProbability(mode, n, p);
  const left = random.next() - share;
  return left < 0 ? mode : drawBeside({ mode, share, left }, n, p / (1 - p));
}

interface Mode {
  readonly mode: number;
  readonly share: number;
  /** What is left of the random number beyond the share of the mode. */
  readonly left: number;
}

function drawBeside({ mode, share, left }: Mode, n: number, odds: number): number {
  let [up, shareUp, down, shareDown, rest] = [mode, share, mode, share, left];
  while (up < n || down > 0) {
    shareUp *= ((n - up) / (up + 1)) * odds;
    up += 1;
    rest -= shareUp;
    if (rest < 0) return up;
    shareDown *= down / (n - down + 1) / odds;
    down -= 1;
    rest -= shareDown;
    if (rest < 0) return down;
  }
  // The shares add up to 1 but for rounding.
  return mode;
}
