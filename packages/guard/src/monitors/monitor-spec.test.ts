import { expect, test } from 'vitest';
import { isMonitor } from './monitor.ts';
import { MONITOR_NAMES, parseMonitorSpec } from './monitor-spec.ts';
import { judged, pairsOf, uneven } from './records.fixture.ts';

test('[X002-10] the monitors of the contract are there', () => {
  expect(MONITOR_NAMES).toEqual([
    ...['latency', 'success_rate', 'trend', 'fairness', 'resource', 'llm_cost', 'variance'],
    ...['drift', 'pii', 'safety', 'composite'],
  ]);
});

test.each(MONITOR_NAMES.filter((name) => name !== 'safety'))('[F002-20] %s is a monitor, with its defaults', (name) => {
  expect(isMonitor(parseMonitorSpec(name))).toBe(true);
});

test('[F002-21, X002-10] options stand behind a colon, names in any case', () => {
  const monitor = parseMonitorSpec('Latency:percentile=0.9, ALERT_RATIO=1.5,severity=block');
  const records = pairsOf(
    40,
    (index) => ({ duration_ms: uneven(index) }),
    (index) => ({ duration_ms: 2 * uneven(index) }),
  );
  expect(judged(monitor, records).alerts).toEqual([
    expect.objectContaining({ threshold: 1.5, severity: 'block', baseline_p90_ms: expect.any(Number) }),
  ]);
});

test('every option of every monitor is read', () => {
  const specs = [
    'latency:percentile=0.95,alert_ratio=1.2,severity=warn',
    'success_rate:drop=0.98,severity=warn',
    'trend:window=5,slope=1.0,rise=0,severity=info',
    'fairness:max_gap=0.1,field=region,severity=warn',
    'resource:metric=rss_bytes,alert_ratio=1.5,severity=warn',
    'llm_cost:alert_cost_ratio=1.5,severity=warn',
    'variance:alert_ratio=1.5,severity=warn',
    'drift:alert_ratio=1.1,severity=warn',
    'pii:severity=block',
    'safety:patterns=rm -rf|[Dd]rop [Tt]able,severity=block',
    'composite:monitors=latency+Success_Rate,severity=warn',
  ];
  expect(specs.map((spec) => parseMonitorSpec(spec).identifier())).toEqual([
    ...['latency', 'success_rate', 'trend', 'fairness', 'resource:rss_bytes', 'llm_cost', 'variance'],
    ...['drift', 'pii', 'safety', 'composite'],
  ]);
});

test.each([
  ['performance:alert_ratio=1.1', 'latency'],
  ['bias', 'fairness'],
])('[X002-10] %s is %s', (spec, id) => {
  expect(parseMonitorSpec(spec).identifier()).toBe(id);
});

test('a composite has the monitors that it names, or all of them', () => {
  const partsOf = (spec: string) => Object.keys(judged(parseMonitorSpec(spec), []).summary['parts'] ?? {});
  expect(partsOf('composite:monitors=latency+success_rate')).toEqual(['latency', 'success_rate']);
  expect(partsOf('composite')).toHaveLength(7);
});

test.each([
  ['speed', 'monitor "speed" is not known; available: latency, success_rate,'],
  ['toxicity', 'takes a model to judge'],
  ['safety', 'expected at least one regular expression'],
  ['', 'monitor "" is not known'],
  ['constructor', 'monitor "constructor" is not known'],
  ['latency:speed=1', 'monitor "latency" has no option "speed"; available: percentile, alert_ratio, severity'],
  ['latency:__proto__=1', 'has no option "__proto__"'],
  ['latency:percentile', 'option "percentile" of monitor "latency" has no value'],
  ['latency:percentile=', 'option percentile is ""; expected a number'],
  ['latency:percentile=0x1', 'option percentile is "0x1"; expected a number'],
  ['latency:percentile=2', 'option percentile is 2; expected a number from 0.01 to 0.999'],
  ['latency:percentile=0.9,percentile=0.8', 'option percentile of monitor "latency" stands there twice'],
  ['latency:severity=fatal', 'option severity is "fatal"; expected info, warn, block'],
  ['composite:monitors=latency+composite', 'monitor "composite" is not known'],
])('%s is refused, and the message says what there is', (spec, message) => {
  expect(() => parseMonitorSpec(spec)).toThrow(
    expect.objectContaining({ code: 'MONITOR_INVALID', message: expect.stringContaining(message) }),
  );
});
