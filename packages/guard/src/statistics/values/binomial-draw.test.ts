import { expect, test } from 'vitest';
import { drawBinomial } from './binomial-draw.ts';
import { createRandom } from '../random.ts';
import { binomialProbability } from '../special/beta.ts';

// Chi-square of 20,000 draws over outcomes of at least 5 expected; above the bound in one seed of 10,000 (normal approximation).
test.each([
  [1, 0.5],
  [10, 0.3],
  [50, 0.02],
  [400, 0.95],
  [10_000, 0.5],
])('of %d with probability %d each number comes as often as it is likely', (n, p) => {
  const random = createRandom(`binomial ${n}`);
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 20_000; draw += 1) {
    const value = drawBinomial(random, n, p);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const usual = Array.from({ length: n + 1 }, (_value, k) => ({ k, expected: 20_000 * binomialProbability(k, n, p) }));
  const cells = usual.filter(({ expected }) => expected >= 5);
  const chi2 = cells.reduce((sum, { k, expected }) => sum + ((counts.get(k) ?? 0) - expected) ** 2 / expected, 0);
  expect(chi2).toBeLessThan(cells.length + 3.72 * Math.sqrt(2 * cells.length) + 6);
  expect(cells.reduce((sum, { k }) => sum + (counts.get(k) ?? 0), 0)).toBeGreaterThan(19_800);
});

test('nothing happens with probability 0, and everything with 1', () => {
  const random = createRandom(1);
  expect([drawBinomial(random, 9, 0), drawBinomial(random, 9, 1), drawBinomial(random, 0, 0.5)]).toEqual([0, 9, 0]);
});

test('from the most likely number outwards, each has its share of the unit interval', () => {
  // Of 5 fair coins: 3, 4, 2, 5, 1 and 0 with 10, 5, 10, 1, 5 and 1 of 32.
  const numbers = [0, 0.4, 0.7, 0.79, 0.9, 0.98].map((value) => {
    return drawBinomial({ ...createRandom(1), next: () => value }, 5, 0.5);
  });
  expect(numbers).toEqual([3, 4, 2, 5, 1, 0]);
});
