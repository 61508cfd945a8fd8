/**
 * Series of calls that a release on probation failed and the release before it was asked to serve.
 */
import { createSeriesMetric, type Sample, type SeriesMetric } from './prometheus.ts';
import { createFamily } from './series.ts';

/** Whether the release before did better. */
export type SecondChance = 'served' | 'failed';

/** Counts second chances. */
export type SecondChanceCounts = { readonly countSecondChance: (plugin: string, outcome: SecondChance) => void };

const PLUGIN_LABELS_MAX = 1_000;
const OUTCOMES = ['served', 'failed'] as const;

/** Creates series in which no call had one. */
export function createSecondChanceSeries(): {
  readonly counts: SecondChanceCounts;
  readonly series: readonly SeriesMetric[];
} {
  const plugins = createFamily(PLUGIN_LABELS_MAX, () => ({ served: 0, failed: 0 }));
  const read = (): readonly Sample[] =>
    [...plugins.entries()].flatMap(([plugin, counts]) =>
      OUTCOMES.map((outcome) => ({ labels: { plugin, outcome }, value: counts[outcome] })),
    );
  const help = 'Calls that a release on probation failed, by whether the release before it served them.';
  return {
    counts: { countSecondChance: (plugin, outcome) => void (plugins.of(plugin)[outcome] += 1) },
    series: [createSeriesMetric({ type: 'counter', name: 'calls_second_chance_total', help }, read)],
  };
}
