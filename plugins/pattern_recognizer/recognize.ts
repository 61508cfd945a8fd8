/**
 * All patterns of some records: what is certain enough, the most certain first, and no more than are wanted.
 */
import { findBehavioural } from './behavioural.ts';
import type { Pattern, SeenRecord } from './pattern.ts';
import { findRelational } from './relational.ts';
import type { Settings } from './settings.ts';
import { findStructural } from './structural.ts';
import { findTemporal } from './temporal.ts';

/** Recognizes patterns; the same of the same. O(n log n) for n records, beside their fields. */
export function recognizePatterns(
  records: readonly SeenRecord[],
  { minConfidence, patternsMax }: Pick<Settings, 'minConfidence' | 'patternsMax'>,
): readonly Pattern[] {
  return [findBehavioural, findTemporal, findStructural, findRelational]
    .flatMap((find) => find(records))
    .filter(({ confidence }) => confidence >= minConfidence)
    .toSorted(mostCertainFirst)
    .slice(0, patternsMax);
}

/** Orders patterns. */
export function mostCertainFirst(a: Pattern, b: Pattern): number {
  return b.confidence - a.confidence || b.occurrences - a.occurrences || (a.id < b.id ? -1 : 1);
}
