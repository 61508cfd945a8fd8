/**
 * The bound of UCB1: what an arm may be worth at best, from its mean and how seldom it was tried.
 */

/** How far exploration goes after so many trials of all arms, from 1 up: c·√(2 ln t). The same for each arm. */
export function exploration(trials: number, c: number): number {
  return c * Math.sqrt(2 * Math.log(trials));
}

/** @see Auer et al. 2002; EVIDENCE 2.15. */
export function upperBound(mean: number, tried: number, explored: number): number {
  return mean + explored / Math.sqrt(tried);
}
