import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mcnemarExactInterval } from './mcnemar-exact.ts';
import { mcnemar } from './mcnemar.ts';
import { binomialProbability } from '../special/beta.ts';
import type { PairedCounts } from '../pairs.ts';

/**
 * The smaller of the two quantiles that melding asks for, and its mirror, of 25 digits (mpmath 1.3): only the candidate, only the
 * baseline, n, confidence, lower, upper.
 */
test.each([
  [1, 7, 21, 0.95, -0.545498753427, 0.0204495187518],
  [6, 16, 161, 0.95, -0.126798695993, 0.000607540345655],
  [12, 4, 400, 0.95, -0.0019239741692, 0.0436920063451],
  [0, 5, 50, 0.95, -0.218135366434, 0.00445292721552],
  [20, 0, 20, 0.95, 0.620905489267, 1],
  [9, 2, 44, 0.95, -0.00895276901501, 0.323080463481],
  [30, 10, 400, 0.99, 0.00745048534513, 0.0950661609684],
  [3, 3, 10, 0.95, -0.526679246011, 0.526679246011],
  [7, 3, 10, 0.95, -0.30490570012, 0.866520977645],
])('%d against %d in %d at %d', (onlyCandidate, onlyBaseline, n, confidence, lower, upper) => {
  const found = mcnemarExactInterval({ onlyCandidate, onlyBaseline, n }, confidence);
  expect(Math.abs(found[0] - lower)).toBeLessThan(1e-11);
  expect(Math.abs(found[1] - upper)).toBeLessThan(1e-11);
});

test('with no discordant pair the bounds are those of a share of which none was seen', () => {
  for (const n of [1, 20, 400, 100_000]) {
    const [lower, upper] = mcnemarExactInterval({ onlyCandidate: 0, onlyBaseline: 0, n });
    expect(upper).toBeCloseTo(1 - 0.025 ** (1 / n), 13);
    expect(lower).toBe(-upper);
  }
});

const COUNTS = fc
  .record({ onlyCandidate: fc.nat(40), onlyBaseline: fc.nat(40), same: fc.nat(300) })
  .map(({ onlyCandidate, onlyBaseline, same }) => ({
    onlyCandidate,
    onlyBaseline,
    n: Math.max(1, onlyCandidate + onlyBaseline + same),
  }));

test('0 is outside exactly where the exact test rejects', () => {
  fc.assert(
    fc.property(COUNTS, fc.constantFrom(0.8, 0.95, 0.99), (counts, confidence) => {
      const [lower, upper] = mcnemarExactInterval(counts, confidence);
      expect(lower > 0 || upper < 0).toBe(mcnemar(counts).exact < 1 - confidence);
    }),
    { numRuns: 30 },
  );
});

test('exchanged roles mirror the interval, more confidence is wider, and more of the same is narrower', () => {
  fc.assert(
    fc.property(COUNTS, ({ onlyCandidate, onlyBaseline, n }) => {
      const [lower, upper] = mcnemarExactInterval({ onlyCandidate, onlyBaseline, n });
      const mirrored = mcnemarExactInterval({ onlyCandidate: onlyBaseline, onlyBaseline: onlyCandidate, n });
      expect([0 - mirrored[1], 0 - mirrored[0]]).toEqual([lower, upper]);
      const wider = mcnemarExactInterval({ onlyCandidate, onlyBaseline, n }, 0.99);
      expect(wider[0]).toBeLessThanOrEqual(lower);
      expect(wider[1]).toBeGreaterThanOrEqual(upper);
      const [low, high] = mcnemarExactInterval({
        onlyCandidate: 2 * onlyCandidate,
        onlyBaseline: 2 * onlyBaseline,
        n: 2 * n,
      });
      expect(high - low).toBeLessThan(upper - lower);
      expect(lower).toBeGreaterThanOrEqual(-1);
      expect(upper).toBeLessThanOrEqual(1);
    }),
    { numRuns: 15 },
  );
});

test('ten pairs give a lower bound above the truth in at most 2.5 %, whatever the truth is', () => {
  const bounds = tablesOf(10).map((table) => ({ table, lower: mcnemarExactInterval(table)[0] }));
  const missed = (discordance: number, share: number): number => {
    const above = bounds.filter(({ lower }) => lower > discordance * (2 * share - 1));
    return above.reduce((sum, { table }) => sum + probabilityOf(table, discordance, share), 0);
  };
  const steps = Array.from({ length: 26 }, (_, step) => step / 25);
  const worst = Math.max(...steps.flatMap((discordance) => steps.map((share) => missed(discordance, share))));
  expect(worst).toBeLessThanOrEqual(0.025);
  // Not so careful either that it would say nothing.
  expect(worst).toBeGreaterThan(0.02);
});

test.each([
  ['no cases', () => mcnemarExactInterval({ onlyCandidate: 0, onlyBaseline: 0, n: 0 }), 'n is 0; expected at least 1'],
  [
    'a confidence in percent',
    () => mcnemarExactInterval({ onlyCandidate: 1, onlyBaseline: 0, n: 4 }, 95),
    'confidence is 95; expected a number between 0 and 1',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});

function tablesOf(n: number): readonly PairedCounts[] {
  const counts = Array.from({ length: n + 1 }, (_, count) => count);
  return counts.flatMap((onlyCandidate) =>
    counts.slice(0, n + 1 - onlyCandidate).map((onlyBaseline) => ({ onlyCandidate, onlyBaseline, n })),
  );
}

function probabilityOf({ onlyCandidate, onlyBaseline, n }: PairedCounts, discordance: number, share: number): number {
  const discordant = onlyCandidate + onlyBaseline;
  return binomialProbability(discordant, n, discordance) * binomialProbability(onlyCandidate, discordant, share);
}
