import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderStatisticInterval, orderStatisticRanks, quantileOf } from './quantiles.ts';
import { binomialCdf } from '../special/beta.ts';

/** What ranks hold: P(lower ≤ number of values below the quantile < upper). */
function heldBy([lower, upper]: readonly [number, number], n: number, quantile: number): number {
  return binomialCdf(upper - 1, n, quantile) - binomialCdf(lower - 1, n, quantile);
}

describe('intervals of quantiles', () => {
  // EVIDENCE 2.8; what they hold by scipy.stats.binom 1.17.1.
  test.each([
    { n: 100, quantile: 0.5, ranks: [40, 61], held: 0.9647997997822952 },
    { n: 400, quantile: 0.95, ranks: [371, 389], held: 0.9619203585164181 },
    { n: 400, quantile: 0.99, ranks: [392, 400], held: 0.9612808870665179 },
    { n: 1_000, quantile: 0.99, ranks: [983, 997], held: 0.976094763497977 },
  ] as const)('ranks $ranks of $n for quantile $quantile as published', ({ n, quantile, ranks, held }) => {
    expect(orderStatisticRanks(n, quantile)).toEqual(ranks);
    expect(heldBy(ranks, n, quantile)).toBeCloseTo(held, 10);
  });

  test('ranks hold at least the confidence, and would not with a tail one shorter', () => {
    const level = fc.double({ min: 0.05, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 2_000 }), level, (n, quantile) => {
        const [lower, upper] = orderStatisticRanks(n, quantile, 0.9);
        expect(heldBy([lower, upper], n, quantile)).toBeGreaterThanOrEqual(0.9);
        expect(binomialCdf(lower, n, quantile)).toBeGreaterThanOrEqual(0.05);
        expect(binomialCdf(upper - 2, n, quantile)).toBeLessThan(0.95);
      }),
    );
  });

  test('the interval is the values at the ranks, in any order of the cases', () => {
    const values = Array.from({ length: 100 }, (_value, index) => (index * 37) % 100);
    expect(orderStatisticInterval(values, 0.5)).toEqual([39, 60]);
    expect(orderStatisticInterval(values.toReversed(), 0.5)).toEqual([39, 60]);
  });

  test('more confidence is wider, and mirrored values have the mirrored interval', () => {
    const values = Array.from({ length: 400 }, (_value, index) => index);
    const mirrored = values.map((value) => 0 - value);
    const [lower, upper] = orderStatisticInterval(values, 0.9);
    const [wideLower, wideUpper] = orderStatisticInterval(values, 0.9, 0.99);
    expect(wideLower < lower && upper < wideUpper).toBe(true);
    expect(orderStatisticInterval(mirrored, 0.1)).toEqual([-upper, -lower]);
  });

  test.each([
    [0.5, 6],
    [0.95, 72],
    [0.99, 368],
    [0.01, 368],
  ])('quantile %d needs %d values', (quantile, needed) => {
    const ranks = orderStatisticRanks(needed, quantile);
    expect(ranks[0]).toBeGreaterThanOrEqual(1);
    expect(ranks[1]).toBeLessThanOrEqual(needed);
    expect(() => orderStatisticRanks(needed - 1, quantile)).toThrow(
      `the number of values is ${needed - 1}; expected at least ${needed} for this quantile and confidence`,
    );
  });
});

test('a quantile lies between two values in proportion', () => {
  expect(quantileOf([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect([quantileOf([4, 1, 3, 2], 0), quantileOf([4, 1, 3, 2], 1)]).toEqual([1, 4]);
  expect(quantileOf([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46, 12);
  expect(quantileOf([7], 0.3)).toBe(7);
});

test('a quantile of numbers of any size is a number', () => {
  expect(quantileOf([-1.7e308, 1.7e308], 0.5)).toBe(0);
});

test.each([
  ['no values', () => quantileOf([], 0.5), 'the length of values is 0; expected at least 1'],
  ['a quantile in percent', () => quantileOf([1], 95), 'q is 95; expected a number from 0 to 1'],
  ['the largest value', () => orderStatisticInterval([1], 1), 'quantile is 1; expected a number between 0 and 1'],
  ['a failed call', () => quantileOf([Number.NaN], 0.5), 'a value of values is NaN; expected a finite number'],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
