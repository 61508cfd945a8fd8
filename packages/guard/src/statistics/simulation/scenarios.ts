/**
 * The worlds that the statistics are tried in, with what is true there: coverage of intervals, false promotions at the boundary, power
 * and number of pairs, and bounds that hold at every look (EVIDENCE 2.4, 2.5, 2.6 and 2.14).
 *
 * Figures that EVIDENCE has from 2,000 runs are here from exact enumeration or from 60,000 runs of a program in numpy, so that the
 * bands need not allow for two errors; EVIDENCE's lie within .01 of the coverages, and within 5 % of the numbers of pairs.
 */
import type { PairedTable } from '../pairs.ts';

/** Pass rates of both, and the share of cases in which both have the same luck; the rest are independent. */
export type PassRates = { readonly baseline: number; readonly candidate: number; readonly correlation: number };

/** Shares of the four ways in which a case can end. */
export function cellsOf({ baseline, candidate, correlation }: PassRates): PairedTable {
  const both = correlation * Math.min(baseline, candidate) + (1 - correlation) * baseline * candidate;
  return {
    both,
    onlyCandidate: candidate - both,
    onlyBaseline: baseline - both,
    neither: 1 - candidate - baseline + both,
  };
}

/** So many cases at such rates, and the exact coverage at 95 % of each estimator, by enumeration of all tables (numpy, scipy). */
export type CoverageScenario = PassRates & {
  readonly cases: number;
  readonly coverage: Readonly<Partial<Record<string, number>>>;
};

/** Rows of the table in EVIDENCE 2.4. */
export const COVERAGE: readonly CoverageScenario[] = [
  {
    ...{ cases: 100, baseline: 0.8, candidate: 0.85, correlation: 0.5 },
    coverage: {
      ...{ wilson: 0.9332, 'clopper-pearson': 0.9657, newcombe: 0.9514 },
      ...{ tango: 0.9545, 'newcombe-paired': 0.957, 'bonett-price': 0.9581 },
    },
  },
  {
    ...{ cases: 400, baseline: 0.8, candidate: 0.85, correlation: 0.5 },
    coverage: {
      ...{ wilson: 0.9417, 'clopper-pearson': 0.9581, newcombe: 0.9504 },
      ...{ tango: 0.9507, 'newcombe-paired': 0.9513, 'bonett-price': 0.9525 },
    },
  },
  {
    ...{ cases: 100, baseline: 0.97, candidate: 0.97, correlation: 0.5 },
    coverage: {
      ...{ wilson: 0.9688, 'clopper-pearson': 0.9894, newcombe: 0.9719 },
      ...{ tango: 0.9712, 'newcombe-paired': 0.992, 'bonett-price': 0.9982 },
    },
  },
  {
    ...{ cases: 400, baseline: 0.995, candidate: 0.995, correlation: 0.5 },
    coverage: {
      ...{ wilson: 0.9478, 'clopper-pearson': 0.9837, newcombe: 0.9834 },
      ...{ tango: 0.9861, 'newcombe-paired': 0.9987, 'bonett-price': 0.9996 },
    },
  },
  {
    ...{ cases: 100, baseline: 0.95, candidate: 0.92, correlation: 0.8 },
    coverage: {
      ...{ wilson: 0.9605, 'clopper-pearson': 0.9754, newcombe: 0.9623 },
      ...{ tango: 0.9403, 'newcombe-paired': 0.9842, 'bonett-price': 0.9733 },
    },
  },
  {
    ...{ cases: 400, baseline: 0.97, candidate: 0.95, correlation: 0.8 },
    coverage: {
      ...{ wilson: 0.9502, 'clopper-pearson': 0.9619, newcombe: 0.9534 },
      ...{ tango: 0.9468, 'newcombe-paired': 0.969, 'bonett-price': 0.964 },
    },
  },
  {
    ...{ cases: 80, baseline: 0.78, candidate: 0.83, correlation: 0 },
    coverage: {
      ...{ wilson: 0.9479, 'clopper-pearson': 0.964, newcombe: 0.9497 },
      ...{ tango: 0.952, 'newcombe-paired': 0.9519, 'bonett-price': 0.9556 },
    },
  },
];

/** Shares of pairs that only the candidate, or only the baseline, passes; the rest come out the same. */
export type PairRates = { readonly onlyCandidate: number; readonly onlyBaseline: number };

/** A true difference that is just m, so that every promotion is false; `naive` is how often peeking with Wald's test promotes. */
export type BoundaryScenario = PairRates & { readonly m: number; readonly naive: number };

/** The five of EVIDENCE 2.5: two that are equal, one that differs often, and two at the margin. */
export const BOUNDARIES: readonly BoundaryScenario[] = [
  { onlyCandidate: 0.03, onlyBaseline: 0.03, m: 0, naive: 0.152 },
  { onlyCandidate: 0.005, onlyBaseline: 0.005, m: 0, naive: 0.101 },
  { onlyCandidate: 0.15, onlyBaseline: 0.15, m: 0, naive: 0.161 },
  { onlyCandidate: 0.01, onlyBaseline: 0.03, m: -0.02, naive: 0.335 },
  { onlyCandidate: 0, onlyBaseline: 0.01, m: -0.01, naive: 0.682 },
];

/** A true difference beyond m: share of runs that promote within 2,000 pairs, and where they stop, on average and in the median. */
export type PowerScenario = PairRates & {
  readonly m: number;
  readonly power: number;
  readonly meanPairs: number;
  readonly medianPairs: number;
};

/** Those of EVIDENCE 2.5; the mean counts a run without promotion as 2,000 pairs. */
export const POWERS: readonly PowerScenario[] = [
  { onlyCandidate: 0.1, onlyBaseline: 0.05, m: 0, power: 0.9965, meanPairs: 533.3, medianPairs: 458 },
  { onlyCandidate: 0.15, onlyBaseline: 0.05, m: 0, power: 1, meanPairs: 169.3, medianPairs: 145 },
  { onlyCandidate: 0.04, onlyBaseline: 0.02, m: 0, power: 0.7876, meanPairs: 1_168, medianPairs: 1_139 },
  { onlyCandidate: 0.01, onlyBaseline: 0.01, m: -0.02, power: 0.9981, meanPairs: 563, medianPairs: 488 },
];

/** Pairs after which a run of the e-process ends. */
export const PAIRS_MAX = 2_000;

/** Where the confidence sequence must hold the true difference at each of 1,000 looks (EVIDENCE 2.5). */
export const ANYTIME: readonly PairRates[] = [
  { onlyCandidate: 0.03, onlyBaseline: 0.03 },
  { onlyCandidate: 0.1, onlyBaseline: 0.05 },
  { onlyCandidate: 0.01, onlyBaseline: 0.03 },
  { onlyCandidate: 0.15, onlyBaseline: 0.15 },
];

/** Pairs over which it must. */
export const ANYTIME_PAIRS = 1_000;

/** Worlds of the designs with planned looks: no difference, and one that they find in most runs. */
export const PLANNED = {
  pairs: 1_000,
  alpha: 0.05,
  equal: { onlyCandidate: 0.15, onlyBaseline: 0.15 },
  better: { onlyCandidate: 0.18, onlyBaseline: 0.12 },
} as const;
