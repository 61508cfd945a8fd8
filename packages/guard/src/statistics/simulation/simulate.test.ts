import { describe, expect, test } from 'vitest';
import { eProcess } from '../looks/e-process.ts';
import type { PairedTable } from '../pairs.ts';
import type { Estimator } from './estimators.ts';
import { clusterGate, eProcessGate, missGate, msprtGate, naiveGate, plannedGate, type PairValue } from './gates.ts';
import { createRandom } from '../random.ts';
import { cellsOf, COVERAGE } from './scenarios.ts';
import { coverageOf, meanPairs, medianPairs, shareStopped, stopsOf } from './simulate.ts';
import type { ComparedPairs } from '../pairs.ts';

const RULE = { m: 0, alpha: 0.025 } as const;

/** Where plain looks at the counts after every pair first say so. */
function plainStop(values: readonly PairValue[], says: (counts: ComparedPairs) => boolean): number | undefined {
  const at = values.findIndex((_, index) => {
    const seen = values.slice(0, index + 1);
    const count = (of: PairValue): number => seen.filter((value) => value === of).length;
    return says({ onlyCandidate: count(1), same: count(0), onlyBaseline: count(-1) });
  });
  return at < 0 ? undefined : at + 1;
}

function streamOf(seed: string, length: number): readonly PairValue[] {
  const { next } = createRandom(seed);
  return Array.from({ length }, () => {
    const luck = next();
    return luck < 0.2 ? 1 : luck < 0.28 ? -1 : 0;
  });
}

function stopOf(watch: (value: PairValue) => boolean, values: readonly PairValue[]): number | undefined {
  const at = values.findIndex((value) => watch(value));
  return at < 0 ? undefined : at + 1;
}

const SEEDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

describe('a gate that looks after every pair', () => {
  test('stops where the e-process itself first promotes', () => {
    const stops = SEEDS.map((seed) => {
      const values = streamOf(seed, 250);
      const stop = stopOf(eProcessGate(RULE)(), values);
      expect(stop).toBe(plainStop(values, (counts) => eProcess(counts, RULE).promote));
      return stop;
    });
    expect(new Set(stops).size).toBeGreaterThan(3);
  });

  test('misses where the confidence sequence itself first leaves out the truth', () => {
    // A truth that is none, so that there is a miss.
    for (const truth of [0, 0.3]) {
      for (const seed of SEEDS) {
        const values = streamOf(seed, 120);
        const plain = plainStop(values, (counts) => {
          const [lower, upper] = eProcess(counts, RULE).confidenceSequence;
          return truth < lower || truth > upper;
        });
        expect(stopOf(missGate(truth, RULE.alpha)(), values)).toBe(plain);
      }
    }
  });

  test('starts each stream anew', () => {
    const gate = eProcessGate(RULE);
    const gains = Array.from({ length: 40 }, () => 1 as const);
    expect(stopOf(gate(), gains)).toBe(stopOf(gate(), gains));
  });
});

describe('other gates', () => {
  const gains = Array.from({ length: 600 }, () => 1 as const);
  const mixed = Array.from({ length: 600 }, (_, index): PairValue => (index % 5 === 0 ? -1 : 1));

  test('naive peeking looks at every 50th pair only', () => {
    expect(stopOf(naiveGate(RULE)(), gains)).toBe(50);
  });

  test('planned looks stop at a look, where z is at its bound', () => {
    // At 100 pairs 80 gains and 20 losses have a z of 6, at 200 of 8.5.
    expect(stopOf(plannedGate([100, 200], [6, 2])(), mixed)).toBe(100);
    expect(stopOf(plannedGate([100, 200], [6.1, 2])(), mixed)).toBe(200);
    expect(stopOf(plannedGate([100, 200], [99, 99])(), mixed)).toBe(undefined);
  });

  test('clusters stop at the end of one, and the normal mixture not before its hundredth value', () => {
    expect((stopOf(clusterGate(RULE, 3)(), mixed) ?? Number.NaN) % 3).toBe(0);
    expect(stopOf(msprtGate(0.05, 0.25)(), mixed)).toBe(100);
  });
});

describe('made-up worlds', () => {
  test('have the pass rates that they are given, and luck in common as far as it is said', () => {
    for (const { baseline, candidate, correlation } of COVERAGE) {
      const cells = cellsOf({ baseline, candidate, correlation });
      expect(cells.both + cells.onlyCandidate).toBeCloseTo(candidate, 12);
      expect(cells.both + cells.onlyBaseline).toBeCloseTo(baseline, 12);
      expect(cells.both + cells.onlyCandidate + cells.onlyBaseline + cells.neither).toBeCloseTo(1, 12);
    }
    expect(cellsOf({ baseline: 0.5, candidate: 0.8, correlation: 0 }).both).toBeCloseTo(0.4, 12);
    expect(cellsOf({ baseline: 0.5, candidate: 0.8, correlation: 1 }).both).toBeCloseTo(0.5, 12);
  });

  test('are drawn with those shares, and with all of their cases', () => {
    const drawn: PairedTable[] = [];
    const estimator = estimatorOf((cells) => {
      drawn.push(cells);
      return [-1, 1];
    });
    const scenario = { cases: 100, baseline: 0.8, candidate: 0.85, correlation: 0.5, coverage: {} };
    coverageOf(estimator, scenario, { runs: 1_000, next: createRandom('draw').next });
    const mean = (of: keyof PairedTable): number => drawn.reduce((sum, cells) => sum + cells[of], 0) / 100_000;
    const shares = cellsOf(scenario);
    // Five standard errors of 100,000 draws at most.
    for (const of of ['both', 'onlyCandidate', 'onlyBaseline', 'neither'] as const) {
      expect(Math.abs(mean(of) - shares[of])).toBeLessThan(0.0073);
    }
    expect(drawn.every((cells) => cells.both + cells.onlyCandidate + cells.onlyBaseline + cells.neither === 100)).toBe(
      true,
    );
  });
});

function estimatorOf(interval: Estimator['interval']): Estimator {
  return { name: 'made up', bounds: 'difference', cases: 'same', interval };
}

describe('figures', () => {
  test.each([
    { interval: [-1, 1], coverage: 1 },
    { interval: [0.05, 0.05], coverage: 1 },
    { interval: [0.051, 1], coverage: 0 },
    { interval: [-1, 0.049], coverage: 0 },
  ] as const)('the interval $interval of a difference of .05 has a coverage of $coverage', ({ interval, coverage }) => {
    const scenario = { cases: 10, baseline: 0.8, candidate: 0.85, correlation: 0.5, coverage: {} };
    const chance = { runs: 20, next: createRandom('figures').next };
    expect(
      coverageOf(
        estimatorOf(() => interval),
        scenario,
        chance,
      ),
    ).toBe(coverage);
  });

  test('a run that never stopped counts as one to the last pair', () => {
    const stops = [10, undefined, 40, 30];
    expect([shareStopped(stops), meanPairs(stops, 100), medianPairs(stops, 100)]).toEqual([0.75, 45, 30]);
  });

  test('the same chance gives the same stops', () => {
    const world = { onlyCandidate: 0.2, onlyBaseline: 0.05, pairs: 100 };
    const stops = (seed: string) => stopsOf(eProcessGate(RULE), world, { runs: 20, next: createRandom(seed).next });
    expect(stops('s')).toEqual(stops('s'));
    expect(stops('s')).not.toEqual(stops('t'));
  });
});
