import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitnessOf, isFiniteFitness, mergeFitness, rankScore } from './fitness.ts';

const value = fc.double({ min: -1_000, max: 1_000, noNaN: true });

test('a fitness is how often, the mean, and the variance of a sample', () => {
  expect(fitnessOf([2, 4, 9])).toEqual({ n: 3, mean: 5, variance: 13, cases: [] });
  expect(fitnessOf([7], [1, 0])).toEqual({ n: 1, mean: 7, variance: 0, cases: [1, 0] });
  expect(() => fitnessOf([])).toThrow(expect.objectContaining({ code: 'FITNESS_INVALID' }));
});

test('two fitnesses make the one that all their measurements give', () => {
  const values = fc.array(value, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, values, (one, other) => {
      const merged = mergeFitness(fitnessOf(one), fitnessOf(other));
      const all = fitnessOf([...one, ...other]);
      expect(merged.n).toBe(all.n);
      expect(merged.mean).toBeCloseTo(all.mean, 6);
      expect(Math.abs(merged.variance - all.variance)).toBeLessThan(1e-6 * (1 + all.variance));
    }),
  );
});

test('cases are averaged by how often they were measured, and stay where one side has none', () => {
  expect(mergeFitness(fitnessOf([1, 1], [3, 0]), fitnessOf([1], [0, 3])).cases).toEqual([2, 1]);
  expect(mergeFitness(fitnessOf([1]), fitnessOf([1], [5])).cases).toEqual([5]);
});

test('the rank is the mean minus standard errors', () => {
  const exact = { caution: 1, noise: 0 };
  expect(rankScore(fitnessOf([5]), exact)).toBe(5);
  expect(rankScore(fitnessOf([2, 4, 9]), exact)).toBeCloseTo(5 - Math.sqrt(13 / 3), 12);
  expect(rankScore(fitnessOf([2, 4, 9]), { caution: 0, noise: 9 })).toBe(5);
});

test('where measurements are noisy, one of them is worth less than many of the same mean', () => {
  const rule = { caution: 1, noise: 4 };
  expect(rankScore(fitnessOf([5]), rule)).toBe(3);
  // Two that happen to agree: (1·0 + 3·4) / 4 = 3, over 2.
  expect(rankScore(fitnessOf([5, 5]), rule)).toBeCloseTo(5 - Math.sqrt(1.5), 12);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  '%d makes no fitness that is taken',
  (wrong) => {
    expect(isFiniteFitness(fitnessOf([1, wrong]))).toBe(false);
    expect(isFiniteFitness(fitnessOf([wrong]))).toBe(false);
    expect(isFiniteFitness(fitnessOf([1], [wrong]))).toBe(false);
    expect(isFiniteFitness(fitnessOf([1]))).toBe(true);
  },
);
