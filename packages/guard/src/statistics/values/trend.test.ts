import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Alternative } from './alternative.ts';
import { createRandom } from '../random.ts';
import reference from './trend.fixture.json' with { type: 'json' };
import { mannKendall, theilSen } from './trend.ts';

const ALTERNATIVES: readonly Alternative[] = ['two-sided', 'greater', 'less'];
const series = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 60 });

test('ten figures as published', () => {
  const ys = [1.2, 1.5, 1.4, 1.9, 2.1, 1.8, 2.4, 2.6, 2.5, 3];
  const { slope, interval } = theilSen(ys);
  expect(slope).toBeCloseTo(0.1875, 12);
  expect(interval[0]).toBeCloseTo(0.142857, 6);
  expect(interval[1]).toBeCloseTo(0.228571, 6);
  const { tau, p } = mannKendall(ys);
  expect(tau).toBeCloseTo(0.822222, 6);
  expect(p).toBeCloseTo(0.000357694, 9);
});

// scipy.stats.theilslopes and kendalltau 1.17.1 of seeded values; p of ties and of 34 values by Mann's formula.
test.each(reference)('$ys.length figures as scipy has them: tau $tau', (row) => {
  const { slope, interval } = theilSen(row.ys);
  expect(slope).toBeCloseTo(row.slope, 12);
  expect(interval[0]).toBeCloseTo(row.interval[0] ?? Number.NaN, 12);
  expect(interval[1]).toBeCloseTo(row.interval[1] ?? Number.NaN, 12);
  for (const alternative of ALTERNATIVES) {
    const { tau, p } = mannKendall(row.ys, { alternative });
    expect(tau).toBeCloseTo(row.tau, 12);
    expect(p).toBeCloseTo(row[alternative], 12);
  }
});

test('turned upside down, or read backwards, a trend is mirrored', () => {
  fc.assert(
    fc.property(series, (ys) => {
      const [lower, upper] = theilSen(ys).interval;
      for (const mirrored of [ys.map((y) => 0 - y), ys.toReversed()]) {
        expect(theilSen(mirrored).slope).toBeCloseTo(-theilSen(ys).slope, 12);
        expect(theilSen(mirrored).interval[0]).toBeCloseTo(-upper, 12);
        expect(theilSen(mirrored).interval[1]).toBeCloseTo(-lower, 12);
        expect(mannKendall(mirrored).tau).toBeCloseTo(-mannKendall(ys).tau, 12);
        expect(mannKendall(mirrored).p).toBeCloseTo(mannKendall(ys).p, 12);
      }
    }),
  );
});

test('a line added moves the slope by as much', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: -5, max: 5 }), (ys, rise) => {
      const { slope } = theilSen(ys.map((y, index) => y + rise * index));
      expect(slope).toBeCloseTo(theilSen(ys).slope + rise, 10);
    }),
  );
});

function upTo([lower, upper]: readonly [number, number]): number {
  return upper - lower;
}

test('more confidence is wider, and a longer series is narrower', () => {
  const random = createRandom('trend');
  const ys = Array.from({ length: 200 }, (_value, index) => index * 0.01 + random.next());
  const width = (length: number, confidence?: number): number =>
    upTo(theilSen(ys.slice(0, length), confidence === undefined ? {} : { confidence }).interval);
  expect(width(50, 0.99)).toBeGreaterThan(width(50));
  expect(width(200)).toBeLessThan(width(50) / 4);
  expect(mannKendall(ys, { alternative: 'greater' }).p).toBeLessThan(1e-6);
});

test('one outlier does not make a trend', () => {
  const ys = Array.from({ length: 40 }, (_value, index) => (index * 17) % 40);
  expect(theilSen(ys.with(39, 1e9)).interval[1]).toBeLessThan(1);
});

test('the same value everywhere has no trend', () => {
  expect(theilSen([5, 5, 5, 5])).toEqual({ slope: 0, interval: [0, 0] });
  expect(mannKendall([5, 5, 5, 5])).toEqual({ tau: 0, p: 1 });
});

test('too few values for the confidence give their whole range', () => {
  expect(theilSen([0, 1, 4]).interval).toEqual([1, 3]);
});

test.each([
  ['one value', () => theilSen([1]), 'the length of ys is 1; expected at least 2'],
  ['a failed call', () => mannKendall([1, Number.NaN]), 'a value of ys is NaN; expected a finite number'],
  [
    'a record that is not thinned',
    () => theilSen(Array.from({ length: 5_001 }, () => 1)),
    'the length of ys is 5001; expected at most 5000; take the mean of each block of some values',
  ],
  [
    'a leap beyond all numbers',
    () => theilSen([1e308, -1e308]),
    'the range of ys is Infinity; expected a finite number',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
