/**
 * Order statistics of all sums of one value of each of two lists, without making the sums: they stand in a matrix whose rows and
 * columns rise, so one walk along a staircase counts those up to a value. Of 5,000 values that is 5,000 steps in place of 12.5
 * million sums in memory.
 */
import { inputError } from '../statistics-error.ts';

/** Two rising lists of the same unit. With `half`, they are one list and each pair (i, j) counts once, with i ≤ j. */
export interface PairSums {
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly half: boolean;
}

/** The averages of all pairs of values, each value with itself too (Walsh averages). */
export function walshAverages(values: readonly number[]): PairSums {
  const halves = inOrder(values.map((value) => value / 2));
  return { first: halves, second: halves, half: true };
}

/**
 * All differences of a value of x and one of y.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where two lie so far apart that their difference is no finite number.
 */
export function pairDifferences(x: readonly number[], y: readonly number[]): PairSums {
  const sums = { first: inOrder(x), second: inOrder(y.map((value) => -value)), half: false };
  const range = [smallestOf(sums), largestOf(sums)];
  if (!range.every(Number.isFinite)) throw inputError('the range of x − y', range.join(' to '), 'finite numbers');
  return sums;
}

function inOrder(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

/** How many sums there are. */
export function countOf(sums: PairSums): number {
  const { length } = sums.first;
  return sums.half ? (length * (length + 1)) / 2 : length * sums.second.length;
}

/** The median of the sums: of an even number the mean of the two in the middle. */
export function medianOfSums(sums: PairSums): number {
  const count = countOf(sums);
  const upper = nthSum(sums, Math.floor(count / 2) + 1);
  return count % 2 === 1 ? upper : nthSum(sums, count / 2) / 2 + upper / 2;
}

/**
 * The sum at a rank from 1 up to {@link countOf}: exactly, as it would stand in the sorted list.
 *
 * @remarks O(n) for each halving of the range, of which there are as many as bits in the result: some 60.
 */
export function nthSum(sums: PairSums, rank: number): number {
  let low = smallestOf(sums);
  let high = largestOf(sums);
  // The sum sought lies from low to high, and both are sums.
  while (low < high) {
    const middle = low / 2 + high / 2;
    const { atMost, below, above } = splitAt(sums, middle < high ? middle : low);
    if (atMost >= rank) high = below;
    else low = above;
  }
  return low;
}

function smallestOf({ first, second }: PairSums): number {
  return (first.at(0) ?? 0) + (second.at(0) ?? 0);
}

function largestOf({ first, second }: PairSums): number {
  return (first.at(-1) ?? 0) + (second.at(-1) ?? 0);
}

interface Split {
  /** How many sums are at most the value. */
  readonly atMost: number;
  /** The largest of these. */
  readonly below: number;
  /** The smallest of the others. */
  readonly above: number;
}

/** Where a value parts the sums. */
function splitAt({ first, second, half }: PairSums, value: number): Split {
  let atMost = 0;
  let below = -Infinity;
  let above = Infinity;
  let past = second.length;
  for (const [row, term] of first.entries()) {
    while (past > 0 && term + (second[past - 1] ?? 0) > value) past -= 1;
    const start = half ? row : 0;
    const end = Math.max(past, start);
    atMost += end - start;
    if (end > start) below = Math.max(below, term + (second[end - 1] ?? 0));
    if (end < second.length) above = Math.min(above, term + (second[end] ?? 0));
  }
  return { atMost, below, above };
}
