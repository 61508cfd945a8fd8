import { expect, test } from 'vitest';
import { createBlockMeans } from './block-means.ts';
import { judged, pairsOf, uneven } from './records.fixture.ts';
import { createTrend } from './trend.ts';

const flat = (index: number) => ({ duration_ms: uneven(index) });
const rising = (index: number) => ({ duration_ms: uneven(index) + index });

test('[X002-10] a candidate that gets slower and slower is an alert with its slope', () => {
  const { summary, alerts } = judged(createTrend(), pairsOf(400, flat, rising));
  expect(summary).toMatchObject({ status: 'alert', candidate: { blocks: 40, block_size: 10 } });
  expect(alerts).toEqual([
    expect.objectContaining({ type: 'duration_trend', role: 'candidate', severity: 'warn', n: 40, threshold: 0 }),
  ]);
  expect(alerts[0]?.['slope_ms_per_case']).toBeCloseTo(1, 1);
  expect(alerts[0]?.p).toBeLessThan(1e-6);
});

test('a rise that the baseline shows as well may be the machine: a warning and no more', () => {
  const { summary, alerts } = judged(createTrend({ severity: 'block' }), pairsOf(400, rising, rising));
  expect(summary.status).toBe('warn');
  expect(alerts[0]).toMatchObject({ severity: 'info', message: expect.stringContaining('machine') });
});

test.each([
  ['flat', flat],
  ['falling', (index: number) => ({ duration_ms: uneven(index) + 1_000 - index })],
])('a candidate that is %s is ok', (_name, side) => {
  expect(judged(createTrend(), pairsOf(400, rising, side))).toMatchObject({ summary: { status: 'ok' }, alerts: [] });
});

test('a slope or a rise below what is cared about is a warning without an alert', () => {
  const records = pairsOf(400, flat, rising);
  expect(judged(createTrend({ slope: 2 }), records)).toMatchObject({ summary: { status: 'warn' }, alerts: [] });
  expect(judged(createTrend({ rise: 10 }), records)).toMatchObject({ summary: { status: 'warn' }, alerts: [] });
});

test('49 durations are no data, 50 are enough', () => {
  expect(judged(createTrend({ window: 1 }), pairsOf(49, flat, rising)).summary.status).toBe('nodata');
  expect(judged(createTrend({ window: 1 }), pairsOf(50, flat, rising)).summary.status).not.toBe('nodata');
  expect(judged(createTrend({ window: 20 }), pairsOf(99, flat, rising)).summary.status).toBe('nodata');
});

test('blocks are means of what follows one another, and two become one where there are too many', () => {
  const blocks = createBlockMeans(2);
  for (let value = 0; value < 1_999; value += 1) blocks.take(value);
  expect(blocks.blocks()).toMatchObject({ size: 2, means: { length: 999, 0: 0.5, 998: 1_996.5 } });
  blocks.take(1_999);
  expect(blocks.blocks()).toMatchObject({ size: 4, means: { length: 500, 0: 1.5, 499: 1_997.5 } });
});

test.each([
  ['window', { window: 2.5 }],
  ['window', { window: 0 }],
  ['slope', { slope: -1 }],
])('a wrong %s is refused', (_name, options) => {
  expect(() => createTrend(options)).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
});
