import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLatency } from './latency.ts';
import { judged, pairsOf, recordOf, uneven } from './records.fixture.ts';
import { createResource } from './resource.ts';

/** A little noise, that is other than the sizes of the cases. */
const noise = (index: number): number => 1 + ((index * 31) % 17) / 400;

function slower(cases: number, ratio: number) {
  return pairsOf(
    cases,
    (index) => ({ duration_ms: uneven(index), result: { cpu_ms: uneven(index) } }),
    (index) => ({
      duration_ms: uneven(index) * ratio * noise(index),
      result: { cpu_ms: uneven(index) * ratio * noise(index) },
    }),
  );
}

test('[X002-10] a candidate that takes 30 % longer is an alert with both quantiles, ratio and threshold', () => {
  const { id, summary, alerts } = judged(createLatency(), slower(100, 1.3));
  expect(id).toBe('latency');
  expect(summary).toMatchObject({ status: 'alert', pairs: 100, tested_pairs: 100, threshold: 1.05 });
  expect(alerts).toHaveLength(1);
  expect(alerts[0]).toMatchObject({
    ...{ type: 'latency_regression', severity: 'warn', n: 100, threshold: 1.05 },
    ratio: expect.closeTo(1.326, 2),
    baseline_p95_ms: expect.closeTo(145, -1),
    candidate_p95_ms: expect.closeTo(192, -1),
  });
  expect(alerts[0]?.p).toBeLessThan(1e-10);
  expect(alerts[0]?.interval[0]).toBeGreaterThan(1.3);
  expect(alerts[0]?.message).toContain('above 1.05');
});

test('one that is slower by less than is cared about is a warning without an alert', () => {
  const { summary, alerts } = judged(createLatency({ alert_ratio: 1.5 }), slower(100, 1.3));
  expect(summary).toMatchObject({ status: 'warn', threshold: 1.5 });
  expect(alerts).toEqual([]);
});

test.each([
  ['the same', 1 / 1.02],
  ['faster', 0.5],
])('one that is %s is ok', (_name, ratio) => {
  expect(judged(createLatency(), slower(200, ratio))).toMatchObject({ summary: { status: 'ok' }, alerts: [] });
});

test('all durations alike, or all 0, are ok and no error', () => {
  const constant = (duration_ms: number) =>
    pairsOf(
      60,
      () => ({ duration_ms }),
      () => ({ duration_ms }),
    );
  expect(judged(createLatency(), constant(5)).summary).toMatchObject({ status: 'ok', p: 1, ratio: 1 });
  expect(judged(createLatency(), constant(0)).summary).toMatchObject({ status: 'ok', p: 1, ratio: 1 });
});

test('durations that were 0 and are not any more are an alert', () => {
  const records = pairsOf(
    40,
    () => ({ duration_ms: 0 }),
    (index) => ({ duration_ms: 1 + index }),
  );
  expect(judged(createLatency(), records).summary.status).toBe('alert');
});

test('29 pairs are no data, which is not ok, and 30 are enough', () => {
  expect(judged(createLatency(), slower(29, 2)).summary).toMatchObject({ status: 'nodata', pairs: 29, pairs_min: 30 });
  expect(judged(createLatency(), slower(30, 2)).summary.status).toBe('alert');
});

test('cases that failed on a side, came twice or have one side are left out and counted', () => {
  const records = [
    ...pairsOf(
      40,
      (index) => ({ duration_ms: uneven(index) }),
      (index) => ({ duration_ms: uneven(index), success: index >= 5 }),
    ),
    recordOf(7, 'candidate', { duration_ms: 9_999 }),
    recordOf(40, 'baseline'),
    recordOf(41, 'baseline', { duration_ms: Number.NaN }),
  ];
  expect(judged(createLatency(), records).summary).toMatchObject({
    ...{ pairs: 35, unpaired: 6, repeats: 1, unusable: 6, ratio: 1 },
  });
});

test('the order of the records changes nothing', () => {
  const records = slower(60, 1.04);
  const expected = judged(createLatency(), records);
  fc.assert(
    fc.property(fc.shuffledSubarray([...records], { minLength: records.length }), (shuffled) => {
      expect(judged(createLatency(), shuffled)).toEqual(expected);
    }),
    { numRuns: 10 },
  );
});

test('with the sides exchanged the ratio is the other way round, and at most one of the two alerts', () => {
  const durations = fc.array(fc.tuple(fc.double(FIGURES), fc.double(FIGURES)), { minLength: 30, maxLength: 60 });
  fc.assert(
    fc.property(durations, (pairs) => {
      const records = pairs.flatMap(([baseline, candidate], index) => [
        recordOf(index, 'baseline', { duration_ms: baseline }),
        recordOf(index, 'candidate', { duration_ms: candidate }),
      ]);
      const exchanged = records.map((record): typeof record => ({
        ...record,
        role: record.role === 'baseline' ? 'candidate' : 'baseline',
      }));
      const [one, other] = [records, exchanged].map((each) => judged(createLatency(), each));
      expect(Number(one?.summary['ratio']) * Number(other?.summary['ratio'])).toBeCloseTo(1, 9);
      expect((one?.alerts.length ?? 0) + (other?.alerts.length ?? 0)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 30 },
  );
});

const FIGURES = { min: 0.001, max: 1e6, noNaN: true };

test('start forgets what was recorded before', () => {
  const monitor = createLatency();
  judged(monitor, slower(100, 3));
  expect(judged(monitor, slower(100, 0.9)).summary).toMatchObject({ status: 'ok', pairs: 100 });
});

test('another percentile is told under its own name, with an interval where the pairs suffice', () => {
  const { summary, alerts } = judged(createLatency({ percentile: 0.9 }), slower(100, 1.3));
  expect(Object.keys(alerts[0] ?? {})).toContain('baseline_p90_ms');
  expect(summary['quantiles']).toMatchObject({
    p50: { baseline_ms: { interval: [expect.any(Number), expect.any(Number)] } },
    p90: { candidate_ms: { interval: [expect.any(Number), expect.any(Number)] } },
    p99: { candidate_ms: { value: expect.any(Number) } },
  });
  expect(summary['quantiles']).not.toMatchObject({ p99: { candidate_ms: { interval: expect.anything() } } });
});

test('of more than 10,000 pairs it tests a sample, the same one every time', () => {
  const records = slower(12_000, 1.2);
  const first = judged(createLatency(), records);
  expect(first.summary).toMatchObject({ status: 'alert', pairs: 12_000, tested_pairs: 10_000 });
  expect(judged(createLatency(), records)).toEqual(first);
});

test.each([[-1], [0.5], [10_000_000], [Number.NaN]])('a case of index %s is refused', (index) => {
  const monitor = createLatency();
  monitor.start({ task: 'test', total_cases: 10 });
  expect(() => monitor.record(recordOf(index, 'baseline'))).toThrow(
    expect.objectContaining({ code: 'MONITOR_RECORD_INVALID' }),
  );
});

test.each([
  ['percentile', { percentile: 1 }],
  ['alert_ratio', { alert_ratio: 0.9 }],
  ['alert_ratio', { alert_ratio: Number.NaN }],
  ['severity', { severity: 'fatal' as 'warn' }],
])('[F002-21] a wrong %s is refused, with what was expected', (name, options) => {
  expect(() => createLatency(options)).toThrow(
    expect.objectContaining({
      code: 'MONITOR_INVALID',
      message: expect.stringMatching(`^option ${name} is .*expected`),
    }),
  );
});

test('[X002-10] a resource is tested as latency is, under its own name', () => {
  const { id, summary, alerts } = judged(createResource({ severity: 'block' }), slower(100, 1.3));
  expect(id).toBe('resource:cpu_ms');
  expect(summary).toMatchObject({ status: 'alert', metric: 'cpu_ms', pairs: 100 });
  expect(alerts[0]).toMatchObject({
    type: 'resource_regression',
    metric: 'cpu_ms',
    severity: 'block',
    threshold: 1.05,
  });
  expect(judged(createResource({ metric: 'rss_bytes' }), slower(100, 1.3)).summary).toMatchObject({
    ...{ status: 'nodata', pairs: 0, unusable: 200 },
  });
});

test('what the candidate itself says that it used is not believed', () => {
  const inside = (cpu_ms: number) => ({ result: { result: { cpu_ms } } });
  expect(
    judged(
      createResource(),
      pairsOf(
        40,
        () => inside(1),
        () => inside(2),
      ),
    ).summary.status,
  ).toBe('nodata');
});
