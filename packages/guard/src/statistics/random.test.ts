import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';

function drawn(random: Random, count: number, n: number): readonly number[] {
  return Array.from({ length: count }, () => random.below(n));
}

test('a seed fixes the stream, on every machine and for good', () => {
  const random = createRandom(1);
  expect([random.next(), random.next(), random.next()]).toEqual([
    0.2511516373893333, 0.47404784673777023, 0.44015080561110265,
  ]);
  expect(drawn(createRandom('run 7'), 10, 100)).toEqual([28, 5, 54, 72, 98, 19, 95, 80, 87, 92]);
  expect(drawn(createRandom('run 7').fork('mutation'), 10, 100)).toEqual([11, 4, 26, 96, 17, 72, 37, 60, 66, 56]);
});

test('a number and its text are one seed, and other seeds are other streams', () => {
  expect(drawn(createRandom(7), 20, 1_000)).toEqual(drawn(createRandom('7'), 20, 1_000));
  expect(drawn(createRandom(7), 20, 1_000)).not.toEqual(drawn(createRandom(8), 20, 1_000));
});

test('a fork depends on seed and key, and not on what was drawn before', () => {
  const random = createRandom(3);
  const early = drawn(random.fork('a'), 20, 1_000);
  random.next();
  expect(drawn(random.fork('a'), 20, 1_000)).toEqual(early);
  expect(drawn(random.fork('b'), 20, 1_000)).not.toEqual(early);
  expect(drawn(createRandom(4).fork('a'), 20, 1_000)).not.toEqual(early);
  expect(drawn(random.fork('a').fork('b'), 20, 1_000)).not.toEqual(drawn(random.fork('ab'), 20, 1_000));
});

test('numbers lie from 0 up to and without 1, and use 53 bits', () => {
  const random = createRandom(5);
  const values = Array.from({ length: 10_000 }, () => random.next());
  expect(values.every((value) => value >= 0 && value < 1 && Number.isInteger(value * 2 ** 53))).toBe(true);
  expect(values.some((value) => !Number.isInteger(value * 2 ** 52))).toBe(true);
});

// Chi-square of 59,999 draws; above the bound in one seed of 10,000 (bound: scipy.stats.chi2.isf(1e-4, n − 1)).
test.each([
  [3, 18.4207],
  [10, 33.7199],
  [1_000, 1_173.8503],
])('each number below %d comes as often as the others', (n, bound) => {
  const counts = Array.from({ length: n }, () => 0);
  for (const value of drawn(createRandom('fair'), 59_999, n)) counts[value] = (counts[value] ?? 0) + 1;
  const expected = 59_999 / n;
  const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chi2).toBeLessThan(bound);
});

test('whole numbers stay below n, for large n too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.integer(), (n, seed) => {
      const value = createRandom(seed).below(n);
      expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
    }),
  );
});

test('three quarters of the words are no bias for a range that does not divide them', () => {
  // Of 3·2^30 numbers a third lies below 2^30; a plain remainder of 32 bits would put half of them there.
  const random = createRandom('large');
  const low = Array.from({ length: 30_000 }, () => random.below(3 * 2 ** 30)).filter((value) => value < 2 ** 30);
  expect(low.length / 30_000).toBeCloseTo(1 / 3, 1);
  expect(low.length / 30_000).toBeLessThan(0.35);
});

test.each([
  ['no range', () => createRandom(1).below(0), 'n is 0; expected a whole number from 1 up'],
  ['half a number', () => createRandom(1).below(2.5), 'n is 2.5; expected a whole number from 1 up'],
  ['a seed that is no number', () => createRandom(Number.NaN), 'seed is NaN; expected a finite number or a text'],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
