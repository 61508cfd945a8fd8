import fc from 'fast-check';
import { expect, test } from 'vitest';
import { relativeRiskInterval } from './risk.ts';

/** scipy.stats.contingency.relative_risk of SciPy 1.17: x and n of the candidate, of the baseline, confidence, ratio, bounds. */
test.each([
  [27, 122, 44, 487, 0.95, 2.4495156482861398, 1.5836990926700116, 3.7886786315466354],
  [27, 122, 44, 487, 0.99, 2.4495156482861398, 1.3808817888263885, 4.345141604263009],
  [5, 20, 10, 20, 0.95, 0.5, 0.20811390663186338, 1.2012652304020688],
  [90, 100, 80, 95, 0.99, 1.06875, 0.9262841597529057, 1.2331275996392932],
  [1, 400, 9, 380, 0.95, 0.10555555555555556, 0.013437244316388515, 0.8291860329615982],
] as const)('%d of %d against %d of %d at %d as SciPy has it', (...row) => {
  const [xCandidate, nCandidate, xBaseline, nBaseline, confidence, ratio, lower, upper] = row;
  const found = relativeRiskInterval(xCandidate, nCandidate, xBaseline, nBaseline, confidence);
  expect(found.ratio).toBeCloseTo(ratio, 13);
  expect(found.interval[0] / lower).toBeCloseTo(1, 12);
  expect(found.interval[1] / upper).toBeCloseTo(1, 12);
});

test.each([
  { name: 'no failure of the candidate', of: [0, 20, 5, 20], cells: [0.5, 21, 5.5, 21] },
  { name: 'no failure at all', of: [0, 20, 0, 40], cells: [0.5, 21, 0.5, 41] },
  { name: 'nothing but failures of the candidate', of: [20, 20, 5, 20], cells: [20.5, 21, 5.5, 21] },
] as const)('$name: a half is added to all four cells', ({ of, cells }) => {
  const [x1, n1, x2, n2] = of;
  const { ratio, interval } = relativeRiskInterval(x1, n1, x2, n2);
  const [xCandidate, nCandidate, xBaseline, nBaseline] = cells;
  const expected = xCandidate / nCandidate / (xBaseline / nBaseline);
  const error = Math.sqrt(1 / xCandidate - 1 / nCandidate + 1 / xBaseline - 1 / nBaseline);
  expect(ratio).toBeCloseTo(expected, 13);
  expect(interval[0]).toBeCloseTo(expected * Math.exp(-1.959963984540054 * error), 12);
  expect(interval[1]).toBeCloseTo(expected * Math.exp(1.959963984540054 * error), 10);
});

const SHARE = fc.integer({ min: 1, max: 500 }).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));

test('exchanged roles give the inverse, and no interval is empty or without an end', () => {
  fc.assert(
    fc.property(SHARE, SHARE, ([x1, n1], [x2, n2]) => {
      const { ratio, interval } = relativeRiskInterval(x1, n1, x2, n2);
      const inverse = relativeRiskInterval(x2, n2, x1, n1);
      expect(interval[0]).toBeGreaterThan(0);
      expect(interval[1]).toBeGreaterThan(interval[0] * 1.001);
      expect(Number.isFinite(interval[1])).toBe(true);
      expect(ratio * inverse.ratio).toBeCloseTo(1, 12);
      expect(interval[0] * inverse.interval[1]).toBeCloseTo(1, 12);
    }),
  );
});

test('more confidence is wider, and more of the same is narrower', () => {
  const width = ([lower, upper]: readonly [number, number]): number => Math.log(upper / lower);
  fc.assert(
    fc.property(SHARE, SHARE, ([x1, n1], [x2, n2]) => {
      const { interval } = relativeRiskInterval(x1, n1, x2, n2);
      expect(width(relativeRiskInterval(x1, n1, x2, n2, 0.99).interval)).toBeGreaterThan(width(interval));
      if (x1 > 0 && x2 > 0 && x1 < n1 && x2 < n2) {
        expect(width(relativeRiskInterval(2 * x1, 2 * n1, 2 * x2, 2 * n2).interval)).toBeLessThan(width(interval));
      }
    }),
  );
});

test.each([
  ['no cases', () => relativeRiskInterval(0, 0, 1, 2), 'nCandidate is 0; expected at least 1'],
  [
    'more failures than cases',
    () => relativeRiskInterval(1, 2, 3, 2),
    'xBaseline is 3; expected at most nBaseline, which is 2',
  ],
  [
    'a confidence in percent',
    () => relativeRiskInterval(1, 2, 1, 2, 95),
    'confidence is 95; expected a number between 0 and 1',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
