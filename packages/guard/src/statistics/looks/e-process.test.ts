import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eProcess, mcnemarEValue, pairsUntilPromotion } from './e-process.ts';
import type { ComparedPairs } from '../pairs.ts';

const ALPHA = 0.025;

function counts(onlyCandidate: number, same: number, onlyBaseline: number): ComparedPairs {
  return { onlyCandidate, same, onlyBaseline };
}

function sequence(of: ComparedPairs, alpha = ALPHA): readonly [number, number] {
  return eProcess(of, { m: 0, alpha }).confidenceSequence;
}

const anyCounts = fc
  .record({ onlyCandidate: fc.nat(400), same: fc.nat(2_000), onlyBaseline: fc.nat(400) })
  .filter(({ onlyCandidate, same, onlyBaseline }) => onlyCandidate + same + onlyBaseline > 0);
const anyM = fc.double({ min: -0.99, max: 0.99, noNaN: true });

describe('the e-process at alpha .025', () => {
  // EVIDENCE 2.5.
  test.each([
    { of: counts(30, 360, 10), m: 0, logE: '4.146754', promote: true },
    { of: counts(12, 384, 4), m: 0, logE: '1.418921', promote: false },
    { of: counts(0, 266, 0), m: -0.02, logE: '3.693401', promote: true },
    { of: counts(0, 265, 0), m: -0.02, logE: '3.676863', promote: false },
    { of: counts(0, 535, 0), m: -0.01, logE: '3.692633', promote: true },
    { of: counts(0, 400, 0), m: -0.02, logE: '5.997171', promote: true },
    { of: counts(5, 90, 5), m: 0, logE: '-0.995853', promote: false },
    { of: counts(1, 98, 1), m: -0.05, logE: '2.313124', promote: false },
  ])('$of against $m has the published evidence', ({ of, m, logE, promote }) => {
    const result = eProcess(of, { m, alpha: ALPHA });
    expect([result.logE.toFixed(6), result.promote]).toEqual([logE, promote]);
  });

  test.each([
    { of: counts(30, 360, 10), bounds: ['0.002450', '0.103901'] },
    { of: counts(12, 384, 4), bounds: ['-0.010679', '0.056401'] },
    { of: counts(0, 400, 0), bounds: ['-0.013338', '0.013338'] },
    { of: counts(5, 90, 5), bounds: ['-0.109421', '0.109421'] },
    { of: counts(0, 100, 0), bounds: ['-0.052146', '0.052146'] },
  ])('$of has the published confidence sequence', ({ of, bounds }) => {
    expect(sequence(of).map((bound) => bound.toFixed(6))).toEqual(bounds);
  });

  test('30 gains and 10 losses in 400 are 63 to 1', () => {
    expect(Math.exp(eProcess(counts(30, 360, 10), { m: 0, alpha: ALPHA }).logE).toFixed(4)).toBe('63.2284');
  });

  test.each([
    { margin: 0.005, pairs: 1_073 },
    { margin: 0.01, pairs: 535 },
    { margin: 0.02, pairs: 266 },
    { margin: 0.05, pairs: 105 },
    { margin: 0.1, pairs: 51 },
  ])(
    'identical outputs promote at a margin of $margin with $pairs pairs, and not with one less',
    ({ margin, pairs }) => {
      const rule = { m: -margin, alpha: ALPHA };
      expect(eProcess(counts(0, pairs, 0), rule).promote).toBe(true);
      expect(eProcess(counts(0, pairs - 1, 0), rule).promote).toBe(false);
      expect(pairsUntilPromotion({ ...rule, ...counts(0, 1, 0) })).toBe(pairs - 1);
    },
  );

  test('a million pairs are no trouble', () => {
    const { logE, confidenceSequence } = eProcess(counts(300_000, 600_000, 100_000), { m: 0, alpha: ALPHA });
    // mpmath 1.3, at 40 digits.
    expect(logE).toBeCloseTo(52280.24547416, 7);
    expect(confidenceSequence[0]).toBeLessThan(0.2);
    expect(confidenceSequence[1]).toBeGreaterThan(0.2);
  });
});

describe('laws of the e-process', () => {
  test('exchanged roles mirror the confidence sequence', () => {
    fc.assert(
      fc.property(anyCounts, ({ onlyCandidate, same, onlyBaseline }) => {
        const [lower, upper] = sequence(counts(onlyCandidate, same, onlyBaseline));
        expect(sequence(counts(onlyBaseline, same, onlyCandidate))).toEqual([0 - upper, 0 - lower]);
      }),
    );
  });

  test('a larger m has less evidence, and the lower bound is where it stops to be enough', () => {
    fc.assert(
      fc.property(anyCounts, anyM, anyM, (of, a, b) => {
        const rule = (m: number) => eProcess(of, { m, alpha: ALPHA });
        expect(rule(Math.max(a, b)).logE).toBeLessThanOrEqual(rule(Math.min(a, b)).logE + 1e-9);
        const [lower] = sequence(of);
        if (lower > -0.999) expect(rule(lower - 1e-9).promote).toBe(true);
        if (lower < 1 - 1e-9) expect(rule(Math.max(lower + 1e-9, -0.999_999_999)).promote).toBe(false);
      }),
    );
  });

  test('the sequence has the mean of the pairs in it, within −1 and 1', () => {
    fc.assert(
      fc.property(anyCounts, (of) => {
        const [lower, upper] = sequence(of);
        const mean = (of.onlyCandidate - of.onlyBaseline) / (of.onlyCandidate + of.same + of.onlyBaseline);
        expect(-1 <= lower && lower <= mean && mean <= upper && upper <= 1).toBe(true);
        expect(upper).toBeGreaterThan(lower);
      }),
    );
  });

  test('the same pairs once more are narrower, and a smaller alpha is wider', () => {
    const width = (of: ComparedPairs, alpha = ALPHA): number => sequence(of, alpha)[1] - sequence(of, alpha)[0];
    const twice = (of: ComparedPairs): ComparedPairs => counts(2 * of.onlyCandidate, 2 * of.same, 2 * of.onlyBaseline);
    fc.assert(
      fc.property(anyCounts, (of) => {
        expect(width(twice(of))).toBeLessThan(width(of) + 1e-11);
        expect(width(of, 0.01)).toBeGreaterThan(width(of, 0.05) - 1e-11);
      }),
    );
    expect(width(counts(60, 720, 20))).toBeLessThan(0.8 * width(counts(30, 360, 10)));
  });

  test('evidence is a wager: over what a pair can be at a mean of m it gains nothing', () => {
    // A mean of m, as a pair that is gained, lost or the same: E after one pair is 1 on average.
    fc.assert(
      fc.property(anyM, fc.double({ min: 0, max: 1, noNaN: true }), (m, part) => {
        const lost = (part * (1 - Math.abs(m))) / 2 + Math.max(0, -m);
        const gained = lost + m;
        const evidence = (of: ComparedPairs): number => Math.exp(eProcess(of, { m, alpha: ALPHA }).logE);
        const mean =
          gained * evidence(counts(1, 0, 0)) +
          lost * evidence(counts(0, 0, 1)) +
          (1 - gained - lost) * evidence(counts(0, 1, 0));
        expect(mean).toBeCloseTo(1, 9);
      }),
    );
  });

  test('pairs of which all were lost refuse nothing below, and bound from above', () => {
    // mpmath 1.3: where the mean of (1 + k(1 − m)/(1 + m))^50 is 40; of one pair that is the same, in closed form.
    expect(sequence(counts(50, 0, 0))).toEqual([expect.closeTo(0.79758548805785, 11), 1]);
    expect(sequence(counts(0, 0, 50))).toEqual([-1, expect.closeTo(-0.79758548805785, 11)]);
    expect(sequence(counts(0, 1, 0))).toEqual([expect.closeTo(-78 / 79, 11), expect.closeTo(78 / 79, 11)]);
  });
});

describe('pairs until promotion', () => {
  test('that many more at the same rates promote, and fewer do not', () => {
    fc.assert(
      fc.property(anyCounts, fc.double({ min: -0.5, max: 0.5, noNaN: true }), (of, m) => {
        const more = pairsUntilPromotion({ ...of, m, alpha: ALPHA });
        if (more === undefined || more > 1e9) return;
        const pairs = of.onlyCandidate + of.same + of.onlyBaseline;
        const evidenceAt = (factor: number): number => {
          // Whole numbers of rounds, so that the rates are the same.
          const rounds = Math.floor(factor);
          const scaled = counts(of.onlyCandidate * rounds, of.same * rounds, of.onlyBaseline * rounds);
          return rounds === 0 ? 0 : eProcess(scaled, { m, alpha: ALPHA }).logE;
        };
        const factor = (pairs + more) / pairs;
        expect(evidenceAt(Math.ceil(factor) + 1)).toBeGreaterThanOrEqual(Math.log(40));
        if (more > 0) expect(evidenceAt(Math.ceil(factor) - 1)).toBeLessThan(Math.log(40));
      }),
    );
  });

  test('none are needed where the evidence is there, and a thousand and more where gains are small', () => {
    expect(pairsUntilPromotion({ ...counts(30, 360, 10), m: 0, alpha: ALPHA })).toBe(0);
    const more = pairsUntilPromotion({ ...counts(12, 384, 4), m: 0, alpha: ALPHA }) ?? Number.NaN;
    expect(more).toBeGreaterThan(100);
    expect(more).toBeLessThan(1_000);
  });

  test('rates that are no better than m never promote', () => {
    expect(pairsUntilPromotion({ ...counts(10, 380, 10), m: 0, alpha: ALPHA })).toBe(undefined);
    expect(pairsUntilPromotion({ ...counts(0, 400, 8), m: -0.01, alpha: ALPHA })).toBe(undefined);
    expect(pairsUntilPromotion({ ...counts(0, 400, 0), m: 0, alpha: ALPHA })).toBe(undefined);
  });
});

describe('the McNemar e-value', () => {
  // EVIDENCE 2.5.
  test.each([
    [30, 10, '31.636906'],
    [12, 4, '2.118164'],
    [8, 0, '28.444444'],
    [16, 6, '2.444092'],
  ])('of %d gains and %d losses is as published', (onlyCandidate, onlyBaseline, e) => {
    expect(Math.exp(mcnemarEValue({ onlyCandidate, onlyBaseline }).logE).toFixed(6)).toBe(e);
  });

  test('does not tell the roles apart, starts at 1, and bears a million', () => {
    expect(mcnemarEValue({ onlyCandidate: 3, onlyBaseline: 11 })).toEqual(
      mcnemarEValue({ onlyCandidate: 11, onlyBaseline: 3 }),
    );
    expect(mcnemarEValue({ onlyCandidate: 0, onlyBaseline: 0 }).logE).toBeCloseTo(0, 14);
    // All of a million on one side: 2^N / (N + 1).
    expect(mcnemarEValue({ onlyCandidate: 1e6, onlyBaseline: 0 }).logE).toBeCloseTo(
      1e6 * Math.LN2 - Math.log(1e6 + 1),
      6,
    );
  });

  test('is a wager on a fair coin: over all ways that eight pairs can differ it is 1 on average', () => {
    const ways = [1, 8, 28, 56, 70, 56, 28, 8, 1];
    const mean = ways.reduce((sum, count, gains) => {
      const { logE } = mcnemarEValue({ onlyCandidate: gains, onlyBaseline: 8 - gains });
      return sum + (count / 256) * Math.exp(logE);
    }, 0);
    expect(mean).toBeCloseTo(1, 12);
  });
});

test.each([
  ['no pairs', () => eProcess(counts(0, 0, 0), { m: 0, alpha: 0.05 }), 'the number of pairs is 0; expected at least 1'],
  [
    'half a pair',
    () => eProcess(counts(0, 0.5, 0), { m: 0, alpha: 0.05 }),
    'same is 0.5; expected a whole number from 0 up',
  ],
  ['fewer than none', () => mcnemarEValue(counts(-1, 0, 0)), 'onlyCandidate is -1; expected a whole number from 0 up'],
  [
    'no m',
    () => eProcess(counts(0, 1, 0), { m: Number.NaN, alpha: 0.05 }),
    'm is NaN; expected a number between -1 and 1',
  ],
  [
    'an m of −1',
    () => eProcess(counts(0, 1, 0), { m: -1, alpha: 0.05 }),
    'm is -1; expected a number between -1 and 1',
  ],
  [
    'an m of 1',
    () => pairsUntilPromotion({ ...counts(0, 1, 0), m: 1, alpha: 0.05 }),
    'm is 1; expected a number between -1 and 1',
  ],
  [
    'alpha in percent',
    () => eProcess(counts(0, 1, 0), { m: 0, alpha: 5 }),
    'alpha is 5; expected a number between 0 and 1',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
