/**
 * Runs estimators and gates in made-up worlds and counts. All chance is in `next`, which gives numbers from 0 to below 1.
 */
import type { PairedTable } from '../pairs.ts';
import type { Estimator } from './estimators.ts';
import type { Gate, PairValue } from './gates.ts';
import { cellsOf, type CoverageScenario, type PairRates } from './scenarios.ts';

/** How many times, and by what chance. */
export type Chance = { readonly runs: number; readonly next: () => number };

/** Share of the runs in which the interval holds what is true; an end that is equal to it holds it. */
export function coverageOf(estimator: Estimator, scenario: CoverageScenario, { runs, next }: Chance): number {
  const { baseline, candidate, cases } = scenario;
  const correlation = estimator.cases === 'same' ? scenario.correlation : 0;
  const shares = cellsOf({ baseline, candidate, correlation });
  const truth = estimator.bounds === 'candidate' ? candidate : candidate - baseline;
  let held = 0;
  for (let run = 0; run < runs; run += 1) {
    const [lower, upper] = estimator.interval(drawCells(shares, cases, next));
    if (lower <= truth + ROUNDING && truth - ROUNDING <= upper) held += 1;
  }
  return held / runs;
}

/** A difference of decimal rates is off by so much. */
const ROUNDING = 1e-12;

/** The pairs after which the gate stopped in each run, or undefined where it had not after the last pair. */
export function stopsOf(
  gate: Gate,
  { pairs, ...rates }: PairRates & { readonly pairs: number },
  { runs, next }: Chance,
): readonly (number | undefined)[] {
  return Array.from({ length: runs }, () => stopOf(gate, { pairs, ...rates }, next));
}

function stopOf(
  gate: Gate,
  { onlyCandidate, onlyBaseline, pairs }: PairRates & { readonly pairs: number },
  next: () => number,
): number | undefined {
  const watch = gate();
  for (let pair = 1; pair <= pairs; pair += 1) {
    const luck = next();
    const value: PairValue = luck < onlyCandidate ? 1 : luck < onlyCandidate + onlyBaseline ? -1 : 0;
    if (watch(value)) return pair;
  }
  return undefined;
}

/** Share of the runs that stopped. */
export function shareStopped(stops: readonly (number | undefined)[]): number {
  return stops.filter((stop) => stop !== undefined).length / stops.length;
}

/** Mean number of pairs of a run; one that did not stop went to the last pair. */
export function meanPairs(stops: readonly (number | undefined)[], last: number): number {
  return stops.reduce((sum: number, stop) => sum + (stop ?? last), 0) / stops.length;
}

/** Number of pairs by which half of the runs had stopped; the last pair where fewer did. */
export function medianPairs(stops: readonly (number | undefined)[], last: number): number {
  const sorted = stops.map((stop) => stop ?? last).toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? last;
}

function drawCells(shares: PairedTable, cases: number, next: () => number): PairedTable {
  const ends = [shares.both, shares.both + shares.onlyCandidate, 1 - shares.neither] as const;
  let [both, onlyCandidate, onlyBaseline] = [0, 0, 0];
  for (let drawn = 0; drawn < cases; drawn += 1) {
    const luck = next();
    if (luck < ends[0]) both += 1;
    else if (luck < ends[1]) onlyCandidate += 1;
    else if (luck < ends[2]) onlyBaseline += 1;
  }
  return { both, onlyCandidate, onlyBaseline, neither: cases - both - onlyCandidate - onlyBaseline };
}
