import { expect, test } from 'vitest';
import { exactLowerRank, exactP, type Distribution } from './alternative.ts';
import { inversionDistribution, rankSumDistribution, ranksOf, signedRankDistribution } from './rank-distributions.ts';

/** All orders of 1…n. */
function ordersOf(n: number): readonly (readonly number[])[] {
  if (n === 0) return [[]];
  return ordersOf(n - 1).flatMap((order) => Array.from({ length: n }, (_value, at) => order.toSpliced(at, 0, n)));
}

function sharesOf(values: readonly number[], size: number): Distribution {
  const shares = new Float64Array(size);
  for (const value of values) shares[value] = (shares[value] ?? 0) + 1 / values.length;
  return shares;
}

function expectSame(found: Distribution, expected: Distribution): void {
  expect(found.length).toBe(expected.length);
  for (const [at, share] of found.entries()) expect(share).toBeCloseTo(expected[at] ?? Number.NaN, 13);
}

test.each([0, 1, 2, 5, 8])('signed ranks of %d differences as counted', (n) => {
  const sums = Array.from({ length: 2 ** n }, (_value, signs) =>
    Array.from({ length: n }, (_sign, bit) => (signs & (1 << bit) ? bit + 1 : 0)).reduce((sum, rank) => sum + rank, 0),
  );
  expectSame(signedRankDistribution(n), sharesOf(sums, (n * (n + 1)) / 2 + 1));
});

test.each([
  [1, 1],
  [3, 4],
  [5, 2],
])('rank sums of %d and %d values as counted', (m, n) => {
  const least = (m * (m + 1)) / 2;
  const sums = ordersOf(m + n).map((order) => order.slice(0, m).reduce((sum, rank) => sum + rank, 0) - least);
  expectSame(rankSumDistribution(m, n), sharesOf(sums, m * n + 1));
});

test.each([1, 2, 3, 6])('pairs out of order of %d values as counted', (n) => {
  const inversions = ordersOf(n).map((order) =>
    order.reduce((sum, value, at) => sum + order.slice(0, at).filter((earlier) => earlier > value).length, 0),
  );
  expectSame(inversionDistribution(n), sharesOf(inversions, (n * (n - 1)) / 2 + 1));
});

test('the largest distributions in use add up to 1 and mirror themselves', () => {
  for (const found of [signedRankDistribution(25), rankSumDistribution(49, 48), inversionDistribution(33)]) {
    expect(found.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expectSame(found.toReversed(), found);
    expect(found.every((share) => share > 0)).toBe(true);
  }
});

test('ten and five values hold 96.0 % between the ranks of their interval', () => {
  // EVIDENCE 2.8, permeability of membranes.
  const distribution = rankSumDistribution(10, 5);
  const rank = exactLowerRank(distribution, 0.025);
  expect(1 - exactP(distribution, rank - 1, 'two-sided')).toBeCloseTo(0.96, 3);
});

test('tied values share the mean of their ranks', () => {
  expect(ranksOf([3, 1, 3, 2, 3])).toEqual({ ranks: [4, 1, 4, 2, 4], ties: 24, tiedPairs: 3 });
  expect(ranksOf([])).toEqual({ ranks: [], ties: 0, tiedPairs: 0 });
});
