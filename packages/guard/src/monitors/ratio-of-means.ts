/**
 * The ratio of the means of both sides with its bounds by resampling, and what resampling cannot bound: figures whose ratio is the same
 * in every case.
 */
import type { FigurePairs } from './paired-figures.ts';
import type { Interval } from '../statistics/interval.ts';
import { StatisticsError } from '../statistics/statistics-error.ts';
import { pairedRatioInterval } from '../statistics/values/bootstrap.ts';

/** Mean of the candidate over that of the baseline. `isEven`: so is each case's, and the bounds are the ratio itself. */
export type MeansRatio = { readonly ratio: number; readonly interval: Interval; readonly isEven: boolean };

/**
 * BCa bounds, each wrong with chance `level`; undefined where so few cases have the figures that resamples say nothing. Same pairs and
 * seed, same bounds. 1 where all figures are 0; the largest number where only those of the candidate are above it.
 */
export function ratioOfMeans(
  pairs: FigurePairs,
  { level, seed }: { readonly level: number; readonly seed: string },
): MeansRatio | undefined {
  const even = evenRatio(pairs);
  if (even !== undefined) return { ratio: even, interval: [even, even], isEven: true };
  const tuples = Array.from(pairs.baseline, (baseline, at) => [pairs.candidate[at] ?? 0, baseline] as const);
  try {
    return { ...pairedRatioInterval(tuples, { confidence: 1 - 2 * level, seed }), isEven: false };
  } catch (error) {
    if (error instanceof StatisticsError) return undefined;
    throw error;
  }
}

/** The mean of figures, of which there has to be one. */
export function meanOf(figures: Float64Array): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

function evenRatio({ baseline, candidate }: FigurePairs): number | undefined {
  const [top, bottom] = [meanOf(candidate), meanOf(baseline)];
  if (top === 0 && bottom === 0) return 1;
  if (bottom === 0) return candidate.every((figure) => figure > 0) ? Number.MAX_VALUE : undefined;
  const ratio = top / bottom;
  const rounding = 1e-9 * top;
  const isEven = baseline.every((figure, at) => Math.abs((candidate[at] ?? 0) - ratio * figure) <= rounding);
  return isEven ? ratio : undefined;
}
