import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Interval } from '../interval.ts';
import { bonettPriceInterval, newcombePairedInterval, tangoInterval } from './paired.ts';
import type { PairedTable } from '../pairs.ts';

type OfTable = (table: PairedTable, confidence?: number) => Interval;

const INTERVALS: readonly { readonly name: string; readonly interval: OfTable }[] = [
  { name: 'Tango', interval: (table, confidence) => tangoInterval(discordantOf(table), confidence) },
  { name: 'Newcombe', interval: newcombePairedInterval },
  { name: 'Bonett and Price', interval: (table, confidence) => bonettPriceInterval(discordantOf(table), confidence) },
];

/** Airway responsiveness and complete response, the examples of Fagerland et al. (EVIDENCE 2.4); the first measurement is the candidate. */
const PUBLISHED = [
  {
    name: 'AHR',
    table: { both: 1, onlyCandidate: 1, onlyBaseline: 7, neither: 12 },
    bounds: [
      [-0.5172, -0.026],
      [-0.5069, -0.0256],
      [-0.5084, -0.0134],
    ],
  },
  {
    name: 'CCRT',
    table: { both: 59, onlyCandidate: 6, onlyBaseline: 16, neither: 80 },
    bounds: [
      [-0.124, -0.0054],
      [-0.1186, -0.0046],
      [-0.1195, -0.0032],
    ],
  },
] as const;

/**
 * Tango's bounds of 40 digits (mpmath 1.3), where the likelihood under a given difference is maximised numerically rather than
 * by his closed form: only the candidate, only the baseline, n, confidence, lower, upper.
 */
const SCORE = [
  [0, 0, 20, 0.99, -0.249105401099, 0.249105401099],
  [20, 0, 20, 0.95, 0.677749683894, 1],
  [0, 5, 50, 0.95, -0.213602314375, -0.0215176409533],
  [12, 4, 400, 0.95, 0.000452816554529, 0.0430000388016],
  [12, 4, 400, 0.99, -0.00703953622081, 0.0521778329433],
  [1, 0, 1, 0.95, -0.586901371246, 1],
  [0, 1, 1_000, 0.95, -0.00564255859796, 0.00283058524404],
  [3, 3, 10, 0.95, -0.444217809096, 0.444217809096],
  [30, 10, 400, 0.99, 0.0100710246533, 0.0948896056997],
  [1, 0, 100_000, 0.95, -2.84134967142e-5, 5.66470965904e-5],
] as const;

const TABLES = fc
  .record({
    both: fc.nat(200),
    onlyCandidate: fc.nat(60),
    onlyBaseline: fc.nat(60),
    neither: fc.nat(200),
  })
  .filter((table) => sizeOf(table) > 0);

describe.each(PUBLISHED)('$name', ({ table, bounds }) => {
  test.each(INTERVALS.map((entry, at) => ({ ...entry, expected: bounds[at] ?? [] })))(
    '$name as published',
    ({ interval, expected }) => {
      expect(interval(table).map((bound) => bound.toFixed(4))).toEqual(expected.map((bound) => bound.toFixed(4)));
    },
  );
});

test.each(SCORE)('the score bounds of %d against %d in %d at %d', (...row) => {
  const [onlyCandidate, onlyBaseline, n, confidence, lower, upper] = row;
  const found = tangoInterval({ onlyCandidate, onlyBaseline, n }, confidence);
  expect(Math.abs(found[0] - lower)).toBeLessThan(1e-12);
  expect(Math.abs(found[1] - upper)).toBeLessThan(1e-12);
});

// By the same search of 90 digits.
test.each([
  [0, 1, 1e12, -5.66493426573651e-12, 2.84145882068321e-12],
  [0, 3, 1e9, -8.82118805401164e-9, 8.41458817461697e-10],
])('score bounds close to 0 keep their digits: %d against %d in %d', (onlyCandidate, onlyBaseline, n, lower, upper) => {
  const found = tangoInterval({ onlyCandidate, onlyBaseline, n });
  expect(found[0] / lower).toBeCloseTo(1, 11);
  expect(found[1] / upper).toBeCloseTo(1, 11);
});

test('no bound lies beyond 1, not even of a single pair', () => {
  const passed = { both: 0, onlyCandidate: 1, onlyBaseline: 0, neither: 0 };
  expect(bonettPriceInterval(discordantOf(passed))).toEqual([expect.closeTo(1 / 3 - 1.066869261412291, 12), 1]);
  expect(newcombePairedInterval(passed)[1]).toBe(1);
  expect(tangoInterval(discordantOf(passed))[1]).toBe(1);
});

test('with no discordant pair the score bounds are those of the closed form', () => {
  const z2 = 1.959963984540054 ** 2;
  for (const n of [1, 20, 400, 1_000_000]) {
    const [lower, upper] = tangoInterval({ onlyCandidate: 0, onlyBaseline: 0, n });
    expect(upper).toBeCloseTo(z2 / (n + z2), 13);
    expect(lower).toBe(-upper);
  }
});

test('the score interval leaves 0 out exactly where the McNemar statistic exceeds its quantile', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.nat(400), (onlyCandidate, onlyBaseline, same) => {
      fc.pre(onlyCandidate + onlyBaseline > 0);
      const n = onlyCandidate + onlyBaseline + same;
      const [lower, upper] = tangoInterval({ onlyCandidate, onlyBaseline, n });
      const statistic = (onlyCandidate - onlyBaseline) / Math.sqrt(onlyCandidate + onlyBaseline);
      expect(lower > 0 || upper < 0).toBe(Math.abs(statistic) > 1.959963984540054);
    }),
  );
});

test('the square-and-add interval subtracts n/2 of a strong agreement, and takes a weak one for none', () => {
  // φ = (50·30 − 10·10 − 50) / √(60·40·60·40), and 0 where ad − bc is 20 of n = 42. Wilson's bounds are SciPy's.
  const strong = newcombePairedInterval({ both: 50, onlyCandidate: 10, onlyBaseline: 10, neither: 30 });
  const [low, high] = [0.6 - 0.5020025867910618, 0.6905987135675411 - 0.6];
  const half = Math.sqrt(low ** 2 - 2 * (1_350 / 2_400) * low * high + high ** 2);
  expect(strong[0]).toBeCloseTo(-half, 12);
  expect(strong[1]).toBeCloseTo(half, 12);
  const weak = newcombePairedInterval({ both: 12, onlyCandidate: 10, onlyBaseline: 10, neither: 10 });
  const none = newcombePairedInterval({ both: 11, onlyCandidate: 11, onlyBaseline: 11, neither: 9 });
  expect(weak[1]).toBeCloseTo(Math.hypot(22 / 42 - 0.3772246413134497, 0.6664039876929453 - 22 / 42), 12);
  // There ad − bc is −22, which stays: the interval is wider than without a correction.
  expect(none[1]).toBeGreaterThan(weak[1]);
});

describe.each(INTERVALS)('the interval of $name', ({ interval }) => {
  test('is mirrored where the roles are exchanged', () => {
    fc.assert(
      fc.property(TABLES, (table) => {
        const [lower, upper] = interval(table);
        const mirrored = interval({
          ...table,
          onlyCandidate: table.onlyBaseline,
          onlyBaseline: table.onlyCandidate,
        });
        expect([0 - mirrored[1], 0 - mirrored[0]]).toEqual([lower, upper]);
      }),
    );
  });

  test('lies within −1 and 1, around the difference, and is never empty', () => {
    fc.assert(
      fc.property(TABLES, fc.constantFrom(0.5, 0.8, 0.95, 0.999), (table, confidence) => {
        const [lower, upper] = interval(table, confidence);
        const difference = (table.onlyCandidate - table.onlyBaseline) / sizeOf(table);
        expect(lower).toBeGreaterThanOrEqual(-1);
        expect(upper).toBeLessThanOrEqual(1);
        expect(upper - lower).toBeGreaterThan(0.25 / sizeOf(table));
        // Bonett and Price add two pairs that differ, and so pull towards 0.
        if (interval !== INTERVALS.at(-1)?.interval) {
          expect(lower).toBeLessThanOrEqual(difference);
          expect(upper).toBeGreaterThanOrEqual(difference);
        }
      }),
    );
  });

  test('says more than a point where no pair is discordant', () => {
    for (const n of [1, 10, 400, 100_000]) {
      const [lower, upper] = interval({ both: n, onlyCandidate: 0, onlyBaseline: 0, neither: 0 });
      expect(upper).toBeGreaterThan(1 / n / 2);
      expect(lower).toBe(-upper);
    }
  });

  test('is wider with more confidence and narrower with more of the same', () => {
    fc.assert(
      fc.property(TABLES, (table) => {
        expect(widthOf(interval(table, 0.99))).toBeGreaterThanOrEqual(widthOf(interval(table, 0.9)));
        expect(widthOf(interval(twice(table)))).toBeLessThan(widthOf(interval(table)));
      }),
    );
  });
});

test.each([
  ['no cases', () => tangoInterval({ onlyCandidate: 0, onlyBaseline: 0, n: 0 }), 'n is 0; expected at least 1'],
  [
    'more discordant pairs than cases',
    () => bonettPriceInterval({ onlyCandidate: 3, onlyBaseline: 2, n: 4 }),
    'onlyCandidate + onlyBaseline is 5; expected at most n, which is 4',
  ],
  [
    'half a case',
    () => tangoInterval({ onlyCandidate: 0.5, onlyBaseline: 2, n: 4 }),
    'onlyCandidate is 0.5; expected a whole number from 0 up',
  ],
  [
    'an empty table',
    () => newcombePairedInterval({ both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 }),
    'the sum of the table is 0; expected at least 1',
  ],
  [
    'a negative cell',
    () => newcombePairedInterval({ both: 4, onlyCandidate: 0, onlyBaseline: 0, neither: -1 }),
    'neither is -1; expected a whole number from 0 up',
  ],
  [
    'a confidence in percent',
    () => bonettPriceInterval({ onlyCandidate: 0, onlyBaseline: 0, n: 4 }, 95),
    'confidence is 95; expected a number between 0 and 1',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});

function discordantOf(table: PairedTable): { onlyCandidate: number; onlyBaseline: number; n: number } {
  return { onlyCandidate: table.onlyCandidate, onlyBaseline: table.onlyBaseline, n: sizeOf(table) };
}

function sizeOf(table: PairedTable): number {
  return table.both + table.onlyCandidate + table.onlyBaseline + table.neither;
}

function twice({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): PairedTable {
  return {
    both: 2 * both,
    onlyCandidate: 2 * onlyCandidate,
    onlyBaseline: 2 * onlyBaseline,
    neither: 2 * neither,
  };
}

function widthOf([lower, upper]: Interval): number {
  return upper - lower;
}
