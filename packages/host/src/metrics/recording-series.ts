/**
 * Series of calls that are recorded for evaluations.
 */
import { createSeriesMetric, type Sample, type SeriesMetric } from './prometheus.ts';
import { createFamily } from './series.ts';

/**
 * What became of a call that was drawn: handed to the storage; its parameters were too large; more came in a second than are kept; or
 * it found no room, could not be redacted, or the storage did not take it.
 */
export type RecordingFate = 'kept' | 'too_large' | 'too_often' | 'lost';

/** Counts recordings. */
export type RecordingCounts = { readonly countRecording: (fate: RecordingFate, calls: number) => void };

const FATES_MAX = 4;

/** Creates series in which nothing was recorded. */
export function createRecordingSeries(): {
  readonly counts: RecordingCounts;
  readonly series: readonly SeriesMetric[];
} {
  const fates = createFamily(FATES_MAX, () => ({ value: 0 }));
  const read = (): readonly Sample[] =>
    [...fates.entries()].map(([outcome, { value }]) => ({ labels: { outcome }, value }));
  return {
    counts: { countRecording: (fate, calls) => void (fates.of(fate).value += calls) },
    series: [
      createSeriesMetric(
        { type: 'counter', name: 'call_recordings_total', help: 'Calls drawn to be recorded, by what became of them.' },
        read,
      ),
    ],
  };
}
