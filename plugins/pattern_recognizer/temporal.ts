/**
 * Temporal patterns (X004-8): events that come at a steady pace. Time is cut into buckets of five minutes, so a period is a
 * multiple of that, and what comes more often comes in every bucket.
 */
import { createPattern, groupBy, momentOf, weigh, type Pattern, type SeenRecord } from './pattern.ts';

const BUCKET_MS = 5 * 60_000;
/** Fewer gaps than these are alike by chance. */
const GAPS_MIN = 3;
/** Periodic is what has gaps of a variance below this part of their mean, both in buckets. */
const VARIANCE_MAX = 0.2;

/** Finds the events that are periodic; a record without an event or a moment is passed over. */
export function findTemporal(records: readonly SeenRecord[]): readonly Pattern[] {
  const timed = records.filter((record) => momentOf(record) !== undefined);
  return [...groupBy(timed, ({ event }) => event)].flatMap(([event, group]) => periodOf(event, group) ?? []);
}

function periodOf(event: string, records: readonly SeenRecord[]): Pattern | undefined {
  const buckets = [...new Set(records.map((record) => Math.floor((momentOf(record) ?? 0) / BUCKET_MS)))];
  const sorted = buckets.toSorted((a, b) => a - b);
  const gaps = sorted.slice(1).map((bucket, index) => bucket - (sorted[index] ?? 0));
  if (gaps.length < GAPS_MIN) return undefined;
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  if (variance >= VARIANCE_MAX * mean) return undefined;
  const period_seconds = Math.round((mean * BUCKET_MS) / 1_000);
  return createPattern([event, Math.round(mean)], {
    kind: 'temporal',
    description: `${event} every ${period_seconds} s, ${sorted.length} times`,
    confidence: weigh(sorted.length, 1 - variance / (VARIANCE_MAX * mean)),
    occurrences: sorted.length,
    details: {
      event,
      period_seconds,
      bucket_seconds: BUCKET_MS / 1_000,
      per_bucket: Math.round((records.length / sorted.length) * 100) / 100,
    },
  });
}
