/**
 * A list of numbers that grows without being copied: eight bytes a number, in chunks.
 */

/** Numbers of a chunk: 32 KiB. */
const CHUNK = 4_096;

/** Numbers in the order in which they came. One owner writes. */
export type NumberColumn = {
  readonly push: (value: number) => void;
  readonly length: () => number;
  /** A copy. */
  readonly values: () => Float64Array;
};

/** Starts an empty list. */
export function createNumberColumn(): NumberColumn {
  const chunks: Float64Array[] = [];
  let length = 0;
  return {
    push: (value) => {
      if (length % CHUNK === 0) chunks.push(new Float64Array(CHUNK));
      chunks.at(-1)?.fill(value, length % CHUNK, (length % CHUNK) + 1);
      length += 1;
    },
    length: () => length,
    values: () => {
      const all = new Float64Array(length);
      for (const [index, chunk] of chunks.entries())
        all.set(chunk.subarray(0, Math.min(CHUNK, length - index * CHUNK)), index * CHUNK);
      return all;
    },
  };
}
