/**
 * Judges readings by thresholds. Pure: what is read, and where it is from, is others' business.
 */
import type { Measure, Settings } from './settings.ts';

/** One figure of something; `of` is a plugin's name, `self` for this instance, `samples` for all that was given. */
export type Reading = { readonly measure: Measure; readonly of: string; readonly value: number };

/** A reading above its threshold; `deviation` is `|v - t| / t`. */
export type Anomaly = Reading & { readonly threshold: number; readonly deviation: number };

/** What is told of a plugin, as `GET /v1/plugins` tells it; what is not known is not judged. */
export type Sample = {
  readonly name: string;
  readonly state: string;
  readonly success_count?: number;
  readonly error_count?: number;
  readonly avg_execution_time_ms?: number;
  readonly health?: string;
  readonly breaker?: string;
  readonly memory_bytes?: number;
  readonly memory_limit_bytes?: number;
  readonly dead_threads?: number;
};

/** What was counted of a plugin when it was sampled last. */
export type Counts = { readonly successes: number; readonly errors: number };

/** A plugin at `critical` is at twice its threshold or above. */
export type Status = 'healthy' | 'warning' | 'critical';

/** Finds the readings above their thresholds, the furthest above first. */
export function findAnomalies(readings: readonly Reading[], thresholds: Settings['thresholds']): readonly Anomaly[] {
  return readings
    .map((reading) => judged(reading, thresholds[reading.measure]))
    .filter(({ value, threshold }) => value > threshold)
    .toSorted((a, b) => b.deviation - a.deviation);
}

function judged(reading: Reading, threshold: number): Anomaly {
  const deviation = Math.round((Math.abs(reading.value - threshold) / threshold) * 1e4) / 1e4;
  return { ...reading, threshold, deviation };
}

/** Sums up. */
export function statusOf(anomalies: readonly Anomaly[]): Status {
  if (anomalies.length === 0) return 'healthy';
  return anomalies.some(({ deviation }) => deviation >= 1) ? 'critical' : 'warning';
}

/** Reads what samples tell. An error rate is of the calls since the last sample, where there is one of before. */
export function readSamples(
  samples: readonly Sample[],
  countsOf: (name: string) => Counts | undefined,
): readonly Reading[] {
  if (samples.length === 0) return [];
  const unhealthy = samples.filter(isUnhealthy).length;
  const each = samples.flatMap((sample) => readSample(sample, countsOf(sample.name)));
  return [{ measure: 'unhealthy_plugins', of: 'samples', value: unhealthy }, ...each];
}

/** Tells whether a plugin does not serve as it should. */
export function isUnhealthy({ state, health, breaker }: Sample): boolean {
  return state === 'FAILED' || state === 'UNAVAILABLE' || health === 'error' || breaker === 'open';
}

function readSample(sample: Sample, before: Counts | undefined): readonly Reading[] {
  const { name: of, avg_execution_time_ms, memory_bytes, memory_limit_bytes, dead_threads } = sample;
  const rate = errorRate(countsIn(sample), before);
  return [
    ...(rate === undefined ? [] : [{ measure: 'error_rate', of, value: rate } as const]),
    ...(avg_execution_time_ms === undefined
      ? []
      : [{ measure: 'response_ms', of, value: avg_execution_time_ms } as const]),
    ...(memory_bytes === undefined || memory_limit_bytes === undefined
      ? []
      : [{ measure: 'memory_percent', of, value: percentOf(memory_bytes, memory_limit_bytes) } as const]),
    ...(dead_threads === undefined ? [] : [{ measure: 'dead_threads', of, value: dead_threads } as const]),
  ];
}

/** Reads the counters of a sample. */
export function countsIn({ success_count = 0, error_count = 0 }: Sample): Counts {
  return { successes: success_count, errors: error_count };
}

/** Undefined where nothing was called. Counters that went down began anew with their host. */
function errorRate(now: Counts, before: Counts | undefined): number | undefined {
  const isSequel = before !== undefined && now.successes >= before.successes && now.errors >= before.errors;
  const errors = now.errors - (isSequel ? before.errors : 0);
  const calls = errors + now.successes - (isSequel ? before.successes : 0);
  return calls === 0 ? undefined : Math.round((errors / calls) * 1e4) / 1e4;
}

/** Share of a bound, in percent with two places. */
export function percentOf(value: number, bound: number): number {
  return Math.round((value / bound) * 1e4) / 100;
}
