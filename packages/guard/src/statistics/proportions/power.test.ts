import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minimumDetectableDifference, pairedPower, pairedSampleSize, unpairedSampleSize } from './power.ts';

const USUAL = { alpha: 0.05, power: 0.8 } as const;

describe('pairs', () => {
  // EVIDENCE 2.11; Connor 1987. The power is of 30 digits, by mpmath 1.3.
  test.each([
    [0.06, 0.02, 1_175, 0.8000095920140334],
    [0.15, 0.05, 469, 0.8003634322888329],
    [0.2, 0.1, 155, 0.8010345247643902],
  ])('with %d discordant a difference of %d takes %d pairs', (discordance, delta, n, power) => {
    expect(pairedSampleSize({ discordance, delta, ...USUAL })).toBe(n);
    expect(pairedPower({ n, discordance, delta, alpha: USUAL.alpha })).toBeCloseTo(power, 12);
  });

  // By root search of 30 digits, mpmath 1.3.
  test.each([
    [400, 0.06, 0.03421124082168743],
    [1_000, 0.1, 0.02798283630447352],
    [50, 0.5, 0.2736029513839203],
  ])('%d pairs with %d discordant show a difference of %d', (n, discordance, difference) => {
    expect(minimumDetectableDifference({ n, discordance, ...USUAL })).toBeCloseTo(difference, 13);
  });

  const DESIGN = fc
    .record({
      discordance: fc.double({ min: 0.001, max: 1, noNaN: true }),
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
      alpha: fc.double({ min: 1e-6, max: 0.3, noNaN: true }),
      power: fc.double({ min: 0.31, max: 0.999, noNaN: true }),
    })
    .map(({ share, ...rest }) => ({ ...rest, delta: share * rest.discordance }));

  test('the size is the smallest that has the power', () => {
    fc.assert(
      fc.property(DESIGN, ({ discordance, delta, alpha, power }) => {
        const n = pairedSampleSize({ discordance, delta, alpha, power });
        expect(pairedPower({ n, discordance, delta, alpha })).toBeGreaterThanOrEqual(power);
        if (n > 1) expect(pairedPower({ n: n - 1, discordance, delta, alpha })).toBeLessThan(power);
      }),
    );
  });

  test('the least difference that n pairs show has just the power', () => {
    fc.assert(
      fc.property(DESIGN, fc.integer({ min: 1, max: 50 }), ({ discordance, alpha, power }, times) => {
        const n = times * pairedSampleSize({ discordance, delta: discordance, alpha, power });
        const delta = minimumDetectableDifference({ n, discordance, alpha, power });
        expect(delta).toBeGreaterThan(0);
        expect(delta).toBeLessThanOrEqual(discordance);
        // Where every pair is discordant and on one side, nothing is left to chance, and n pairs show it or not.
        if (delta < 0.999) expect(pairedPower({ n, discordance, delta, alpha })).toBeCloseTo(power, 8);
      }),
    );
  });

  test('a difference to the worse takes as many pairs as one to the better', () => {
    expect(pairedSampleSize({ discordance: 0.06, delta: -0.02, ...USUAL })).toBe(1_175);
    expect(pairedPower({ n: 400, discordance: 0.06, delta: -0.02, alpha: 0.05 })).toBe(
      pairedPower({ n: 400, discordance: 0.06, delta: 0.02, alpha: 0.05 }),
    );
  });

  test('a smaller alpha, more power, less of a difference and more discordance each take more pairs', () => {
    const base = { discordance: 0.15, delta: 0.05, ...USUAL };
    for (const harder of [{ alpha: 0.01 }, { power: 0.9 }, { delta: 0.04 }, { discordance: 0.2 }]) {
      expect(pairedSampleSize({ ...base, ...harder })).toBeGreaterThan(469);
    }
  });

  test('numbers at their ends still give a number', () => {
    expect(pairedPower({ n: 100, discordance: 0.5, delta: 1e-300, alpha: Number.MIN_VALUE })).toBe(0);
    // Near 1 the power has so few digits that the formula may be a billion pairs off.
    const size = pairedSampleSize({ discordance: 0.001, delta: 1e-6, alpha: 1e-9, power: 1 - 2 ** -53 });
    expect(pairedPower({ n: size - 1, discordance: 0.001, delta: 1e-6, alpha: 1e-9 })).toBeLessThan(1 - 2 ** -53);
  });

  test('where every pair is discordant and on one side, four pairs leave nothing to chance', () => {
    expect(pairedSampleSize({ discordance: 1, delta: 1, ...USUAL })).toBe(4);
    expect(pairedPower({ n: 4, discordance: 1, delta: 1, alpha: 0.05 })).toBe(1);
    expect(pairedPower({ n: 3, discordance: 1, delta: 1, alpha: 0.05 })).toBe(0);
    // With this alpha one pair is just enough: z is 1 to the last bit.
    expect(pairedPower({ n: 1, discordance: 1, delta: 1, alpha: 0.31731050786291315 })).toBe(1);
  });
});

describe('two arms', () => {
  test('0.6 against 0.7 takes 354 cases in each arm', () => {
    expect(unpairedSampleSize({ p1: 0.6, p2: 0.7, ...USUAL })).toBe(354);
  });

  test('the arms can be exchanged, and passes with failures', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (one, other) => {
        fc.pre(one !== other);
        const n = unpairedSampleSize({ p1: one / 100, p2: other / 100, ...USUAL });
        expect(n).toBeGreaterThanOrEqual(1);
        expect(unpairedSampleSize({ p1: other / 100, p2: one / 100, ...USUAL })).toBe(n);
        // The complement of a share has a rounding error.
        expect(
          Math.abs(unpairedSampleSize({ p1: 1 - one / 100, p2: 1 - other / 100, ...USUAL }) - n),
        ).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('two certain and opposite arms take one case each', () => {
    expect(unpairedSampleSize({ p1: 0, p2: 1, ...USUAL })).toBe(1);
  });
});

const PAIRED = { discordance: 0.06, delta: 0.02, ...USUAL };

test.each([
  ['no difference', () => pairedSampleSize({ ...PAIRED, delta: 0 }), 'delta is 0; expected a number other than 0'],
  [
    'a difference beyond the discordance',
    () => pairedSampleSize({ ...PAIRED, delta: 0.07 }),
    'delta is 0.07; expected at most the discordance of 0.06 on either side of 0',
  ],
  [
    'a discordance in percent',
    () => pairedPower({ n: 10, discordance: 6, delta: 0.02, alpha: 0.05 }),
    'discordance is 6; expected a number above 0 and at most 1',
  ],
  ['no pairs', () => pairedPower({ n: 0, discordance: 0.06, delta: 0.02, alpha: 0.05 }), 'n is 0; expected at least 1'],
  [
    'a power that chance has as well',
    () => pairedSampleSize({ ...PAIRED, power: 0.05 }),
    'power is 0.05; expected a number above alpha, which is 0.05, and below 1',
  ],
  [
    'too few pairs for any difference',
    () => minimumDetectableDifference({ n: 10, discordance: 0.06, ...USUAL }),
    'n is 10; expected at least 129, where all discordant pairs are on one side',
  ],
  [
    'more pairs than a number holds',
    () => pairedSampleSize({ ...PAIRED, delta: 1e-9 }),
    'delta is 1e-9; expected a difference that fewer than 2^53 cases show',
  ],
  [
    'the same proportion twice',
    () => unpairedSampleSize({ p1: 0.3, p2: 0.3, ...USUAL }),
    'p1 − p2 is 0; expected a number other than 0',
  ],
  [
    'a proportion above 1',
    () => unpairedSampleSize({ p1: 0.3, p2: 1.1, ...USUAL }),
    'p2 is 1.1; expected a number from 0 to 1',
  ],
  [
    'two proportions that no number of cases tells apart',
    () => unpairedSampleSize({ p1: 0.3, p2: 0.3 + 1e-10, ...USUAL }),
    /p1 − p2 is -1\.\d+e-10; expected a difference that fewer than 2\^53 cases show/u,
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(
    expect.objectContaining({
      code: 'STATISTICS_INPUT',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    }),
  );
});
