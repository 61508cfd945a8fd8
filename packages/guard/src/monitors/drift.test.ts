import { describe, expect, test } from 'vitest';
import { createRandom } from '../statistics/random.ts';
import { createDrift } from './drift.ts';
import { judged, pairsOf } from './records.fixture.ts';
import { drawRecords } from './simulation/worlds.ts';

const noise = (index: number): number => 100 + ((index * 7_919) % 41);

describe('drift', () => {
  test('[X002-10] a candidate that becomes slower half-way is told, with where and by how much', () => {
    const records = pairsOf(
      400,
      (index) => ({ duration_ms: noise(index) }),
      (index) => ({ duration_ms: noise(index + 17) * (index < 200 ? 1 : 1.3) }),
    );
    const { summary, alerts } = judged(createDrift({ severity: 'block' }), records);
    expect(summary).toMatchObject({ status: 'alert', pairs: 400, threshold: 1.05 });
    expect(summary['changed_at_pair']).toBeGreaterThan(180);
    expect(summary['changed_at_pair']).toBeLessThan(220);
    expect(alerts).toEqual([
      expect.objectContaining({
        type: 'duration_drift',
        severity: 'block',
        n: 400,
        message: expect.stringContaining('from pair'),
      }),
    ]);
    expect(alerts[0]?.['ratio']).toBeCloseTo(1.3, 0.5);
    expect(alerts[0]?.p).toBeLessThan(0.01);
  });

  test('one that is slower from the beginning does not drift', () => {
    const records = pairsOf(
      400,
      (index) => ({ duration_ms: noise(index) }),
      (index) => ({ duration_ms: 3 * noise(index + 17) }),
    );
    expect(judged(createDrift(), records).summary.status).toBe('ok');
  });

  test('what both sides show together is the machine', () => {
    const slow = (index: number): number => noise(index) * (index < 200 ? 1 : 5);
    const records = pairsOf(
      400,
      (index) => ({ duration_ms: slow(index) }),
      (index) => ({ duration_ms: slow(index) }),
    );
    expect(judged(createDrift(), records)).toMatchObject({ summary: { status: 'ok' }, alerts: [] });
  });

  test('a change below the bound is a warning', () => {
    const records = pairsOf(
      400,
      () => ({ duration_ms: 100 }),
      (index) => ({ duration_ms: (index < 200 ? 100 : 103) + ((index * 7_919) % 41) / 100 }),
    );
    expect(judged(createDrift(), records)).toMatchObject({ summary: { status: 'warn' }, alerts: [] });
  });

  test('few pairs are no data, and failed ones no pair', () => {
    const records = pairsOf(
      60,
      () => ({ duration_ms: 1 }),
      (index) => ({ duration_ms: 1, success: index < 29 }),
    );
    expect(judged(createDrift(), records).summary).toMatchObject({ status: 'nodata', pairs: 29 });
  });

  test('without change the evidence reaches 10,000 in no more than 1 of 10,000 pairs', () => {
    const monitor = createDrift();
    const { next } = createRandom('drift without change');
    let alarms = 0;
    for (let run = 0; run < 40; run += 1) {
      monitor.start({ task: 'x', total_cases: 1_000 });
      for (const record of drawRecords({ name: 'equal', cases: 1_000, groups: 1 }, next)) monitor.record(record);
      if (Number(monitor.finalize().summary['log_evidence']) >= Math.log(10_000)) alarms += 1;
    }
    expect(alarms).toBeLessThanOrEqual(8); // 40,000 pairs: 4 at the most on average, and 9 in 2 of 100 tries.
  });

  test.each([[{ alert_ratio: 0 }], [{ severity: 'fatal' as never }]])('%j is refused', (options) => {
    expect(() => createDrift(options)).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
  });
});
