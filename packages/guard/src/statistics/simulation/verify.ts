/**
 * The validation of EVIDENCE 2.14: every interval, gate and design as it is exported, run in worlds whose truth is known. Each figure
 * has chance of its own, so that a new estimator changes no other's.
 */
import {
  groupSequentialPower,
  lanDeMetsBounds,
  obrienFlemingConstant,
  pocockConstant,
} from '../looks/group-sequential.ts';
import { ESTIMATORS, type Estimator } from './estimators.ts';
import { clusterGate, eProcessGate, missGate, msprtGate, naiveGate, plannedGate, type Gate } from './gates.ts';
import type { Row } from './report.ts';
import {
  ANYTIME,
  ANYTIME_PAIRS,
  BOUNDARIES,
  COVERAGE,
  PAIRS_MAX,
  PLANNED,
  POWERS,
  type PairRates,
} from './scenarios.ts';
import { coverageOf, meanPairs, medianPairs, shareStopped, stopsOf } from './simulate.ts';

/** Runs of each figure, at which the bands are EVIDENCE's; the chance of a figure, by its name; the intervals (all where not said). */
export type Verification = {
  readonly runs: number;
  readonly chanceOf: (name: string) => () => number;
  readonly estimators?: readonly Estimator[];
};

/** Runs for which EVIDENCE gives the bands; fewer widen them by their Monte Carlo error, more do not narrow them. */
export const RUNS = 2_000;

const ALPHA = 0.025;

/**
 * All figures, each with its band: coverage, false promotions with a look after every pair (and naive peeking beside them), power,
 * numbers of pairs, anytime coverage, and the designs with planned looks.
 *
 * @remarks About 10 s at 2,000 runs. Same runs and chance, same rows.
 */
export function verifyStatistics(verification: Verification): readonly Row[] {
  return [
    ...coverageRows(verification),
    ...boundaryRows(verification),
    ...powerRows(verification),
    ...anytimeRows(verification),
    ...streamRows(verification),
    ...plannedRows(verification),
  ];
}

/** Coverage of each interval in each row of the table. */
export function coverageRows({ runs, chanceOf, estimators = ESTIMATORS }: Verification): readonly Row[] {
  return estimators.flatMap((estimator) =>
    COVERAGE.map((row) => {
      const { cases, baseline, candidate } = row;
      const correlation = estimator.cases === 'same' ? row.correlation : 0;
      const scenario = `n=${cases} base ${baseline} cand ${candidate} corr ${correlation}`;
      const found = coverageOf(estimator, row, { runs, next: chanceOf(`${estimator.name} ${scenario}`) });
      const expected = row.coverage[estimator.name];
      // Of an interval whose coverage nobody has enumerated, only that it is not too narrow.
      const band = expected === undefined ? atLeast(0.95, runs) : around(expected, runs);
      return { estimator: estimator.name, scenario, figure: 'coverage', found, band };
    }),
  );
}

function boundaryRows({ runs, chanceOf }: Verification): readonly Row[] {
  return BOUNDARIES.flatMap(({ m, naive, ...rates }): readonly Row[] => {
    const scenario = nameOf(rates, m);
    const rule = { m, alpha: ALPHA };
    const shareOf = (name: string, gate: Gate): number =>
      shareStopped(stopsOf(gate, { ...rates, pairs: PAIRS_MAX }, { runs, next: chanceOf(`${name} ${scenario}`) }));
    return [
      {
        ...{ estimator: 'e-process', scenario, figure: 'false promotions' },
        found: shareOf('e-process', eProcessGate(rule)),
        band: [0, ALPHA + 3 * errorOf(ALPHA, runs)],
      },
      {
        ...{ estimator: 'naive peeking', scenario, figure: 'false promotions' },
        found: shareOf('naive peeking', naiveGate(rule)),
        // The figure to compare with has the error of its own 2,000 runs.
        band: within(naive, 3 * Math.hypot(errorOf(naive, runs), errorOf(naive, RUNS))),
      },
    ];
  });
}

function powerRows({ runs, chanceOf }: Verification): readonly Row[] {
  return POWERS.flatMap(({ m, ...row }): readonly Row[] => {
    const scenario = nameOf(row, m);
    const next = chanceOf(`power ${scenario}`);
    const stops = stopsOf(eProcessGate({ m, alpha: ALPHA }), { ...row, pairs: PAIRS_MAX }, { runs, next });
    const of = { estimator: 'e-process', scenario };
    return [
      { ...of, figure: 'power', found: shareStopped(stops), band: nearShare(row.power, runs) },
      { ...of, figure: 'mean pairs', found: meanPairs(stops, PAIRS_MAX), band: near(row.meanPairs, runs) },
      // A median scatters twice as much as a mean here.
      { ...of, figure: 'median pairs', found: medianPairs(stops, PAIRS_MAX), band: near(row.medianPairs, runs / 4) },
    ];
  });
}

function anytimeRows({ runs, chanceOf }: Verification): readonly Row[] {
  return ANYTIME.map((rates) => {
    const truth = rates.onlyCandidate - rates.onlyBaseline;
    const scenario = `${nameOf(rates, truth)}, every look`;
    const next = chanceOf(`anytime ${scenario}`);
    const misses = stopsOf(missGate(truth, ALPHA), { ...rates, pairs: ANYTIME_PAIRS }, { runs, next });
    const found = 1 - shareStopped(misses);
    return { estimator: 'confidence sequence', scenario, figure: 'coverage', found, band: atLeast(0.95, runs) };
  });
}

/** Pairs of a cluster, and the deviation of effects that the normal mixture expects: half of what the pairs have. */
const CLUSTER_PAIRS = 3;
const TAU = 0.25;

function streamRows({ runs, chanceOf }: Verification): readonly Row[] {
  const { equal, pairs } = PLANNED;
  const gates = [
    { estimator: 'bounded e-process', alpha: ALPHA, gate: clusterGate({ m: 0, alpha: ALPHA }, CLUSTER_PAIRS) },
    { estimator: 'normal mixture', alpha: PLANNED.alpha, gate: msprtGate(PLANNED.alpha, TAU) },
  ];
  return gates.map(({ estimator, alpha, gate }) => {
    const scenario = nameOf(equal, 0);
    const stops = stopsOf(gate, { ...equal, pairs }, { runs, next: chanceOf(`${estimator} ${scenario}`) });
    const band = [0, alpha + 3 * errorOf(alpha, runs)] as const;
    return { estimator, scenario, figure: 'false alarms', found: shareStopped(stops), band };
  });
}

function plannedRows(verification: Verification): readonly Row[] {
  return designs().flatMap((design) => [
    ...designRows(design, PLANNED.equal, verification),
    ...designRows(design, PLANNED.better, verification),
  ]);
}

type Design = { readonly name: string; readonly fractions: readonly number[]; readonly bounds: readonly number[] };

function designs(): readonly Design[] {
  const { alpha } = PLANNED;
  const even = [0.2, 0.4, 0.6, 0.8, 1];
  const uneven = [0.3, 0.5, 0.6, 1];
  const pocock = pocockConstant(even.length, alpha);
  const obrienFleming = obrienFlemingConstant(even.length, alpha);
  return [
    { name: 'pocock', fractions: even, bounds: even.map(() => pocock) },
    { name: 'obrien-fleming', fractions: even, bounds: even.map((at) => obrienFleming / Math.sqrt(at)) },
    ...(['pocock', 'obrien-fleming'] as const).map((spending) => ({
      name: `lan-demets ${spending}`,
      fractions: uneven,
      bounds: lanDeMetsBounds({ fractions: uneven, alpha, spending }),
    })),
  ];
}

function designRows(design: Design, rates: PairRates, { runs, chanceOf }: Verification): readonly Row[] {
  const { pairs, alpha } = PLANNED;
  const difference = rates.onlyCandidate - rates.onlyBaseline;
  const scenario = nameOf(rates, 0);
  const next = chanceOf(`${design.name} ${scenario}`);
  const looks = design.fractions.map((fraction) => Math.round(fraction * pairs));
  const stops = stopsOf(plannedGate(looks, design.bounds), { ...rates, pairs }, { runs, next });
  const of = { estimator: design.name, scenario };
  const found = shareStopped(stops);
  if (difference === 0) {
    return [{ ...of, figure: 'false alarms', found, band: within(alpha, 3 * errorOf(alpha, runs)) }];
  }
  const variance = rates.onlyCandidate + rates.onlyBaseline - difference * difference;
  const expected = groupSequentialPower({ ...design, drift: difference * Math.sqrt(pairs / variance) });
  return [
    { ...of, figure: 'power', found, band: nearShare(expected.power, runs) },
    {
      ...of,
      figure: 'mean pairs',
      found: meanPairs(stops, pairs),
      band: near(expected.expectedFraction * pairs, runs),
    },
  ];
}

function nameOf({ onlyCandidate, onlyBaseline }: PairRates, m: number): string {
  return `gains ${onlyCandidate} losses ${onlyBaseline} against ${Number(m.toFixed(6))}`;
}

/** Monte Carlo standard error of a share. */
function errorOf(share: number, runs: number): number {
  return Math.sqrt((share * (1 - share)) / runs);
}

type Band = Row['band'];

function within(expected: number, half: number): Band {
  return [Math.max(0, expected - half), Math.min(1, expected + half)];
}

/** EVIDENCE's .015, which is three standard errors of 2,000 runs at .95. */
function around(expected: number, runs: number): Band {
  return within(expected, Math.max(0.015, 3 * errorOf(0.95, runs)));
}

function atLeast(nominal: number, runs: number): Band {
  return [nominal - Math.max(0.015, 3 * errorOf(nominal, runs)), 1];
}

/** 5 %, and more where fewer runs make the figure coarser. */
function near(expected: number, runs: number): Band {
  const part = 0.05 * Math.max(1, Math.sqrt(RUNS / runs));
  return [expected * (1 - part), expected * (1 + part)];
}

function nearShare(expected: number, runs: number): Band {
  const [least, most] = near(expected, runs);
  return [least, Math.min(1, most)];
}
