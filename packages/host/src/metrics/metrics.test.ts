import { OUTCOME_KINDS } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMetrics, type Metrics } from './metrics.ts';

const make = (guests: Readonly<Record<string, number>> = {}): Metrics => createMetrics({ guests: () => guests });

/** Lines of the page that are samples, without help and type. */
async function samplesOf(metrics: Metrics, start: string): Promise<readonly string[]> {
  return (await metrics.renderMetrics()).split('\n').filter((line) => line.startsWith(start));
}

const values = (lines: readonly string[]): readonly number[] => lines.map((line) => Number(line.split(' ').at(-1)));

describe('metrics', () => {
  test('every series that DESIGN 12 names is on the page with its type, also before the first call', async () => {
    const page = await make().renderMetrics();
    for (const [name, type] of [
      ['plugin_calls_total', 'counter'],
      ['plugin_call_duration_seconds', 'histogram'],
      ['handler_duration_seconds', 'histogram'],
      ['handler_fail_total', 'counter'],
      ['sandbox_guests', 'gauge'],
      ['sandbox_start_seconds', 'histogram'],
      ['sandbox_kills_total', 'counter'],
      ['sandbox_dropped_frames_total', 'counter'],
      ['record_failures_total', 'counter'],
    ]) {
      expect(page).toContain(`# TYPE ${name} ${type}\n`);
    }
  });

  test('calls are counted by plugin and outcome, and timed in cumulative buckets', async () => {
    const metrics = make();
    metrics.addPlugin('calculator');
    metrics.observeCall('calculator', 'ok', 0.2);
    metrics.observeCall('calculator', 'ok', 70);
    metrics.observeCall('calculator', 'timeout', 500);
    expect(await samplesOf(metrics, 'plugin_calls_total{')).toEqual([
      'plugin_calls_total{plugin="calculator",outcome="ok"} 2',
      'plugin_calls_total{plugin="calculator",outcome="timeout"} 1',
    ]);
    const lines = await samplesOf(metrics, 'plugin_call_duration_seconds');
    expect(lines).toContain('plugin_call_duration_seconds_bucket{plugin="calculator",le="0.00025"} 1');
    expect(lines).toContain('plugin_call_duration_seconds_bucket{plugin="calculator",le="0.1"} 2');
    expect(lines).toContain('plugin_call_duration_seconds_bucket{plugin="calculator",le="+Inf"} 3');
    expect(lines).toContain('plugin_call_duration_seconds_count{plugin="calculator"} 3');
  });

  test('a bucket holds what is exactly its bound, and there is one bucket without a bound', async () => {
    const metrics = make();
    metrics.observeStart('cold', 5);
    metrics.observeStart('cold', 60_000);
    expect(await samplesOf(metrics, 'sandbox_start_seconds')).toEqual([
      ...['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '10'].map(
        (bound) => `sandbox_start_seconds_bucket{kind="cold",le="${bound}"} 1`,
      ),
      'sandbox_start_seconds_bucket{kind="cold",le="+Inf"} 2',
      'sandbox_start_seconds_sum{kind="cold"} 60.005',
      'sandbox_start_seconds_count{kind="cold"} 2',
    ]);
  });

  test('a thousand made-up plugin names share the label other', async () => {
    const metrics = make();
    for (let name = 0; name < 1_000; name += 1) metrics.observeCall(`made-up-${name}`, 'not_found', 1);
    expect(await samplesOf(metrics, 'plugin_calls_total{')).toEqual([
      'plugin_calls_total{plugin="other",outcome="not_found"} 1000',
    ]);
  });

  test('labels of plugins, handlers and reasons are bounded', async () => {
    const metrics = make();
    for (let index = 0; index < 1_200; index += 1) {
      metrics.addPlugin(`plugin-${index}`);
      metrics.observeCall(`plugin-${index}`, 'ok', 1);
      metrics.countKill(`reason-${index}`);
      metrics.observeHandler(`handler-${index}`, { status: 'error', durationMs: 1, reason: `code-${index}` });
    }
    expect(await samplesOf(metrics, 'plugin_calls_total{')).toHaveLength(1_001);
    expect(await samplesOf(metrics, 'plugin_calls_total{plugin="other"')).toEqual([
      'plugin_calls_total{plugin="other",outcome="ok"} 200',
    ]);
    expect(await samplesOf(metrics, 'sandbox_kills_total{')).toHaveLength(65);
    expect((await samplesOf(metrics, 'handler_fail_total{')).length).toBeLessThanOrEqual(1_000 + 65);
  });

  test('[F000-12] [F000-13] handlers are timed by status, and their failures counted by code', async () => {
    const metrics = make();
    metrics.observeHandler('render', { status: 'ok', durationMs: 3 });
    metrics.observeHandler('render', { status: 'error', durationMs: 3, reason: 'PLUGIN_THREW' });
    expect(await samplesOf(metrics, 'handler_duration_seconds_count')).toEqual([
      'handler_duration_seconds_count{handler="render",status="ok"} 1',
      'handler_duration_seconds_count{handler="render",status="error"} 1',
    ]);
    expect(await samplesOf(metrics, 'handler_fail_total{')).toEqual([
      'handler_fail_total{handler="render",reason="PLUGIN_THREW"} 1',
    ]);
  });

  test('guests are read when the page is rendered; starts, kills, lost records and dropped frames are counted', async () => {
    const metrics = make({ spare: 2, busy: 1 });
    metrics.observeStart('pool', 12);
    metrics.countKill('CALL_TIMEOUT');
    metrics.countRecordFailure('ledger');
    metrics.countDroppedFrames(3);
    expect(await samplesOf(metrics, 'sandbox_guests{')).toEqual([
      'sandbox_guests{state="spare"} 2',
      'sandbox_guests{state="busy"} 1',
    ]);
    expect(await samplesOf(metrics, 'sandbox_start_seconds_count')).toEqual([
      'sandbox_start_seconds_count{kind="pool"} 1',
    ]);
    expect(await samplesOf(metrics, 'sandbox_kills_total{')).toEqual(['sandbox_kills_total{reason="CALL_TIMEOUT"} 1']);
    expect(await samplesOf(metrics, 'record_failures_total{')).toEqual(['record_failures_total{part="ledger"} 1']);
    expect(await samplesOf(metrics, 'sandbox_dropped_frames_total')).toEqual(['sandbox_dropped_frames_total 3']);
  });

  test('a removed plugin leaves the page', async () => {
    const metrics = make();
    metrics.addPlugin('gone');
    metrics.observeCall('gone', 'ok', 1);
    metrics.removePlugin('gone');
    expect(await samplesOf(metrics, 'plugin_calls_total{')).toEqual([]);
  });

  test('whatever calls are observed, every bucket row rises, ends in the count, and no outcome is lost', async () => {
    const call = fc.record({
      outcome: fc.constantFrom('ok' as const, ...OUTCOME_KINDS),
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 50 }), async (calls) => {
        const metrics = make();
        metrics.addPlugin('p');
        for (const { outcome, durationMs } of calls) metrics.observeCall('p', outcome, durationMs);
        const buckets = values(await samplesOf(metrics, 'plugin_call_duration_seconds_bucket'));
        expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
        expect(buckets.at(-1)).toBe(calls.length);
        expect(values(await samplesOf(metrics, 'plugin_calls_total{')).reduce((sum, value) => sum + value, 0)).toBe(
          calls.length,
        );
      }),
    );
  });
});
