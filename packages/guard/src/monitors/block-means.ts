/**
 * A series of any length as at most 1,000 means of blocks that follow one another, in constant memory. Where they would be more, two
 * blocks become one. Means of blocks depend less on their neighbours than single values do, which a test of a trend supposes.
 */

/** Blocks kept: Mann and Kendall's test takes the square of them. */
const BLOCKS_MAX = 1_000;

/** The means of full blocks, and how many values are in each; those of the last block that is not full are left out. */
export type Blocks = { readonly means: readonly number[]; readonly size: number };

/** Values as they come. */
export interface BlockMeans {
  readonly take: (value: number) => void;
  readonly blocks: () => Blocks;
}

/** Starts with blocks of so many values. */
export function createBlockMeans(firstSize: number): BlockMeans {
  const sums = new Float64Array(BLOCKS_MAX);
  let [size, full, sum, inBlock] = [firstSize, 0, 0, 0];
  const take = (value: number): void => {
    sum += value;
    inBlock += 1;
    if (inBlock < size) return;
    sums[full] = sum;
    [sum, inBlock] = [0, 0];
    full += 1;
    if (full < BLOCKS_MAX) return;
    for (let at = 0; at < BLOCKS_MAX / 2; at += 1) sums[at] = (sums[2 * at] ?? 0) + (sums[2 * at + 1] ?? 0);
    size *= 2;
    full = BLOCKS_MAX / 2;
  };
  return { take, blocks: () => ({ means: Array.from(sums.subarray(0, full), (each) => each / size), size }) };
}
