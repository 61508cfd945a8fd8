/**
 * Takes the metrics of one result. Which cases a sampled metric is taken on follows from the seed and the case alone, so that it is
 * the same ones for both implementations.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { createRandom } from '../statistics/random.ts';
import type { Case } from './cases.ts';
import { asTaskCode } from './judge-property.ts';
import type { Task, TaskMetric } from './task.ts';

/**
 * One metric of one result: its value, that this case is not among those it is taken on, or what went wrong in its own code.
 *
 * @public
 */
export type MetricReading = { readonly name: string } & (
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'not_sampled' }
  | { readonly kind: 'fault'; readonly code: 'TASK_FAULT'; readonly message: string }
);

/**
 * Takes every metric of a task, in its order. Metrics with `memoize` and one `memoizeKey` share what the first of them extracted.
 *
 * @param given - The case, what the implementation answered, and the run's seed, for metrics that have none of their own.
 * @public
 */
export function readMetrics(
  task: Task,
  given: { readonly one: Case; readonly out: JsonValue; readonly seed: number },
): readonly MetricReading[] {
  const known = new Map<string, MetricReading>();
  return task.metrics.map((metric): MetricReading => {
    if (!isSampled(metric, given)) return { name: metric.name, kind: 'not_sampled' };
    const reading = (metric.memoize ? known.get(metric.memoizeKey) : undefined) ?? readingOf(metric, given);
    if (metric.memoize) known.set(metric.memoizeKey, reading);
    return { ...reading, name: metric.name };
  });
}

function isSampled(
  { name, seed, sampleRate }: TaskMetric,
  given: { readonly one: Case; readonly seed: number },
): boolean {
  return createRandom(`metric:${seed ?? given.seed}:${given.one.index}:${name}`).next() < sampleRate;
}

function readingOf(metric: TaskMetric, { one, out }: { readonly one: Case; readonly out: JsonValue }): MetricReading {
  const { name } = metric;
  const read = asTaskCode(() => ({ kind: 'read' as const, value: metric.extract(out, one.args) }));
  if (read.kind === 'fault') return { name, ...faultOf(name, read.message) };
  if (!Number.isFinite(read.value)) {
    return { name, ...faultOf(name, `extracted ${String(read.value)}; expected a finite number`) };
  }
  return { name, kind: 'value', value: read.value };
}

function faultOf(
  name: string,
  message: string,
): { readonly kind: 'fault'; readonly code: 'TASK_FAULT'; readonly message: string } {
  return { kind: 'fault', code: 'TASK_FAULT', message: `metric "${name}" ${message}` };
}
