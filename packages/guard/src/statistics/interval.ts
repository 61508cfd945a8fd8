/**
 * Bounds of what is not known, and the normal quantiles that most of them start from.
 */
import { normalQuantile } from './special/normal.ts';
import { assertLevel } from './statistics-error.ts';

/**
 * Lower and upper bound.
 *
 * @public
 */
export type Interval = readonly [lower: number, upper: number];

/** Confidence where nobody says another. */
export const CONFIDENCE = 0.95;

/** z with (1 − confidence) / 2 of the normal distribution beyond it. */
export function zOf(confidence: number): number {
  assertLevel('confidence', confidence);
  return -normalQuantile((1 - confidence) / 2);
}
