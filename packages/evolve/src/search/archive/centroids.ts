/**
 * Cells around centroids: where there are too many descriptors for a grid, a fixed number of points is spread evenly over their space, and
 * a program belongs to the nearest.
 */
import { createSearchRandom } from '../random/search-random.ts';
import type { Descriptor } from './descriptors.ts';

/** Points of the space, each coordinate as a share of its range. */
export type Centroids = readonly (readonly number[])[];

/** Samples for each centroid, and steps of Lloyd's method: more move the points by less than a cell's width. */
const SAMPLES_EACH = 20;
const STEPS = 15;

/**
 * Spreads points: random samples of the space are shared among the nearest points, each point moves to the middle of its own, a few times.
 *
 * @see Vassiliades, Chatzilygeroudis and Mouret 2018 (CVT-MAP-Elites); Lloyd 1982.
 */
export function spreadCentroids(cells: number, dimensions: number, seed: number | string): Centroids {
  const random = createSearchRandom(seed).fork('centroids');
  const point = (): readonly number[] => Array.from({ length: dimensions }, () => random.next());
  const samples = Array.from({ length: cells * SAMPLES_EACH }, point);
  let centroids: Centroids = samples.slice(0, cells);
  for (let step = 0; step < STEPS; step += 1) centroids = moved(centroids, samples);
  return centroids;
}

/** The number of the nearest centroid; of equally near ones the first. */
export function nearestCentroid(centroids: Centroids, point: readonly number[]): number {
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  for (const [at, centroid] of centroids.entries()) {
    let square = 0;
    for (const [axis, value] of centroid.entries()) square += (value - (point[axis] ?? 0)) ** 2;
    if (square < least) [nearest, least] = [at, square];
  }
  return nearest;
}

/** Values as shares of their ranges; descriptors without a range stay as they are. */
export function asShares(values: readonly number[], descriptors: readonly Descriptor[]): readonly number[] {
  return values.map((value, at) => {
    const descriptor = descriptors[at];
    if (descriptor === undefined || !('bins' in descriptor)) return value;
    return (value - descriptor.least) / (descriptor.most - descriptor.least);
  });
}

function moved(centroids: Centroids, samples: Centroids): Centroids {
  const groups = Map.groupBy(samples, (sample) => nearestCentroid(centroids, sample));
  return centroids.map((centroid, at) => {
    const group = groups.get(at);
    if (group === undefined) return centroid;
    return centroid.map((_, axis) => group.reduce((sum, sample) => sum + (sample[axis] ?? 0), 0) / group.length);
  });
}
