/**
 * The lowest point of sin x · cos y + sin(xy) + (x² + y²)/20 between −5 and 5: who judges what a search for it finds, on several starts at
 * once. The score is counted as by OpenEvolve's example of this name, so that figures can be set beside each other.
 */
import { defineTask } from '@bulkhead/guard';
import fc from 'fast-check';

/** A point, and the value that is claimed of it. */
export type Point = { readonly x: number; readonly y: number; readonly value: number };

/** The lowest point, and how low it is, to the digits that that score is counted with. */
const LOWEST: Point = { x: -1.704, y: 0.678, value: -1.519 };
const EDGE = 5;
const VALUE_TOLERANCE = 1e-9;
const TRIALS = 10;
/** What the mean distance from the lowest point is worth: below each bound the factor beside it. */
const FACTORS = [
  [0.5, 1.5],
  [1.5, 1.2],
  [3, 1],
  [Number.POSITIVE_INFINITY, 0.7],
] as const;

/** The function. */
export function valueAt(x: number, y: number): number {
  return Math.sin(x) * Math.cos(y) + Math.sin(x * y) + (x * x + y * y) / 20;
}

/**
 * Half for the mean value, 0.3 for the mean distance, 0.2 for the share of searches that came to an end, times the factor: 1.5 at the most,
 * and 1.49954 at the lowest point itself, as the score knows three of its digits.
 */
export function combinedScore(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / Math.max(1, points.length);
  const distance = mean(({ x, y }) => Math.hypot(x - LOWEST.x, y - LOWEST.y));
  const value = mean(({ x, y }) => valueAt(x, y));
  const [, factor] = FACTORS.find(([bound]) => distance < bound) ?? FACTORS[3];
  return (0.5 / (1 + Math.abs(value - LOWEST.value)) + 0.3 / (1 + distance) + 0.2) * factor;
}

/** A candidate is told the seeds of its searches, and answers one point for each. */
export const MINIMUM = defineTask<[seeds: readonly number[]], Point[]>({
  name: 'function_minimisation',
  arbitraries: [fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: TRIALS, maxLength: TRIALS })],
  isResult: (value): value is Point[] => Array.isArray(value) && value.every((point) => isPoint(point)),
  properties: [
    { name: 'one point for each seed', check: (out, seeds) => out.length === seeds.length },
    { name: 'between −5 and 5', check: (out) => out.every(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) <= EDGE) },
    {
      name: 'the value is that of the point',
      check: (out) => out.every(({ x, y, value }) => Math.abs(valueAt(x, y) - value) <= VALUE_TOLERANCE),
    },
  ],
  metrics: [{ name: 'combined', higherIsBetter: true, extract: (out) => combinedScore(out) }],
});

function isPoint(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('x' in value) || !('y' in value) || !('value' in value))
    return false;
  return [value.x, value.y, value.value].every((part) => typeof part === 'number');
}
