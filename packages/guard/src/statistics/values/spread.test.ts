import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { brownForsythe } from './spread.ts';
import reference from './spread.fixture.json' with { type: 'json' };

// scipy.stats.levene(center='median') 1.17.1 of seeded values.
test.each(reference)('$groups.length groups as scipy has them: f $f', ({ groups, f, p }) => {
  const found = brownForsythe(groups);
  expect(found.f).toBeCloseTo(f, 10);
  expect(found.p).toBeCloseTo(p, 12);
});

test('a shift of a group, or another order of groups and values, changes nothing', () => {
  const group = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 2, maxLength: 30 });
  const groups = fc.array(group, { minLength: 2, maxLength: 4 }).map((others) => [[1, 2, 4], ...others]);
  fc.assert(
    fc.property(groups, fc.integer({ min: -50, max: 50 }), (values, shift) => {
      const { f, p } = brownForsythe(values);
      const other = values.toReversed().map((each) => each.toReversed().map((value) => value + shift));
      expect(brownForsythe(other).f).toBeCloseTo(f, 8);
      expect(brownForsythe(other).p).toBeCloseTo(p, 8);
      expect(p >= 0 && p <= 1).toBe(true);
    }),
  );
});

test('a longer tail around the same centre is seen (kayenta #780)', () => {
  const random = createRandom('tail');
  const spreadBy = (factor: number): readonly number[] =>
    Array.from({ length: 100 }, () => factor * (random.next() + random.next() + random.next() - 1.5));
  expect(brownForsythe([spreadBy(1), spreadBy(1)]).p).toBeGreaterThan(0.01);
  expect(brownForsythe([spreadBy(1), spreadBy(1.8)]).p).toBeLessThan(0.001);
});

test('the same value everywhere has the same spread', () => {
  expect(
    brownForsythe([
      [5, 5, 5],
      [7, 7],
    ]),
  ).toEqual({ f: 0, p: 1 });
});

test('values that alternate evenly, at any distance, have the same spread', () => {
  expect(
    brownForsythe([
      [0.1, 0.3, 0.1, 0.3],
      [5.1, 5.3],
    ]).p,
  ).toBeGreaterThan(0.99);
});

test.each([
  ['one group', () => brownForsythe([[1, 2]]), 'the number of groups is 1; expected at least 2'],
  ['a group of one', () => brownForsythe([[1, 2], [3]]), 'the length of a group is 1; expected at least 2'],
  [
    'values without a square',
    () =>
      brownForsythe([
        [1e200, 0],
        [1, 2, 5],
      ]),
    'a sum of squares is Infinity; expected a finite number',
  ],
  [
    'nothing to compare with',
    () =>
      brownForsythe([
        [1, 1, 1],
        [2, 4],
      ]),
    'the spread of distances within every group is 0; expected some; compare quantiles instead',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
