import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  groupSequentialPower,
  lanDeMetsBounds,
  obrienFlemingConstant,
  peekingError,
  pocockConstant,
} from './group-sequential.ts';
import { normalQuantile, normalTail } from '../special/normal.ts';

function equal(looks: number): readonly number[] {
  return Array.from({ length: looks }, (_, index) => (index + 1) / looks);
}

/** A few rising fractions, well apart. */
const anyFractions = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
  .map((gaps) => gaps.map((_, index) => gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0)))
  .map((sums) => sums.map((sum) => sum / (sums.at(-1) ?? 1)));

describe('constants of equally spaced looks', () => {
  // Jennison and Turnbull 2000, tables 2.1 and 2.3 (EVIDENCE 2.6 has those at .05).
  test.each([
    { looks: 2, alpha: 0.05, pocock: '2.178', obrienFleming: '1.977' },
    { looks: 3, alpha: 0.05, pocock: '2.289', obrienFleming: '2.004' },
    { looks: 4, alpha: 0.05, pocock: '2.361', obrienFleming: '2.024' },
    { looks: 5, alpha: 0.05, pocock: '2.413', obrienFleming: '2.040' },
    { looks: 10, alpha: 0.05, pocock: '2.555', obrienFleming: '2.087' },
    { looks: 2, alpha: 0.01, pocock: '2.772', obrienFleming: '2.580' },
    { looks: 5, alpha: 0.01, pocock: '2.986', obrienFleming: '2.621' },
    { looks: 2, alpha: 0.1, pocock: '1.875', obrienFleming: '1.678' },
    { looks: 5, alpha: 0.1, pocock: '2.122', obrienFleming: '1.751' },
  ])('$looks looks at $alpha have the tabled constants', ({ looks, alpha, pocock, obrienFleming }) => {
    expect(pocockConstant(looks, alpha).toFixed(3)).toBe(pocock);
    expect(obrienFlemingConstant(looks, alpha).toFixed(3)).toBe(obrienFleming);
  });

  // Simpson's rule on 601 points for each look, root by Brent's method, in numpy and scipy 1.x.
  test.each([
    [2, 2.178272, 1.977431],
    [3, 2.289478, 2.004036],
    [4, 2.361298, 2.024295],
    [5, 2.413176, 2.040073],
  ])('of %d looks agree with another rule of integration to six digits', (looks, pocock, obrienFleming) => {
    expect(pocockConstant(looks, 0.05)).toBeCloseTo(pocock, 6);
    expect(obrienFlemingConstant(looks, 0.05)).toBeCloseTo(obrienFleming, 6);
  });

  test('one look has the bound of the normal distribution', () => {
    for (const alpha of [1e-8, 0.05, 0.5]) {
      expect(pocockConstant(1, alpha)).toBeCloseTo(-normalQuantile(alpha / 2), 7);
      expect(obrienFlemingConstant(1, alpha)).toBeCloseTo(-normalQuantile(alpha / 2), 7);
    }
  });

  test('more looks or a smaller alpha need higher bounds', () => {
    const anyAlpha = fc.double({ min: 0.001, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 11 }), anyAlpha, (looks, alpha) => {
        for (const constant of [pocockConstant, obrienFlemingConstant]) {
          expect(constant(looks + 1, alpha)).toBeGreaterThan(constant(looks, alpha));
          expect(constant(looks, alpha / 2)).toBeGreaterThan(constant(looks, alpha));
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe('peeking', () => {
  // Armitage, McPherson and Rowe 1969 (EVIDENCE 2.6).
  test.each([
    [1, '0.0500'],
    [2, '0.0831'],
    [3, '0.1073'],
    [4, '0.1262'],
    [5, '0.1417'],
    [10, '0.1934'],
    [20, '0.2479'],
  ])('%d times at a nominal .05 errs with %s', (looks, error) => {
    expect(peekingError(looks, 0.05).toFixed(4)).toBe(error);
  });

  test('at the level of the constant errs with alpha', () => {
    for (const looks of [2, 7, 15]) {
      const nominal = 2 * normalTail(pocockConstant(looks, 0.03));
      expect(peekingError(looks, nominal)).toBeCloseTo(0.03, 9);
    }
  });

  test('with a nominal level near 0 or 1 stays a probability', () => {
    expect(peekingError(5, 1e-300)).toBeCloseTo(0, 12);
    expect(peekingError(40, 0.999)).toBeLessThanOrEqual(1);
  });
});

describe('Lan and DeMets', () => {
  // Simpson's rule on 1,201 points for each look, root by Brent's method, in numpy and scipy; those of [.1, .35, .9, 1] were
  // also held against ten million simulated paths (errors .050006 and .050059, with a standard error of .00007).
  test.each([
    {
      fractions: equal(5),
      'obrien-fleming': [4.382613, 3.099727, 2.553355, 2.253848, 2.063501],
      pocock: [2.437977, 2.426814, 2.410194, 2.396645, 2.385985],
    },
    {
      fractions: [0.3, 0.5, 0.6, 1],
      'obrien-fleming': [3.578388, 2.779811, 2.594581, 2.00091],
      pocock: [2.311835, 2.397645, 2.473594, 2.279581],
    },
    {
      fractions: [0.1, 0.35, 0.9, 1],
      'obrien-fleming': [6.19795, 3.312944, 2.070121, 2.080352],
      pocock: [2.65511, 2.386621, 2.195806, 2.361434],
    },
    {
      fractions: [0.25, 0.5, 0.8],
      'obrien-fleming': [3.919928, 2.773953, 2.221552],
      pocock: [2.368328, 2.367524, 2.32706],
    },
  ])('bounds at $fractions agree with another rule of integration', ({ fractions, ...expected }) => {
    for (const spending of ['obrien-fleming', 'pocock'] as const) {
      const bounds = lanDeMetsBounds({ fractions, alpha: 0.05, spending });
      bounds.forEach((bound, index) => expect(bound).toBeCloseTo(expected[spending][index] ?? Number.NaN, 5));
    }
  });

  test('all of alpha is spent at the end, whatever the looks', () => {
    const anySpending = fc.constantFrom('obrien-fleming' as const, 'pocock' as const);
    const anyAlpha = fc.double({ min: 0.001, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(anyFractions, anyAlpha, anySpending, (fractions, alpha, spending) => {
        const bounds = lanDeMetsBounds({ fractions, alpha, spending });
        const { power, upper, lower } = groupSequentialPower({ bounds, fractions, drift: 0 });
        expect(power).toBeCloseTo(alpha, 8);
        upper.forEach((probability, index) => expect(probability).toBeCloseTo(lower[index] ?? Number.NaN, 12));
      }),
      { numRuns: 30 },
    );
  });

  test('what is spent by a look does not depend on the looks after it', () => {
    const early = lanDeMetsBounds({ fractions: [0.2, 0.5], alpha: 0.05, spending: 'pocock' });
    const all = lanDeMetsBounds({ fractions: [0.2, 0.5, 0.6, 1], alpha: 0.05, spending: 'pocock' });
    expect(all.slice(0, 2)).toEqual([expect.closeTo(early[0] ?? 0, 9), expect.closeTo(early[1] ?? 0, 9)]);
  });

  test('one look at the end has the usual bound, and a very early one a bound that is a number', () => {
    const bounds = (fractions: readonly number[]): readonly number[] =>
      lanDeMetsBounds({ fractions, alpha: 0.05, spending: 'obrien-fleming' });
    expect(bounds([1])[0]).toBeCloseTo(1.959963984540054, 9);
    expect(bounds([1e-6, 1])).toEqual([expect.closeTo(37, 0), expect.closeTo(1.959963984540054, 9)]);
  });
});

describe('power of a design', () => {
  // Simpson's rule on 3,001 points for each look, in numpy and scipy.
  test.each([
    {
      bounds: [2.413, 2.413, 2.413, 2.413, 2.413],
      fractions: equal(5),
      drift: 3.24,
      power: 0.8344348152,
      upper: [0.1675159564, 0.2214876088, 0.1953692057, 0.1477544332, 0.1022478929],
      lower: [5.6237718e-5, 3.1736252e-6, 2.7314355e-7, 2.9838915e-8, 3.8005739e-9],
    },
    {
      bounds: [4.383, 2.7, 2.1],
      fractions: [0.3, 0.7, 1],
      drift: 2.5,
      power: 0.6590831593,
      upper: [0.0012904415, 0.2702161922, 0.3875737677],
      lower: [4.401703e-9, 8.2657197e-7, 1.9268333e-6],
    },
  ])('at a drift of $drift agrees with another rule of integration', ({ power, upper, lower, ...design }) => {
    const found = groupSequentialPower(design);
    expect(found.power).toBeCloseTo(power, 9);
    expect(found.upper).toEqual(upper.map((probability) => expect.closeTo(probability, 9)));
    expect(found.lower).toEqual(lower.map((probability) => expect.closeTo(probability, 12)));
  });

  test('of one look is that of a z test, and it ends at the end', () => {
    const found = groupSequentialPower({ bounds: [1.96], fractions: [1], drift: 2.5 });
    expect(found.power).toBeCloseTo(normalTail(1.96 - 2.5) + normalTail(1.96 + 2.5), 14);
    expect(found.expectedFraction).toBe(1);
  });

  test('the other way round mirrors it, and the expected end follows from the exits', () => {
    const anyDrift = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(anyFractions, anyDrift, (fractions, drift) => {
        const bounds = fractions.map((_, index) => 2 + (index % 2));
        const found = groupSequentialPower({ bounds, fractions, drift });
        const mirrored = groupSequentialPower({ bounds, fractions, drift: -drift });
        found.upper.forEach((each, index) => expect(mirrored.lower[index]).toBeCloseTo(each, 11));
        expect(found.power).toBeGreaterThanOrEqual(0);
        expect(found.power).toBeLessThanOrEqual(1);
        expect(found.expectedFraction).toBeGreaterThan(0);
        expect(found.expectedFraction).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  test('a larger drift finds more, sooner', () => {
    const design = { bounds: [2.4, 2.4, 2.4], fractions: equal(3) };
    const small = groupSequentialPower({ ...design, drift: 2 });
    const large = groupSequentialPower({ ...design, drift: 3 });
    expect(large.power).toBeGreaterThan(small.power);
    expect(large.expectedFraction).toBeLessThan(small.expectedFraction);
  });

  test('looks a two-thousandth apart are hardly more than one', () => {
    const near = [0.4985, 0.499, 0.4995, 0.5, 1];
    const power = groupSequentialPower({ bounds: near.map(() => 2.2), fractions: near, drift: 0 }).power;
    // Simpson's rule on 3,001 points for each look, in numpy and scipy.
    expect(power).toBeCloseTo(0.0491352274, 9);
  });
});

test.each([
  ['no look', () => pocockConstant(0, 0.05), 'looks is 0; expected a whole number from 1 to 100'],
  ['half a look', () => peekingError(1.5, 0.05), 'looks is 1.5; expected a whole number from 0 up'],
  ['too many looks', () => obrienFlemingConstant(101, 0.05), 'looks is 101; expected a whole number from 1 to 100'],
  ['an alpha too small', () => pocockConstant(2, 1e-9), 'alpha is 1e-9; expected a number from 1e-8 to below 1'],
  ['a level in percent', () => peekingError(2, 5), 'nominal is 5; expected a number between 0 and 1'],
  [
    'fractions that fall',
    () => lanDeMetsBounds({ fractions: [0.5, 0.4], alpha: 0.05, spending: 'pocock' }),
    'a value of fractions is 0.4; expected a number from 0.5005 to 1',
  ],
  [
    'a fraction beyond all',
    () => lanDeMetsBounds({ fractions: [0.5, 1.1], alpha: 0.05, spending: 'pocock' }),
    'a value of fractions is 1.1; expected a number from 0.5005 to 1',
  ],
  [
    'a fraction of nothing',
    () => groupSequentialPower({ bounds: [2], fractions: [0], drift: 0 }),
    'a value of fractions is 0; expected a number from 5e-324 to 1',
  ],
  [
    'no fractions',
    () => lanDeMetsBounds({ fractions: [], alpha: 0.05, spending: 'pocock' }),
    'the length of fractions is 0; expected at least 1',
  ],
  [
    'a bound too few',
    () => groupSequentialPower({ bounds: [2], fractions: [0.5, 1], drift: 0 }),
    'the length of bounds is 1; expected at least 2',
  ],
  [
    'a bound too many',
    () => groupSequentialPower({ bounds: [2, 2], fractions: [1], drift: 0 }),
    'the length of bounds is 2; expected 1, as of fractions',
  ],
  [
    'a bound of nothing',
    () => groupSequentialPower({ bounds: [0], fractions: [1], drift: 0 }),
    'a value of bounds is 0; expected a positive number',
  ],
  [
    'no drift',
    () => groupSequentialPower({ bounds: [2], fractions: [1], drift: Number.NaN }),
    'drift is NaN; expected a number from -100 to 100',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
