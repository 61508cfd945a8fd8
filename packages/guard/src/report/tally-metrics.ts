/**
 * Metrics of the task over all cases where both sides have them, with paired bootstrap intervals that a seed fixes.
 */
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import type { Interval } from '../statistics/interval.ts';
import { StatisticsError } from '../statistics/statistics-error.ts';
import { bcaInterval } from '../statistics/values/bootstrap.ts';
import { mean } from '../statistics/values/mean.ts';
import { createNumberColumn, type NumberColumn } from './number-column.ts';
import type { ReportMetric } from './report.ts';
import type { TaskFacts } from './task-facts.ts';

/** Metrics of both sides. */
export type MetricTally = {
  readonly take: (pair: Pick<EvaluatedPair, 'baseline' | 'candidate'>) => void;
  readonly metrics: () => readonly ReportMetric[];
};

/** Starts with no case. */
export function createMetricTally({ metrics }: Pick<TaskFacts, 'metrics'>): MetricTally {
  const columns = metrics.map((metric) => ({
    metric,
    baseline: createNumberColumn(),
    candidate: createNumberColumn(),
  }));
  return {
    take: (pair) => {
      for (const { metric, baseline, candidate } of columns) {
        const [one, other] = [figureOf(pair.baseline, metric.name), figureOf(pair.candidate, metric.name)];
        if (one === undefined || other === undefined) continue;
        baseline.push(one);
        candidate.push(other);
      }
    },
    metrics: () => columns.map(metricOf),
  };
}

function figureOf({ metrics }: EvaluatedPair['baseline'], name: string): number | undefined {
  const figure = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  return typeof figure === 'number' && Number.isFinite(figure) ? figure : undefined;
}

type Columns = {
  readonly metric: TaskFacts['metrics'][number];
  readonly baseline: NumberColumn;
  readonly candidate: NumberColumn;
};

function metricOf({ metric, baseline, candidate }: Columns): ReportMetric {
  const { name, kind, higher_is_better, bootstrap } = metric;
  const head = { name, kind, higher_is_better, bootstrap, n: baseline.length() };
  if (head.n === 0) return { ...head, baseline: null, candidate: null, delta: null, delta_ci: null };
  const [one, other] = [[...baseline.values()], [...candidate.values()]];
  const times = kind === 'sum' ? head.n : 1;
  const differences = other.map((value, index) => value - (one[index] ?? 0));
  return {
    ...head,
    baseline: finiteOrNull(mean(one) * times),
    candidate: finiteOrNull(mean(other) * times),
    delta: finiteOrNull(mean(differences) * times),
    delta_ci: scaled(intervalOf(differences, bootstrap), times),
  };
}

/** Null where resamples show no spread: an interval of width zero would claim certainty. */
function intervalOf(
  differences: readonly number[],
  { resamples, alpha, seed }: ReportMetric['bootstrap'],
): Interval | null {
  try {
    return bcaInterval(differences, mean, { confidence: 1 - alpha, resamples, seed });
  } catch (error) {
    if (error instanceof StatisticsError) return null;
    throw error;
  }
}

function scaled(interval: Interval | null, times: number): Interval | null {
  if (interval === null) return null;
  const [lower, upper] = [interval[0] * times, interval[1] * times];
  return Number.isFinite(lower) && Number.isFinite(upper) ? [lower, upper] : null;
}

/** The greatest numbers sum to what JSON cannot say. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
