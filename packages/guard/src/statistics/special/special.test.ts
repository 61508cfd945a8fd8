/**
 * The special functions against values of 40 digits (mpmath 1.3, arguments as doubles; EVIDENCE 2.1 asks for 1e-12).
 */
import { describe, expect, test } from 'vitest';
import reference from './reference.fixture.json' with { type: 'json' };
import { betaCdf, betaQuantile, binomialCdf, binomialProbability, studentCdf, studentQuantile } from './beta.ts';
import { gammaUpper, logGamma, logGammaRatio } from './gamma.ts';
import { normalCdf, normalQuantile, normalTail } from './normal.ts';

type OfNumbers = (...args: number[]) => number;

const FUNCTIONS: Readonly<Record<keyof typeof reference, OfNumbers>> = {
  logGamma,
  gammaUpper,
  normalCdf,
  normalQuantile,
  betaCdf,
  betaQuantile,
  binomialCdf,
  binomialProbability,
  studentCdf,
  studentQuantile,
};

const RELATIVE_MAX = 1e-12;

/** How far from the reference, by its size; of a logarithm near 0 by 1. */
function missOf(name: string, found: number, expected: number): number {
  return Math.abs(found - expected) / (name === 'logGamma' ? Math.max(1, Math.abs(expected)) : Math.abs(expected));
}

describe.each(Object.keys(FUNCTIONS) as (keyof typeof reference)[])('%s', (name) => {
  test.each((reference[name] as readonly (readonly number[])[]).map((row) => [row]))('%j', (row) => {
    const expected = row.at(-1) ?? Number.NaN;
    expect(missOf(name, FUNCTIONS[name](...row.slice(0, -1)), expected)).toBeLessThanOrEqual(RELATIVE_MAX);
  });
});

test('both tails of the normal distribution are exact, and mirror each other', () => {
  expect(normalTail(20)).toBe(normalCdf(-20));
  expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
});

test('beyond every number that has a square, nothing is left of a tail', () => {
  expect([1e200, Infinity].map(normalTail)).toEqual([0, 0]);
  expect([-1e200, -Infinity].map(normalTail)).toEqual([1, 1]);
});

test('a ratio of gamma functions of large arguments loses nothing', () => {
  expect(logGammaRatio(1, 10_000)).toBeCloseTo(-Math.log(10_000), 13);
  expect(logGammaRatio(1, 3)).toBeCloseTo(-Math.log(3), 13);
});

test.each([
  ['a level beyond 1', () => normalQuantile(1.5)],
  ['no number', () => betaCdf(Number.NaN, 1, 1)],
  ['a parameter of 0', () => betaQuantile(0.5, 0, 1)],
  ['a negative argument', () => logGamma(-1)],
])('%s is refused with its value', (_name, compute) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT' }));
});
