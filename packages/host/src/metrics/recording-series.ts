/**
 * Series of calls that are recorded, or mirrored, for evaluations.
 */
import { createSeriesMetric, type Sample, type SeriesMetric } from './prometheus.ts';
import { createFamily } from './series.ts';

/**
 * What became of a call that was drawn: handed to the storage; its parameters were too large; more came in a second than are kept; or
 * it found no room, could not be redacted, or the storage did not take it.
 */
export type RecordingFate = 'kept' | 'too_large' | 'too_often' | 'lost';

/**
 * What became of a call that was drawn to be mirrored: handed over; or too many waited, it was too large, nobody wanted it any more, or
 * whoever it was handed to threw.
 */
export type MirrorFate = 'taken' | 'dropped';

/** Counts recordings and mirrored calls. */
export type RecordingCounts = {
  readonly countRecording: (fate: RecordingFate, calls: number) => void;
  readonly countMirrored: (fate: MirrorFate) => void;
};

const FATES_MAX = 4;

/** Creates series in which nothing was recorded or mirrored. */
export function createRecordingSeries(): {
  readonly counts: RecordingCounts;
  readonly series: readonly SeriesMetric[];
} {
  const recorded = createFates();
  const mirrored = createFates();
  return {
    counts: { countRecording: recorded.count, countMirrored: (fate) => mirrored.count(fate, 1) },
    series: [
      createSeriesMetric(
        { type: 'counter', name: 'call_recordings_total', help: 'Calls drawn to be recorded, by what became of them.' },
        recorded.read,
      ),
      createSeriesMetric(
        { type: 'counter', name: 'calls_mirrored_total', help: 'Calls drawn to be mirrored, by what became of them.' },
        mirrored.read,
      ),
    ],
  };
}

function createFates() {
  const fates = createFamily(FATES_MAX, () => ({ value: 0 }));
  return {
    count: (fate: RecordingFate | MirrorFate, calls: number): void => void (fates.of(fate).value += calls),
    read: (): readonly Sample[] => [...fates.entries()].map(([outcome, { value }]) => ({ labels: { outcome }, value })),
  };
}
