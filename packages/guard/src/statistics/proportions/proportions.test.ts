import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clopperPearsonInterval, newcombeInterval, noFailureBound, wilsonInterval } from './proportions.ts';

/** Newcombe 1998, Statistics in Medicine 17:857, table I (EVIDENCE 2.2). */
const SINGLE = [
  { x: 81, n: 263, wilson: [0.2553, 0.3662], exact: [0.2527, 0.3676] },
  { x: 15, n: 148, wilson: [0.0624, 0.1605], exact: [0.0578, 0.1617] },
  { x: 0, n: 20, wilson: [0, 0.1611], exact: [0, 0.1684] },
  { x: 1, n: 29, wilson: [0.0061, 0.1718], exact: [0.0009, 0.1776] },
] as const;

describe('one proportion', () => {
  test.each(SINGLE)('$x of $n as published', ({ x, n, wilson, exact }) => {
    expect(wilsonInterval(x, n).map((bound) => bound.toFixed(4))).toEqual(wilson.map((bound) => bound.toFixed(4)));
    expect(clopperPearsonInterval(x, n).map((bound) => bound.toFixed(4))).toEqual(exact.map((b) => b.toFixed(4)));
  });

  test.each([
    [59, 0.0495],
    [299, 0.00997],
    [400, 0.00746],
  ])('no failure in %d cases leaves %d', (n, bound) => {
    expect(noFailureBound(n)).toBeCloseTo(bound, 4);
  });

  test('no interval is empty where nothing, or everything, failed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), (n) => {
        for (const interval of [wilsonInterval, clopperPearsonInterval]) {
          expect(interval(0, n)[0]).toBe(0);
          expect(interval(0, n)[1]).toBeGreaterThan(1 / (2 * n));
          expect(interval(n, n)[1]).toBe(1);
          expect(interval(n, n)[0]).toBeCloseTo(1 - interval(0, n)[1], 12);
        }
      }),
    );
  });

  test('more confidence is wider, and more of the same is narrower', () => {
    const share = fc
      .integer({ min: 1, max: 500 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    const width = ([lower, upper]: readonly [number, number]): number => upper - lower;
    fc.assert(
      fc.property(share, ([x, n]) => {
        for (const interval of [wilsonInterval, clopperPearsonInterval]) {
          expect(width(interval(x, n, 0.99))).toBeGreaterThan(width(interval(x, n, 0.9)));
          expect(width(interval(2 * x, 2 * n))).toBeLessThan(width(interval(x, n)));
        }
      }),
    );
  });
});

describe('two proportions of different cases', () => {
  // Newcombe 1998, Statistics in Medicine 17:873, table II, method 10 (EVIDENCE 2.3).
  test.each([
    { of: [56, 70, 48, 80], interval: [0.0524, 0.3339] },
    { of: [9, 10, 3, 10], interval: [0.1705, 0.809] },
    { of: [6, 7, 2, 7], interval: [0.0582, 0.8062] },
    { of: [5, 56, 0, 29], interval: [-0.0381, 0.1926] },
    { of: [0, 10, 0, 20], interval: [-0.1611, 0.2775] },
    { of: [0, 10, 0, 10], interval: [-0.2775, 0.2775] },
    { of: [10, 10, 0, 20], interval: [0.6791, 1] },
    { of: [10, 10, 0, 10], interval: [0.6075, 1] },
  ] as const)('$of as published', ({ of: [x1, n1, x2, n2], interval }) => {
    expect(newcombeInterval(x1, n1, x2, n2).map((bound) => bound.toFixed(4))).toEqual(
      interval.map((bound) => bound.toFixed(4)),
    );
  });

  test('exchanged roles mirror the interval', () => {
    const [lower, upper] = newcombeInterval(9, 10, 3, 10);
    const [mirroredLower, mirroredUpper] = newcombeInterval(3, 10, 9, 10);
    expect([-mirroredUpper, -mirroredLower]).toEqual([lower, upper]);
  });
});

test.each([
  ['no cases', () => wilsonInterval(0, 0), 'n is 0; expected at least 1'],
  ['more failures than cases', () => clopperPearsonInterval(5, 4), 'x is 5; expected at most n, which is 4'],
  ['half a case', () => wilsonInterval(0.5, 4), 'x is 0.5; expected a whole number from 0 up'],
  ['a confidence in percent', () => wilsonInterval(1, 4, 95), 'confidence is 95; expected a number between 0 and 1'],
  ['no cases on one side', () => newcombeInterval(1, 2, 0, 0), 'n is 0; expected at least 1'],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
