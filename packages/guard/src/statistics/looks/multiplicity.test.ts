import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  benjaminiHochberg,
  benjaminiYekutieli,
  createELond,
  createLordPlusPlus,
  hochberg,
  holm,
  inverseSquareWeight,
  logarithmicWeight,
} from './multiplicity.ts';

/** The fifteen p-values of Benjamini and Hochberg 1995, section 3 (EVIDENCE 2.10). */
const FIFTEEN = [
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
] as const;

const PROCEDURES = [
  { name: 'Holm', adjust: holm, rejected: 3 },
  { name: 'Hochberg', adjust: hochberg, rejected: 3 },
  { name: 'Benjamini and Hochberg', adjust: benjaminiHochberg, rejected: 4 },
  { name: 'Benjamini and Yekutieli', adjust: benjaminiYekutieli, rejected: 3 },
] as const;

const PS = fc.array(
  fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.01, 0.025, 0.05, 0.1, 0.3, 1)),
  { maxLength: 30 },
);

test('the fifteen p-values adjusted for the rate of false discoveries, as published', () => {
  expect(benjaminiHochberg(FIFTEEN).map((p) => p.toFixed(4))).toEqual(
    [
      0.0015, 0.003, 0.0095, 0.0356, 0.0603, 0.0639, 0.0639, 0.0645, 0.0765, 0.486, 0.5812, 0.7149, 0.7532, 0.8132, 1,
    ].map((p) => p.toFixed(4)),
  );
});

test('the fifteen p-values adjusted by hand', () => {
  expect(holm(FIFTEEN).slice(0, 5)).toEqual([0.0001 * 15, 0.0004 * 14, 0.0019 * 13, 0.0095 * 12, 0.0201 * 11]);
  // Step-up lets the last of three take the smaller product back: 0.0298 · 9 and 0.0344 · 8 lose to 0.0278 · 10 only upwards.
  expect(holm([0.03, 0.04, 0.05])).toEqual([0.03 * 3, 0.03 * 3, 0.03 * 3]);
  expect(hochberg([0.03, 0.04, 0.05])).toEqual([0.05, 0.05, 0.05]);
  const harmonic = 1 + 1 / 2 + 1 / 3;
  expect(benjaminiYekutieli([0.01, 0.5, 0.02])).toEqual(
    [0.02 * ((3 / 2) * harmonic), 0.5 * harmonic, 0.02 * ((3 / 2) * harmonic)].map((p) => expect.closeTo(p, 14)),
  );
});

describe.each(PROCEDURES)('$name', ({ adjust, rejected }) => {
  test('rejects as many of the fifteen at 0.05 as published', () => {
    expect(adjust(FIFTEEN).filter((p) => p <= 0.05)).toHaveLength(rejected);
  });

  test('gives the permuted result for permuted p-values', () => {
    const permuted = PS.chain((ps) =>
      fc.tuple(fc.constant(ps), fc.shuffledSubarray([...ps.keys()], { minLength: ps.length, maxLength: ps.length })),
    );
    fc.assert(
      fc.property(permuted, ([ps, order]) => {
        const adjusted = adjust(ps);
        expect(adjust(order.map((at) => ps[at] ?? Number.NaN))).toEqual(order.map((at) => adjusted[at]));
      }),
    );
  });

  test('keeps the order, makes no p smaller and none above 1', () => {
    fc.assert(
      fc.property(PS, (ps) => {
        const adjusted = adjust(ps);
        const sorted = adjust(ps.toSorted((one, other) => one - other));
        expect(sorted).toEqual(sorted.toSorted((one, other) => one - other));
        expect(sorted).toEqual(adjusted.toSorted((one, other) => one - other));
        for (const [at, p] of ps.entries()) {
          expect(adjusted[at]).toBeGreaterThanOrEqual(p);
          expect(adjusted[at]).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('leaves one p-value as it is, and has nothing to say of none', () => {
    expect(adjust([0.03])).toEqual([0.03]);
    expect(adjust([])).toEqual([]);
  });
});

test('Holm never exceeds Bonferroni, nor Hochberg Holm, nor Benjamini and Hochberg Hochberg', () => {
  fc.assert(
    fc.property(PS, (ps) => {
      const [byHolm, byHochberg, byRate] = [holm(ps), hochberg(ps), benjaminiHochberg(ps)];
      const dependent = benjaminiYekutieli(ps);
      for (const [at, p] of ps.entries()) {
        expect(byHolm[at]).toBeLessThanOrEqual(Math.min(1, p * ps.length));
        expect(byHochberg[at]).toBeLessThanOrEqual(byHolm[at] ?? Number.NaN);
        expect(byRate[at]).toBeLessThanOrEqual(byHochberg[at] ?? Number.NaN);
        expect(byRate[at]).toBeLessThanOrEqual(dependent[at] ?? Number.NaN);
      }
    }),
  );
});

describe('e-LOND', () => {
  test('the levels without a discovery are alpha times 0.608, 0.152 and 0.068', () => {
    const rule = createELond({ alpha: 0.05 });
    expect([1, 0, 2].map((eValue) => (rule.test(eValue).level / 0.05).toFixed(3))).toEqual(['0.608', '0.152', '0.068']);
  });

  test('a discovery doubles the levels that follow, and two treble them', () => {
    const rule = createELond({ alpha: 0.05 });
    expect(rule.test(100).rejected).toBe(true);
    expect(rule.test(1_000)).toEqual({ rejected: true, level: expect.closeTo(0.05 * inverseSquareWeight(2) * 2, 15) });
    expect(rule.test(1)).toEqual({ rejected: false, level: expect.closeTo(0.05 * inverseSquareWeight(3) * 3, 15) });
    expect(rule.state()).toEqual({ tests: 3, discoveries: 2 });
  });

  test('rejects from the inverse of the level on, and not below', () => {
    const gamma = (): number => 0.25;
    expect(createELond({ alpha: 0.5, gamma }).test(8)).toEqual({ rejected: true, level: 0.125 });
    expect(createELond({ alpha: 0.5, gamma }).test(7.999)).toEqual({ rejected: false, level: 0.125 });
  });

  test('a test with no weight is lost, whatever the evidence', () => {
    const rule = createELond({ alpha: 0.05, gamma: (t) => (t === 1 ? 0 : 0.5 / t) });
    expect(rule.test(Infinity)).toEqual({ rejected: false, level: 0 });
    expect(rule.test(Infinity).rejected).toBe(true);
  });

  test('goes on from a state that went through JSON as if it had not stopped', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 30 }), fc.nat(30), (es, cut) => {
        const whole = createELond({ alpha: 0.05 });
        const first = createELond({ alpha: 0.05 });
        const second = createELond({ alpha: 0.05 });
        const expected = es.map((eValue) => whole.test(eValue));
        const before = es.slice(0, cut).map((eValue) => first.test(eValue));
        second.restore(JSON.parse(JSON.stringify(first.state())));
        expect([...before, ...es.slice(cut).map((eValue) => second.test(eValue))]).toEqual(expected);
      }),
    );
  });
});

describe('LORD++', () => {
  /** Example of the R package onlineFDR, in its order; the levels are of 40 digits from the formula (mpmath 1.3). */
  const EXAMPLE = [
    2.9e-14, 0.00143, 0.06514, 0.00174, 0.00171, 3.61e-5, 0.79149, 0.27201, 0.28295, 7.59e-8, 0.69274, 0.30443,
    0.000487, 0.72342, 0.54757,
  ] as const;

  test('the usual weights and initial wealth give the levels of the formula', () => {
    const rule = createLordPlusPlus({ alpha: 0.05, w0: 0.005, gamma: logarithmicWeight });
    const levels = EXAMPLE.map((p) => rule.test(p).level);
    expect(levels).toEqual(
      [
        0.00026758385456300435, 0.002466445719981748, 0.0032491202998347255, 0.0010691907651926558,
        0.0009015315609233056, 0.0007569089415773503, 0.0033239447675653027, 0.0011473064232234, 0.000996537038132141,
        0.0008615755216735242, 0.0034326387623741304, 0.0012566352675653463, 0.001104562146665641,
        0.0036430610599961027, 0.0014414133773928393,
      ].map((level) => expect.closeTo(level, 15)),
    );
    expect(rule.state()).toEqual({ tests: 15, discoveries: [1, 2, 6, 10, 13] });
  });

  test('weights of inverse squares find more where tests are few', () => {
    const rule = createLordPlusPlus({ alpha: 0.05, w0: 0.005 });
    const levels = EXAMPLE.map((p) => rule.test(p).level);
    expect(levels.at(-1)).toBeCloseTo(0.010078324397524544, 15);
    expect(rule.state().discoveries).toEqual([1, 2, 4, 5, 6, 10, 13]);
  });

  test('half of alpha is there at the start where nothing else is said', () => {
    expect(createLordPlusPlus({ alpha: 0.05 }).test(1).level).toBeCloseTo(0.025 * inverseSquareWeight(1), 15);
  });

  test('a p-value at the level is a discovery', () => {
    const { level } = createLordPlusPlus({ alpha: 0.05 }).test(1);
    expect(createLordPlusPlus({ alpha: 0.05 }).test(level).rejected).toBe(true);
    expect(createLordPlusPlus({ alpha: 0.05 }).test(level * 1.001).rejected).toBe(false);
  });

  test('the levels never add up to more than alpha for each discovery', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.001, 0.01)), {
          maxLength: 100,
        }),
        fc.double({ min: 0, max: 0.05, noNaN: true }),
        (ps, w0) => {
          const rule = createLordPlusPlus({ alpha: 0.05, w0 });
          let spent = 0;
          for (const p of ps) spent += rule.test(p).level;
          expect(spent).toBeLessThanOrEqual(0.05 * Math.max(1, rule.state().discoveries.length) + 1e-12);
        },
      ),
    );
  });

  test('goes on from a state that went through JSON as if it had not stopped', () => {
    const whole = createLordPlusPlus({ alpha: 0.05 });
    const first = createLordPlusPlus({ alpha: 0.05 });
    const second = createLordPlusPlus({ alpha: 0.05 });
    const expected = EXAMPLE.map((p) => whole.test(p));
    const before = EXAMPLE.slice(0, 7).map((p) => first.test(p));
    second.restore(JSON.parse(JSON.stringify(first.state())));
    expect([...before, ...EXAMPLE.slice(7).map((p) => second.test(p))]).toEqual(expected);
  });

  test('a state that was read does not change with later tests', () => {
    const rule = createLordPlusPlus({ alpha: 0.05 });
    const state = rule.state();
    rule.test(0);
    expect(state).toEqual({ tests: 0, discoveries: [] });
  });
});

test('the weights start as EVIDENCE says, and add up to 1 or somewhat less', () => {
  const sumOf = (weight: (t: number) => number): number => {
    let sum = 0;
    for (let t = 1; t <= 100_000; t += 1) sum += weight(t);
    return sum;
  };
  // What is left of the first is 6 / π² times the sum of inverse squares from 100,001 on, which is close to 1 / 100,000.5.
  expect(sumOf(inverseSquareWeight) + 6 / Math.PI ** 2 / 100_000.5).toBeCloseTo(1, 12);
  expect(logarithmicWeight(1).toFixed(4)).toBe('0.0535');
  // The rest of the second is below its integral: with s = √ln t, of 2 s³ e^−s.
  const s = Math.sqrt(Math.log(100_000));
  const rest = 0.07720838 * 2 * Math.exp(-s) * (s ** 3 + 3 * s ** 2 + 6 * s + 6);
  expect(sumOf(logarithmicWeight) + rest).toBeGreaterThan(0.97);
  expect(sumOf(logarithmicWeight) + rest).toBeLessThan(1);
});

test.each([
  ['a p-value above 1', () => holm([0.1, 1.5]), 'ps[1] is 1.5; expected a number from 0 to 1'],
  ['a p-value that is no number', () => hochberg([Number.NaN]), 'ps[0] is NaN; expected a number from 0 to 1'],
  ['a negative p-value', () => benjaminiHochberg([-0.1]), 'ps[0] is -0.1; expected a number from 0 to 1'],
  ['an alpha of 0', () => createELond({ alpha: 0 }), 'alpha is 0; expected a number between 0 and 1'],
  ['an e-value below 0', () => createELond({ alpha: 0.05 }).test(-1), 'eValue is -1; expected a number from 0 up'],
  [
    'a p-value that LORD++ cannot use',
    () => createLordPlusPlus({ alpha: 0.05 }).test(2),
    'p is 2; expected a number from 0 to 1',
  ],
  [
    'an initial wealth above alpha',
    () => createLordPlusPlus({ alpha: 0.05, w0: 0.06 }),
    'w0 is 0.06; expected a number from 0 to alpha, which is 0.05',
  ],
  [
    'a negative weight',
    () => createELond({ alpha: 0.05, gamma: () => -0.1 }).test(1),
    'gamma(1) is -0.1; expected a number from 0 to 1',
  ],
  [
    'weights that grow, in LORD++',
    () => testTimes(createLordPlusPlus({ alpha: 0.05, gamma: (t) => t / 10 }), 2),
    'gamma(2) is 0.2; expected at most the weight before it, which is 0.1',
  ],
  [
    'weights that add up to more than 1',
    () => testTimes(createELond({ alpha: 0.05, gamma: () => 0.4 }), 3),
    'the sum of gamma up to 3 is 1.2000000000000002; expected at most 1',
  ],
  [
    'a state with more discoveries than tests',
    () => createELond({ alpha: 0.05 }).restore({ tests: 1, discoveries: 2 }),
    'discoveries is 2; expected at most tests, which is 1',
  ],
  [
    'a state of more tests than anybody made',
    () => createELond({ alpha: 0.05 }).restore({ tests: 1e9, discoveries: 0 }),
    'tests is 1000000000; expected at most 1000000',
  ],
  [
    'a state with discoveries out of order',
    () => createLordPlusPlus({ alpha: 0.05 }).restore({ tests: 5, discoveries: [3, 3] }),
    'discoveries[1] is 3; expected a whole number above 3',
  ],
  [
    'a state with a discovery after its last test',
    () => createLordPlusPlus({ alpha: 0.05 }).restore({ tests: 5, discoveries: [6] }),
    'discoveries[0] is 6; expected at most tests, which is 5',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});

test('what was refused is no test', () => {
  const rule = createELond({ alpha: 0.05 });
  expect(() => rule.test(Number.NaN)).toThrow('expected a number from 0 up');
  expect(() => rule.restore({ tests: -1, discoveries: 0 })).toThrow('tests is -1');
  expect(rule.state()).toEqual({ tests: 0, discoveries: 0 });
});

function testTimes(rule: { readonly test: (value: number) => unknown }, times: number): void {
  for (let time = 0; time < times; time += 1) rule.test(0.5);
}
