import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findAnomalies, readSamples, statusOf, type Counts, type Sample } from '../diagnosis.ts';
import manifest from '../plugin.json' with { type: 'json' };
import { readSettings } from '../settings.ts';

const { thresholds } = readSettings(manifest.config);

const never = (): undefined => undefined;
const read = (samples: readonly Sample[], countsOf: (name: string) => Counts | undefined = never) =>
  readSamples(samples, countsOf);
const diagnose = (samples: readonly Sample[]) => findAnomalies(read(samples), thresholds);

test('the defaults are the contract’s [X004-8]', () => {
  expect(readSettings(manifest.config)).toEqual({
    isEnabled: true,
    intervalMs: 300_000,
    historyMax: 1_000,
    retentionMs: 7 * 24 * 3_600_000,
    thresholds: { memory_percent: 80, dead_threads: 5, unhealthy_plugins: 2, response_ms: 1_000, error_rate: 0.1 },
    channels: ['internal', 'log', 'metrics'],
    retriesMax: 3,
    retryDelayMs: 5_000,
  });
});

test('a threshold that is set leaves the others as they are', () => {
  const settings = readSettings({ ...manifest.config, thresholds: { error_rate: 0.5 } });
  expect(settings.thresholds).toEqual({ ...thresholds, error_rate: 0.5 });
});

test('an anomaly is above its threshold, by |v - t| / t, and the furthest comes first [X004-8]', () => {
  const readings = [
    { measure: 'memory_percent', of: 'self', value: 88 },
    { measure: 'response_ms', of: 'a', value: 3_000 },
    { measure: 'dead_threads', of: 'self', value: 5 },
  ] as const;
  expect(findAnomalies(readings, thresholds)).toEqual([
    { measure: 'response_ms', of: 'a', value: 3_000, threshold: 1_000, deviation: 2 },
    { measure: 'memory_percent', of: 'self', value: 88, threshold: 80, deviation: 0.1 },
  ]);
});

test('a diagnosis is critical from twice a threshold on', () => {
  const of = (value: number) => statusOf(findAnomalies([{ measure: 'response_ms', of: 'a', value }], thresholds));
  expect([of(1_000), of(1_001), of(1_999), of(2_000)]).toEqual(['healthy', 'warning', 'warning', 'critical']);
});

test('three plugins that do not serve as they should are too many, two are not [X004-8]', () => {
  const failed: Sample = { name: 'a', state: 'FAILED' };
  const broken: Sample = { name: 'b', state: 'INITIALIZED', breaker: 'open' };
  const ill: Sample = { name: 'c', state: 'RUNNING', health: 'error' };
  const well: Sample = { name: 'd', state: 'RUNNING', health: 'warning' };
  expect(diagnose([failed, broken, well])).toEqual([]);
  expect(diagnose([failed, broken, ill, well])).toMatchObject([
    { measure: 'unhealthy_plugins', of: 'samples', value: 3, deviation: 0.5 },
  ]);
});

test('what a sample does not tell is not judged', () => {
  expect(read([])).toEqual([]);
  expect(read([{ name: 'a', state: 'RUNNING', success_count: 0, error_count: 0, memory_bytes: 5 }])).toEqual([
    { measure: 'unhealthy_plugins', of: 'samples', value: 0 },
  ]);
});

test('memory, response and threads of a sample are judged where they are told', () => {
  const sample = {
    name: 'a',
    state: 'RUNNING',
    avg_execution_time_ms: 2_000,
    memory_bytes: 90,
    memory_limit_bytes: 100,
    dead_threads: 6,
  };
  expect(diagnose([sample])).toMatchObject([
    { measure: 'response_ms', of: 'a', value: 2_000, deviation: 1 },
    { measure: 'dead_threads', of: 'a', value: 6, deviation: 0.2 },
    { measure: 'memory_percent', of: 'a', value: 90, deviation: 0.125 },
  ]);
});

test('an error rate is of the calls since the last sample; counters that went down begin anew', () => {
  const sample: Sample = { name: 'a', state: 'RUNNING', success_count: 98, error_count: 12 };
  const rateAfter = (before: Counts | undefined) =>
    read([sample], () => before).find(({ measure }) => measure === 'error_rate')?.value;
  expect(rateAfter(undefined)).toBe(0.1091);
  expect(rateAfter({ successes: 90, errors: 4 })).toBe(0.5);
  expect(rateAfter({ successes: 1_000, errors: 4 })).toBe(0.1091);
  expect(rateAfter({ successes: 98, errors: 12 })).toBeUndefined();
});

const anySample = fc.record(
  {
    name: fc.string({ minLength: 1, maxLength: 64 }),
    state: fc.constantFrom('RUNNING', 'FAILED', 'else'),
    success_count: fc.nat(),
    error_count: fc.nat(),
    avg_execution_time_ms: fc.double({ min: 0, max: 1e9, noNaN: true }),
    health: fc.constantFrom('error', 'healthy', ''),
    memory_bytes: fc.nat(),
    memory_limit_bytes: fc.integer({ min: 1 }),
    dead_threads: fc.nat(100),
  },
  { requiredKeys: ['name', 'state'] },
);

test('whatever is sampled: every anomaly is above its threshold, by a finite deviation, in order', () => {
  fc.assert(
    fc.property(fc.array(anySample, { maxLength: 20 }), (samples) => {
      const anomalies = diagnose(samples);
      for (const { value, threshold, deviation } of anomalies) {
        expect(value).toBeGreaterThan(threshold);
        expect(Number.isFinite(deviation)).toBe(true);
      }
      const deviations = anomalies.map(({ deviation }) => deviation);
      expect(deviations).toEqual(deviations.toSorted((a, b) => b - a));
      expect(statusOf(anomalies) === 'healthy').toBe(anomalies.length === 0);
    }),
  );
});
