/**
 * Ranks, and the exact distributions of statistics made of them where no two values are tied. They are sums of positive numbers only,
 * so that nothing cancels.
 */
import type { Distribution } from './alternative.ts';

/** Ranks of values, those of ties averaged, with what ties take from a variance. */
export interface Ranks {
  /** In the order of the values, from 1. */
  readonly ranks: readonly number[];
  /** Σ (t³ − t) over groups of t tied values; 0 without ties. */
  readonly ties: number;
  /** Pairs of tied values. */
  readonly tiedPairs: number;
}

/** Ranks in rising order. */
export function ranksOf(values: readonly number[]): Ranks {
  const order = values.map((_value, index) => index).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = values.map(() => 0);
  let [ties, tiedPairs] = [0, 0];
  for (let start = 0; start < order.length;) {
    const value = values[order[start] ?? 0];
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === value) end += 1;
    for (const index of order.slice(start, end)) ranks[index] = (start + 1 + end) / 2;
    const size = end - start;
    ties += size ** 3 - size;
    tiedPairs += (size * (size - 1)) / 2;
    start = end;
  }
  return { ranks, ties, tiedPairs };
}

/** Wilcoxon's V of n differences: the sum of those of 1…n that a fair coin picks. */
export function signedRankDistribution(n: number): Distribution {
  const size = (n * (n + 1)) / 2 + 1;
  const probabilities = new Float64Array(size);
  probabilities[0] = 0.5 ** n;
  for (let rank = 1; rank <= n; rank += 1) {
    for (let sum = size - 1; sum >= rank; sum -= 1) add(probabilities, sum, probabilities[sum - rank] ?? 0);
  }
  return probabilities;
}

/** Mann and Whitney's W of m and n values: the sum of m of the ranks 1…m + n, less the least it can be. */
export function rankSumDistribution(m: number, n: number): Distribution {
  const size = m * n + 1;
  // ways[k][s]: choices of k ranks whose sum exceeds the least one of k by s.
  const ways = Array.from({ length: m + 1 }, (_row, k) => new Float64Array(size).fill(k === 0 ? 1 : 0, 0, 1));
  for (let rank = 1; rank <= m + n; rank += 1) {
    // k − 1 of the ranks before this one exceed their least sum by (k − 1)(rank − k) at most.
    for (let k = Math.min(m, rank); k >= 1; k -= 1) {
      shiftInto(ways[k], ways[k - 1]?.subarray(0, (k - 1) * (rank - k) + 1), rank - k);
    }
  }
  return inShares(ways[m] ?? new Float64Array(1));
}

/** Kendall's count of pairs out of order, among all orders of n values. */
export function inversionDistribution(n: number): Distribution {
  let probabilities: Distribution = new Float64Array([1]);
  for (let length = 2; length <= n; length += 1) {
    const longer = new Float64Array(probabilities.length + length - 1);
    for (let moved = 0; moved < length; moved += 1) shiftInto(longer, probabilities, moved);
    probabilities = inShares(longer);
  }
  return probabilities;
}

/** Adds `source`, moved up by so many places, as far as it fits. */
function shiftInto(target: Float64Array | undefined, source: Float64Array | undefined, by: number): void {
  if (target === undefined || source === undefined) return;
  const end = Math.min(target.length, source.length + by);
  for (let at = by; at < end; at += 1) add(target, at, source[at - by] ?? 0);
}

function add(target: Float64Array, at: number, amount: number): void {
  target[at] = (target[at] ?? 0) + amount;
}

function inShares(counts: Float64Array): Distribution {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map((count) => count / sum);
}
