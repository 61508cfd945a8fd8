/**
 * What a bootstrap draws from: values, clusters, or sums of which the statistic is a ratio. Each knows its estimate, how to draw that
 * of one resample, and those with one thing left out. Cases are put in order first, so that no result depends on theirs.
 */
import { drawBinomial } from './binomial-draw.ts';
import { mean } from './mean.ts';
import type { PairedTable } from '../pairs.ts';
import type { Random } from '../random.ts';

/**
 * A statistic of values; it must not keep or change what it is given, which is used again.
 *
 * @public
 */
export type Statistic<T> = (sample: readonly T[]) => number;

/** A source of resamples of one statistic. */
export interface Resampling {
  /** The statistic of what was seen. */
  readonly estimate: number;
  /** The statistic of one more resample. */
  readonly draw: (random: Random) => number;
  /** The statistic without each thing in turn. */
  readonly leftOut: () => readonly number[];
}

/** Values, each as likely to be drawn as the others. */
export function resamplingOfValues<T>(values: readonly T[], statistic: Statistic<T>): Resampling {
  if (isMean(statistic)) return resamplingOfRatio(values.map((value) => [Number(value), 1]));
  const ordered = values.toSorted((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0));
  const sample = ordered.slice();
  const estimate = statistic(sample);
  const draw = (random: Random): number => {
    for (let at = 0; at < ordered.length; at += 1) {
      // As T: a number below the length is an index.
      sample[at] = ordered[random.below(ordered.length)] as T;
    }
    return statistic(sample);
  };
  const leftOut = (): readonly number[] => ordered.map((_value, index) => statistic(ordered.toSpliced(index, 1)));
  return { estimate, draw, leftOut };
}

/** Clusters, each as likely to be drawn as the others; the statistic is that of all their values. */
export function resamplingOfClusters(
  clusters: readonly (readonly number[])[],
  statistic: Statistic<number>,
): Resampling {
  if (isMean(statistic)) return resamplingOfRatio(clusters.map((cluster) => [sumOf(cluster), cluster.length]));
  const ordered = clusters.map((cluster) => cluster.toSorted((a, b) => a - b)).toSorted(byNumbers);
  const draw = (random: Random): number =>
    statistic(ordered.flatMap(() => ordered[random.below(ordered.length)] ?? []));
  const leftOut = (): readonly number[] =>
    ordered.map((_cluster, index) => statistic(ordered.toSpliced(index, 1).flat()));
  return { estimate: statistic(ordered.flat()), draw, leftOut };
}

/**
 * Pairs of which the statistic is the sum of the first over the sum of the second: a ratio of means, or a mean by clusters of unequal
 * size. Nothing is made in the loop, and what is left out is subtracted.
 */
export function resamplingOfRatio(pairs: readonly (readonly [top: number, bottom: number])[]): Resampling {
  const ordered = pairs.toSorted(byNumbers);
  const tops = Float64Array.from(ordered, ([top]) => top);
  const bottoms = Float64Array.from(ordered, ([, bottom]) => bottom);
  const top = sumOf(tops);
  const bottom = sumOf(bottoms);
  const draw = (random: Random): number => {
    let above = 0;
    let below = 0;
    for (let left = tops.length; left > 0; left -= 1) {
      const index = random.below(tops.length);
      above += tops[index] ?? 0;
      below += bottoms[index] ?? 0;
    }
    return above / below;
  };
  const leftOut = (): readonly number[] => ordered.map(([above, below]) => (top - above) / (bottom - below));
  return { estimate: top / bottom, draw, leftOut };
}

/** Pairs of a pass or a failure, of which the statistic is the difference of the shares of passes: four counts, drawn as such. */
export function resamplingOfPairs({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): Resampling {
  const same = both + neither;
  const n = same + onlyCandidate + onlyBaseline;
  const gain = onlyCandidate - onlyBaseline;
  const draw = (random: Random): number => {
    const better = drawBinomial(random, n, onlyCandidate / n);
    const worse = drawBinomial(random, n - better, onlyBaseline / (n - onlyCandidate));
    return (better - worse) / n;
  };
  const without = (difference: number, count: number): readonly number[] =>
    Array.from({ length: count }, () => (gain - difference) / (n - 1));
  const leftOut = (): readonly number[] => [
    ...without(1, onlyCandidate),
    ...without(0, same),
    ...without(-1, onlyBaseline),
  ];
  return { estimate: gain / n, draw, leftOut };
}

function isMean(statistic: unknown): boolean {
  return statistic === mean;
}

function byNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -Infinity);
}

function sumOf(values: Readonly<ArrayLike<number>>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] ?? 0;
  return sum;
}
