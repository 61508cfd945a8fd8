/**
 * The rules that may stop a stream of pairs, behind one shape: what they say is what the exported functions say. Where a rule looks
 * after every pair, sums that are kept up to date tell when it is worth asking.
 */
import { createBoundedEProcess } from '../looks/bounded-e-process.ts';
import { eProcess, logFactors, logMeanExp, type EProcessOptions } from '../looks/e-process.ts';
import { createMsprt } from '../looks/msprt.ts';
import { normalQuantile } from '../special/normal.ts';
import type { ComparedPairs } from '../pairs.ts';

/** What a pair is worth: 1 where only the candidate passed, −1 where only the baseline did. */
export type PairValue = -1 | 0 | 1;

/** Takes the next pair and says whether the rule stops here. */
export type Watch = (value: PairValue) => boolean;

/** Makes the watch of a new stream. */
export type Gate = () => Watch;

/** Promotion by {@link eProcess}, with a look after every pair. */
export function eProcessGate(options: EProcessOptions): Gate {
  return () => {
    const count = createCounter();
    const screen = createScreen(options);
    return (value) => {
      const counts = count(value);
      return screen(value) && eProcess(counts, options).promote;
    };
  };
}

/** Stops where the confidence sequence of {@link eProcess} leaves out the truth: its first miss, of any look. */
export function missGate(truth: number, alpha: number): Gate {
  return () => {
    const count = createCounter();
    const above = createScreen({ m: truth, alpha });
    const below = createScreen({ m: -truth, alpha });
    return (value) => {
      const counts = count(value);
      const isAbove = above(value);
      // `0 − x`: a −0 is no key of the factors.
      const isBelow = below((0 - value) as PairValue);
      if (!isAbove && !isBelow) return false;
      const [lower, upper] = eProcess(counts, { m: 0, alpha }).confidenceSequence;
      return !(lower <= truth && truth <= upper);
    };
  };
}

/** What EVIDENCE warns of: Wald's test against m at every 50th pair, each at the level of one. */
export function naiveGate({ m, alpha }: EProcessOptions): Gate {
  const bound = -normalQuantile(alpha);
  return () => {
    const count = createCounter();
    return (value) => {
      const { pairs, mean, differing } = statisticsOf(count(value));
      if (pairs % 50 !== 0) return false;
      return mean - m > bound * Math.sqrt((differing / pairs - mean * mean) / pairs);
    };
  };
}

/** McNemar's z against planned bounds, at planned numbers of pairs. */
export function plannedGate(looks: readonly number[], bounds: readonly number[]): Gate {
  return () => {
    const count = createCounter();
    return (value) => {
      const { pairs, mean, differing } = statisticsOf(count(value));
      const look = looks.indexOf(pairs);
      if (look < 0 || differing === 0) return false;
      return (Math.abs(mean) * pairs) / Math.sqrt(differing) >= (bounds[look] ?? Infinity);
    };
  };
}

/** The bet on bounded values, of the means of clusters of so many pairs. */
export function clusterGate({ m, alpha }: EProcessOptions, clusterPairs: number): Gate {
  return () => {
    const process = createBoundedEProcess({ m, alpha, lower: -1, upper: 1 });
    let sum = 0;
    let pairs = 0;
    return (value) => {
      sum += value;
      pairs += 1;
      if (pairs % clusterPairs !== 0) return false;
      process.add(sum / clusterPairs);
      sum = 0;
      return process.result().promote;
    };
  };
}

/** The normal mixture test of a mean of 0, two-sided. */
export function msprtGate(alpha: number, tau: number): Gate {
  return () => {
    const test = createMsprt({ theta0: 0, tau, alpha });
    return (value) => {
      test.add(value);
      return test.result().reject;
    };
  };
}

function createCounter(): (value: PairValue) => ComparedPairs {
  let onlyCandidate = 0;
  let same = 0;
  let onlyBaseline = 0;
  return (value) => {
    if (value === 1) onlyCandidate += 1;
    else if (value === 0) same += 1;
    else onlyBaseline += 1;
    return { onlyCandidate, same, onlyBaseline };
  };
}

/** Sums differ from products of counts by rounding; nothing nearer than this is left unasked. */
const ROUNDING = 1e-6;

/** Tells whether the evidence of the pairs so far could be enough, from one sum for each bettor. */
function createScreen({ m, alpha }: EProcessOptions): Watch {
  const enough = -Math.log(alpha) - ROUNDING;
  const factors = { [-1]: logFactors(-1, m, -1), 0: logFactors(0, m, -1), 1: logFactors(1, m, -1) };
  const sums = factors[0].map(() => 0);
  return (value) => {
    const factorsOfValue = factors[value];
    let largest = -Infinity;
    for (let index = 0; index < sums.length; index += 1) {
      const sum = (sums[index] ?? 0) + (factorsOfValue[index] ?? 0);
      sums[index] = sum;
      if (sum > largest) largest = sum;
    }
    // A mean is no larger than the largest: most looks end here.
    return largest >= enough && logMeanExp(sums) >= enough;
  };
}

function statisticsOf({ onlyCandidate, same, onlyBaseline }: ComparedPairs): {
  readonly pairs: number;
  readonly mean: number;
  readonly differing: number;
} {
  const pairs = onlyCandidate + same + onlyBaseline;
  return { pairs, mean: (onlyCandidate - onlyBaseline) / pairs, differing: onlyCandidate + onlyBaseline };
}
