/**
 * The intervals whose coverage is checked, each as it is exported, behind one shape. A new interval is a line here, and its exact
 * coverage in each row of scenarios.ts.
 */
import type { Interval } from '../interval.ts';
import type { PairedTable } from '../pairs.ts';
import { bonettPriceInterval, newcombePairedInterval, tangoInterval } from '../proportions/paired.ts';
import { clopperPearsonInterval, newcombeInterval, wilsonInterval } from '../proportions/proportions.ts';

/**
 * An interval of what it `bounds`: the candidate's pass rate, or the difference candidate − baseline. `cases` says whether it is for
 * the same cases for both, or for different ones.
 */
export type Estimator = {
  readonly name: string;
  readonly bounds: 'candidate' | 'difference';
  readonly cases: 'same' | 'different';
  readonly interval: (cells: PairedTable) => Interval;
};

/** All that are checked. */
export const ESTIMATORS: readonly Estimator[] = [
  {
    name: 'wilson',
    bounds: 'candidate',
    cases: 'same',
    interval: (cells) => wilsonInterval(candidateOf(cells), casesOf(cells)),
  },
  {
    name: 'clopper-pearson',
    bounds: 'candidate',
    cases: 'same',
    interval: (cells) => clopperPearsonInterval(candidateOf(cells), casesOf(cells)),
  },
  {
    name: 'newcombe',
    bounds: 'difference',
    cases: 'different',
    interval: (cells) => newcombeInterval(candidateOf(cells), casesOf(cells), baselineOf(cells), casesOf(cells)),
  },
  {
    name: 'tango',
    bounds: 'difference',
    cases: 'same',
    interval: (cells) => tangoInterval({ ...cells, n: casesOf(cells) }),
  },
  { name: 'newcombe-paired', bounds: 'difference', cases: 'same', interval: (cells) => newcombePairedInterval(cells) },
  {
    name: 'bonett-price',
    bounds: 'difference',
    cases: 'same',
    interval: (cells) => bonettPriceInterval({ ...cells, n: casesOf(cells) }),
  },
];

function candidateOf({ both, onlyCandidate }: PairedTable): number {
  return both + onlyCandidate;
}

function baselineOf({ both, onlyBaseline }: PairedTable): number {
  return both + onlyBaseline;
}

function casesOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): number {
  return both + onlyCandidate + onlyBaseline + neither;
}
