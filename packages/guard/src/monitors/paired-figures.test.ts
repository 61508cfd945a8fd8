import { expect, test } from 'vitest';
import { createPairedFigures, sampleOf } from './paired-figures.ts';
import { recordOf } from './records.fixture.ts';

test('cases may come in any order and be more than was said', () => {
  const figures = createPairedFigures({ total_cases: 2 });
  for (const index of [5_000, 3, 70_000]) figures.take(recordOf(index, 'candidate'), index + 1);
  for (const index of [70_000, 3, 5_000]) figures.take(recordOf(index, 'baseline'), index);
  expect(figures.pairs()).toEqual({
    baseline: Float64Array.of(3, 5_000, 70_000),
    candidate: Float64Array.of(4, 5_001, 70_001),
  });
  expect(figures.counts()).toEqual({ pairs: 3, unpaired: 0, repeats: 0, unusable: 0 });
});

test('the first figure of a case and side counts; what is no figure is counted apart', () => {
  const figures = createPairedFigures({ total_cases: Number.NaN });
  for (const figure of [7, 8]) figures.take(recordOf(0, 'baseline'), figure);
  for (const figure of [undefined, -1, Infinity, Number.NaN]) figures.take(recordOf(0, 'candidate'), figure);
  expect(figures.counts()).toEqual({ pairs: 0, unpaired: 1, repeats: 1, unusable: 4 });
  figures.take(recordOf(0, 'candidate'), 0);
  expect(figures.pairs()).toEqual({ baseline: Float64Array.of(7), candidate: Float64Array.of(0) });
});

test('a sample has so many pairs, each once and in order, from the whole range', () => {
  const all = Float64Array.from({ length: 1_000 }, (_value, index) => index);
  const { baseline, candidate } = sampleOf({ baseline: all, candidate: all.map((value) => -value) }, 100);
  expect(baseline).toHaveLength(100);
  expect(baseline.toSorted()).toEqual(baseline);
  expect(new Set(baseline).size).toBe(100);
  expect(candidate).toEqual(baseline.map((value) => -value));
  // The mean of such a sample is 499.5, with a standard error of 27.
  expect(Math.abs(baseline.reduce((sum, value) => sum + value, 0) / 100 - 499.5)).toBeLessThan(110);
});

test('few pairs are all taken', () => {
  const pairs = { baseline: Float64Array.of(1, 2), candidate: Float64Array.of(3, 4) };
  expect(sampleOf(pairs, 2)).toEqual(pairs);
});

test('a sample of figures is that of their pairs, whatever stands between them', () => {
  const figures = createPairedFigures({ total_cases: 200 });
  for (let index = 0; index < 200; index += 1) {
    if (index % 3 !== 0) figures.take(recordOf(index, 'baseline'), index);
    if (index % 5 !== 0) figures.take(recordOf(index, 'candidate'), index + 0.5);
  }
  expect(figures.sample(20)).toEqual(sampleOf(figures.pairs(), 20));
  expect(figures.sample(20).baseline).toHaveLength(20);
  expect(figures.sample()).toEqual(figures.pairs());
});
