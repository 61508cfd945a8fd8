import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mcnemar } from './mcnemar.ts';

/** Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91 (EVIDENCE 2.4). */
test.each([
  { name: 'AHR', onlyCandidate: 1, onlyBaseline: 7, published: [0.0339, 0.0771, 0.0703, 0.0391] },
  { name: 'CCRT', onlyCandidate: 6, onlyBaseline: 16, published: [0.033, 0.055, 0.0525, 0.0347] },
])('$name as published', ({ onlyCandidate, onlyBaseline, published }) => {
  const { p, pCorrected, exact, midP } = mcnemar({ onlyCandidate, onlyBaseline });
  expect([p, pCorrected, exact, midP].map((value) => value.toFixed(4))).toEqual(
    published.map((value) => value.toFixed(4)),
  );
});

/** By chi2.sf, binom.cdf and binom.pmf of SciPy 1.17: p, corrected, exact, and the probability of the smaller count. */
test.each([
  [0, 6, 0.014305878435429641, 0.041226833337163815, 0.03125, 0.015625],
  [30, 10, 0.001565402258002549, 0.002663119259138558, 0.0022214337732293643, 0.000770942759118041],
  [250, 200, 0.01842212545409897, 0.02089467945355187, 0.02079180024760781, 0.002338395002001372],
] as const)('%d against %d as SciPy has it', (...row) => {
  const [onlyCandidate, onlyBaseline, p, pCorrected, exact, point] = row;
  const found = mcnemar({ onlyCandidate, onlyBaseline });
  expect(found.chi2).toBe((onlyCandidate - onlyBaseline) ** 2 / (onlyCandidate + onlyBaseline));
  expect(found.p / p).toBeCloseTo(1, 11);
  expect(found.pCorrected / pCorrected).toBeCloseTo(1, 11);
  expect(found.exact / exact).toBeCloseTo(1, 11);
  expect(found.midP / (exact - point)).toBeCloseTo(1, 11);
});

test('no discordant pair is no evidence', () => {
  expect(mcnemar({ onlyCandidate: 0, onlyBaseline: 0 })).toEqual({ chi2: 0, p: 1, pCorrected: 1, exact: 1, midP: 1 });
});

test('a tie is one outcome, of which mid-p leaves out half', () => {
  const { chi2, p, pCorrected, exact, midP } = mcnemar({ onlyCandidate: 5, onlyBaseline: 5 });
  expect([chi2, p, pCorrected, exact]).toEqual([0, 1, 1, 1]);
  expect(midP).toBeCloseTo(1 - 0.24609375 / 2, 13);
});

test('exchanged roles change nothing, and every p is a probability with mid-p below the exact one', () => {
  fc.assert(
    fc.property(fc.nat(2_000), fc.nat(2_000), (one, other) => {
      const found = mcnemar({ onlyCandidate: one, onlyBaseline: other });
      expect(mcnemar({ onlyCandidate: other, onlyBaseline: one })).toEqual(found);
      for (const value of [found.p, found.pCorrected, found.exact, found.midP]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
      expect(found.p).toBeLessThanOrEqual(found.pCorrected);
      expect(found.midP).toBeLessThanOrEqual(found.exact);
    }),
  );
});

test('more of the same imbalance is more evidence', () => {
  const few = mcnemar({ onlyCandidate: 6, onlyBaseline: 16 });
  const many = mcnemar({ onlyCandidate: 12, onlyBaseline: 32 });
  for (const name of ['p', 'pCorrected', 'exact', 'midP'] as const) expect(many[name]).toBeLessThan(few[name]);
});

test('a count below 0 is refused with its value', () => {
  expect(() => mcnemar({ onlyCandidate: -1, onlyBaseline: 0 })).toThrow(
    expect.objectContaining({
      code: 'STATISTICS_INPUT',
      message: 'onlyCandidate is -1; expected a whole number from 0 up',
    }),
  );
});
