/**
 * Sums of rank^−alpha from rank 1. The sum up to a rank does not depend on how many there are, so one list serves every size and only grows.
 */

/** The sums, as far as they have been asked for. */
export interface RankPowers {
  /** 1 + 2^−alpha + … + rank^−alpha; 0 for rank 0. */
  readonly upTo: (rank: number) => number;
  /** The first rank whose sum is above `value`, at most `count`. */
  readonly rankOf: (value: number, count: number) => number;
}

/** Sums of a power from 0 up. */
export function createRankPowers(alpha: number): RankPowers {
  const sums = [0];
  const upTo = (rank: number): number => {
    for (let next = sums.length; next <= rank; next += 1) sums.push((sums[next - 1] ?? 0) + next ** -alpha);
    return sums[rank] ?? 0;
  };
  return {
    upTo,
    rankOf: (value, count) => {
      let [low, high] = [1, count];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (upTo(middle) > value) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}
