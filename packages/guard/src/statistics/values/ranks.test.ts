import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Alternative } from './alternative.ts';
import { createRandom } from '../random.ts';
import reference from './ranks.fixture.json' with { type: 'json' };
import { hodgesLehmannInterval, mannWhitneyTest, signedRankTest } from './ranks.ts';

const ALTERNATIVES: readonly Alternative[] = ['two-sided', 'greater', 'less'];

/** Hollander and Wolfe 1973: depression scores of nine patients before and after a tranquillizer (EVIDENCE 2.8). */
const BEFORE = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
const AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
const DEPRESSION = BEFORE.map((value, index) => value - (AFTER[index] ?? 0));

/** Hollander and Wolfe 1973: permeability of membranes at term and earlier (EVIDENCE 2.8). */
const AT_TERM = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const EARLIER = [1.15, 0.88, 0.9, 0.74, 1.21];

/** Whole numbers that are different in size too, as differences without ties and zeros. */
const untied = fc
  .uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 6, maxLength: 25 })
  .chain((sizes) => fc.tuple(...sizes.map((size) => fc.constantFrom(size, -size))));
const someNumbers = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 80 });

function seededDifferences(seed: string, count: number): readonly number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next() + random.next() + random.next() - 1.4);
}

describe('differences of pairs', () => {
  test('depression scores as published', () => {
    expect(signedRankTest(DEPRESSION, { alternative: 'greater' }).p).toBeCloseTo(0.01953125, 12);
    expect(signedRankTest(DEPRESSION).v).toBe(40);
    expect(signedRankTest(DEPRESSION).p).toBeCloseTo(0.0390625, 12);
    expect(signedRankTest(DEPRESSION).hodgesLehmann).toBeCloseTo(0.46, 12);
  });

  // scipy.stats.wilcoxon 1.17.1 (exact, or asymptotic with both corrections) and numpy's median of the averages; seeded.
  test.each(reference.pairs)('$differences.length differences as scipy has them (exact: $exact)', (row) => {
    for (const alternative of ALTERNATIVES) {
      const { v, p, hodgesLehmann } = signedRankTest(row.differences, { alternative });
      expect(v).toBe(row.v);
      expect(p).toBeCloseTo(row[alternative], 12);
      expect(hodgesLehmann).toBeCloseTo(row.hodgesLehmann, 12);
    }
  });

  test('exact up to 25 differences, and normal from 26 on', () => {
    const rising = Array.from({ length: 26 }, (_value, index) => index + 1);
    expect(signedRankTest(rising.slice(0, 25)).p).toBe(2 ** -24);
    expect(signedRankTest(rising).p).not.toBeCloseTo(2 ** -25, 8);
  });

  test('exchanged roles mirror everything', () => {
    fc.assert(
      fc.property(someNumbers, (differences) => {
        const mirrored = differences.map((difference) => 0 - difference);
        const [there, back] = [signedRankTest(differences), signedRankTest(mirrored)];
        const moved = differences.filter((difference) => difference !== 0).length;
        expect(there.v + back.v).toBe((moved * (moved + 1)) / 2);
        expect(there.p).toBe(back.p);
        expect(0 - there.hodgesLehmann).toBe(0 + back.hodgesLehmann);
        const [lower, upper] = hodgesLehmannInterval(mirrored);
        expect(hodgesLehmannInterval(differences)).toEqual([0 - upper, 0 - lower]);
        expect(signedRankTest(differences, { alternative: 'less' }).p).toBe(
          signedRankTest(mirrored, { alternative: 'greater' }).p,
        );
      }),
    );
  });

  test('the order of the cases does not matter', () => {
    fc.assert(
      fc.property(someNumbers, (differences) => {
        const other = differences.toReversed();
        expect(signedRankTest(other)).toEqual(signedRankTest(differences));
        expect(hodgesLehmannInterval(other)).toEqual(hodgesLehmannInterval(differences));
      }),
    );
  });

  test('the interval is the shifts that the test does not reject', () => {
    fc.assert(
      fc.property(untied, fc.constantFrom(0.8, 0.9, 0.95), (differences, confidence) => {
        const [lower, upper] = hodgesLehmannInterval(differences, confidence);
        const pAt = (shift: number): number => signedRankTest(differences.map((value) => value - shift)).p;
        // Averages of whole numbers lie half a unit apart, so this is beside a bound and beyond no other.
        expect(Math.min(pAt(lower + 0.1), pAt(upper - 0.1))).toBeGreaterThanOrEqual(lower < upper ? 1 - confidence : 0);
        const outside = Math.max(pAt(lower - 0.1), pAt(upper + 0.1));
        expect(outside).toBeLessThan(1 - confidence);
      }),
    );
  });

  test('the estimate and the interval are averages of pairs, at ranks that mirror', () => {
    fc.assert(
      fc.property(someNumbers, (differences) => {
        const averages = differences
          .flatMap((first, index) => differences.slice(index).map((second) => (first + second) / 2))
          .toSorted((a, b) => a - b);
        const middle = (averages.length - 1) / 2;
        const median = ((averages[Math.floor(middle)] ?? 0) + (averages[Math.ceil(middle)] ?? 0)) / 2;
        expect(signedRankTest(differences).hodgesLehmann).toBe(median);
        const [lower, upper] = hodgesLehmannInterval(differences);
        expect(averages).toContain(lower);
        expect(averages).toContain(upper);
        expect(lower <= median && median <= upper).toBe(true);
      }),
    );
  });

  test('more confidence is wider, and more differences are narrower', () => {
    const width = (differences: readonly number[], confidence?: number): number => {
      const [lower, upper] = hodgesLehmannInterval(differences, confidence);
      return upper - lower;
    };
    const differences = seededDifferences('width', 40);
    expect(width(differences, 0.99)).toBeGreaterThan(width(differences));
    expect(width(differences, 0.8)).toBeLessThan(width(differences));
    expect(width([...differences, ...differences])).toBeLessThan(width(differences));
    expect(width(seededDifferences('width', 1_000))).toBeLessThan(width(differences) / 3);
  });

  test('95 % intervals hold the shift in 95 of 100 runs, with ties and without', () => {
    const runs = Array.from({ length: 1_000 }, (_value, index) => index);
    for (const [count, unit] of [
      [12, 0],
      [40, 0],
      [60, 0.25],
    ] as const) {
      const held = runs.filter((run) => {
        const random = createRandom(`coverage ${count} ${run}`);
        // Symmetric around 0; rounding keeps it so.
        const differences = Array.from({ length: count }, () => {
          const value = random.next() + random.next() - 1;
          return unit === 0 ? value : Math.round(Math.abs(value) / unit) * unit * Math.sign(value);
        });
        const [lower, upper] = hodgesLehmannInterval(differences);
        return lower <= 0 && 0 <= upper;
      });
      expect(held.length).toBeGreaterThan(935);
      expect(held.length).toBeLessThan(unit === 0 ? 970 : 1_001);
    }
  });

  test('zeros are dropped from the test and kept in the estimate', () => {
    expect(signedRankTest([0, 0, 0, 0, 0, 0, 3])).toMatchObject({ v: 1, p: 1, hodgesLehmann: 0 });
    expect(signedRankTest([0, 0, 0])).toEqual({ v: 0, p: 1, hodgesLehmann: 0 });
    expect(signedRankTest([0, 0, 0], { alternative: 'greater' }).p).toBe(1);
  });

  test('too few differences for the confidence give their whole range', () => {
    expect(hodgesLehmannInterval([3, 1, 2, 4, 7])).toEqual([1, 7]);
    expect(hodgesLehmannInterval([5])).toEqual([5, 5]);
  });

  test('5,000 differences need no list of 12.5 million averages', () => {
    const differences = seededDifferences('many', 5_000);
    const [lower, upper] = hodgesLehmannInterval(differences);
    const { hodgesLehmann } = signedRankTest(differences);
    // Symmetric around 0.1, with a standard deviation of 0.5.
    expect(lower < hodgesLehmann && hodgesLehmann < upper).toBe(true);
    expect(hodgesLehmann).toBeCloseTo(0.1, 1);
    expect(upper - lower).toBeCloseTo((2 * 1.96 * 0.5) / Math.sqrt(5_000), 2);
    const middle = signedRankTest(differences.map((difference) => difference - hodgesLehmann));
    expect(middle.p).toBeGreaterThan(0.99);
  });
});

describe('values of different cases', () => {
  test('permeability of membranes as published', () => {
    expect(mannWhitneyTest(AT_TERM, EARLIER, { alternative: 'greater' }).p).toBeCloseTo(0.127206, 6);
    const { w, hodgesLehmann, interval } = mannWhitneyTest(AT_TERM, EARLIER);
    expect(w).toBe(35);
    expect(hodgesLehmann).toBeCloseTo(0.305, 12);
    expect(interval[0]).toBeCloseTo(-0.15, 12);
    expect(interval[1]).toBeCloseTo(0.76, 12);
  });

  // scipy.stats.mannwhitneyu 1.17.1 (exact, or asymptotic with both corrections) and numpy's median of the differences; seeded.
  test.each(reference.separate)('$x.length and $y.length values as scipy has them (exact: $exact)', (row) => {
    for (const alternative of ALTERNATIVES) {
      const { w, p, hodgesLehmann } = mannWhitneyTest(row.x, row.y, { alternative });
      expect(w).toBe(row.w);
      expect(p).toBeCloseTo(row[alternative], 12);
      expect(hodgesLehmann).toBeCloseTo(row.hodgesLehmann, 12);
    }
  });

  test('a few calls that became slow are seen beside zeros (kayenta #426)', () => {
    const { p } = mannWhitneyTest([0, 1, 2, 1, 0, 0], [0, 0, 0, 0, 0, 0], { alternative: 'greater' });
    expect(p).toBeCloseTo(0.036569899829, 10);
  });

  test('seven of ten at a hundredfold are seen (spinnaker #6278)', () => {
    const experiment = [100, 100, 100, 100, 100, 100, 100, 1, 1, 1];
    const control = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    const { p, hodgesLehmann } = mannWhitneyTest(experiment, control);
    expect(p).toBeCloseTo(0.00161677283, 10);
    expect(hodgesLehmann).toBe(99);
  });

  test('the same value everywhere is no error and no difference (kayenta #301)', () => {
    for (const alternative of ALTERNATIVES) {
      expect(mannWhitneyTest([5, 5, 5, 5], [5, 5, 5], { alternative })).toEqual({
        w: 6,
        p: 1,
        hodgesLehmann: 0,
        interval: [0, 0],
      });
    }
    expect(mannWhitneyTest([1], [1]).p).toBe(1);
  });

  test('exchanged roles mirror everything', () => {
    fc.assert(
      fc.property(someNumbers, someNumbers, (x, y) => {
        const [there, back] = [mannWhitneyTest(x, y), mannWhitneyTest(y, x)];
        expect(there.w + back.w).toBe(x.length * y.length);
        expect(there.p).toBe(back.p);
        expect(0 - there.hodgesLehmann).toBe(0 + back.hodgesLehmann);
        expect(there.interval).toEqual([0 - back.interval[1], 0 - back.interval[0]]);
      }),
    );
  });

  test('the order of the cases does not matter', () => {
    fc.assert(
      fc.property(someNumbers, someNumbers, (x, y) => {
        expect(mannWhitneyTest(x.toReversed(), y.toReversed())).toEqual(mannWhitneyTest(x, y));
      }),
    );
  });

  test('a shift of one side moves the estimate and the interval by as much', () => {
    fc.assert(
      fc.property(someNumbers, someNumbers, fc.integer({ min: -100, max: 100 }), (x, y, shift) => {
        const before = mannWhitneyTest(x, y);
        const after = mannWhitneyTest(
          x.map((value) => value + shift),
          y,
        );
        expect(after.hodgesLehmann).toBe(before.hodgesLehmann + shift);
        expect(after.interval).toEqual(before.interval.map((bound) => bound + shift));
      }),
    );
  });

  test('more confidence is wider, and more values are narrower', () => {
    const [x, y] = [seededDifferences('x', 60), seededDifferences('y', 50)];
    const width = ([lower, upper]: readonly [number, number]): number => upper - lower;
    const usual = width(mannWhitneyTest(x, y).interval);
    expect(width(mannWhitneyTest(x, y, { confidence: 0.99 }).interval)).toBeGreaterThan(usual);
    expect(width(mannWhitneyTest([...x, ...x], [...y, ...y]).interval)).toBeLessThan(usual);
  });
});

test.each([
  ['no differences', () => signedRankTest([]), 'the length of differences is 0; expected at least 1'],
  ['no interval of nothing', () => hodgesLehmannInterval([]), 'the length of differences is 0; expected at least 1'],
  ['a failed call', () => signedRankTest([1, Number.NaN]), 'a value of differences is NaN; expected a finite number'],
  ['an empty side', () => mannWhitneyTest([1], []), 'the length of y is 0; expected at least 1'],
  ['an endless call', () => mannWhitneyTest([Infinity], [1]), 'a value of x is Infinity; expected a finite number'],
  [
    'a difference beyond all numbers',
    () => mannWhitneyTest([1e308], [-1e308]),
    'the range of x − y is Infinity to Infinity; expected finite numbers',
  ],
  [
    'a confidence in percent',
    () => hodgesLehmannInterval([1, 2], 95),
    'confidence is 95; expected a number between 0 and 1',
  ],
  [
    'an alternative that is none',
    () => signedRankTest([1], JSON.parse('{"alternative":"more"}')),
    'alternative is more; expected two-sided, greater, less',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
