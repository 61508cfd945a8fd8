/**
 * Series of agents' runs.
 */
import type { AgentRun } from '@bulkhead/protocol';
import { createSeriesMetric, type Sample, type SeriesMetric } from './prometheus.ts';
import { createFamily, createHistogram, observe } from './series.ts';

/** How they are counted; synchronous, and never throws. */
export type AgentCounts = {
  /** A run that has ended or waits, and how long it ran since it began or went on. */
  readonly observeAgentRun: (run: Pick<AgentRun, 'status'>, durationMs: number) => void;
};

/** A run takes as long as its model's answers and its tools. */
const RUN_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900] as const;
const STATUSES_MAX = 8;

/** Creates them for one host. */
export function createAgentSeries(): { readonly counts: AgentCounts; readonly series: readonly SeriesMetric[] } {
  const durations = createFamily(STATUSES_MAX, () => createHistogram(RUN_SECONDS));
  const read = (): readonly Sample[] =>
    [...durations.entries()].map(([status, histogram]) => ({ labels: { status }, histogram }));
  return {
    counts: { observeAgentRun: ({ status }, durationMs) => observe(durations.of(status), durationMs / 1_000) },
    series: [
      createSeriesMetric(
        { type: 'histogram', name: 'agent_run_duration_seconds', help: 'Runs of agents, by how they ended.' },
        read,
      ),
    ],
  };
}
