import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countOf, medianOfSums, nthSum, pairDifferences, walshAverages, type PairSums } from './pair-sums.ts';

const finite = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  fc.constantFrom(5e-324, -5e-324, 1e-310, 1e300, -1e300),
);
const lists = fc.array(finite, { minLength: 1, maxLength: 12 });

/** All of them, made and put in order. */
function listed({ first, second, half }: PairSums): readonly number[] {
  const sums = first.flatMap((term, row) => second.slice(half ? row : 0).map((other) => term + other));
  return sums.toSorted((a, b) => a - b);
}

test('each sum has the rank that it has in a sorted list, to the last bit', () => {
  fc.assert(
    fc.property(lists, lists, (x, y) => {
      for (const sums of [walshAverages(x), pairDifferences(x, y)]) {
        const expected = listed(sums);
        expect(countOf(sums)).toBe(expected.length);
        for (const [index, sum] of expected.entries()) expect(nthSum(sums, index + 1) === sum).toBe(true);
      }
    }),
  );
});

test('the median of an even number of sums is the mean of the two in the middle', () => {
  expect(medianOfSums(pairDifferences([1, 5], [0]))).toBe(3);
  expect(medianOfSums(walshAverages([1, 5]))).toBe(3);
  expect(medianOfSums(pairDifferences([1, 2, 9], [0]))).toBe(2);
});
