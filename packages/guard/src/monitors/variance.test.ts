import { expect, test } from 'vitest';
import { judged, pairsOf, uneven } from './records.fixture.ts';
import { createVariance } from './variance.ts';

/** As long on average, on a scale of logarithms, and spread so many times as far. */
const spread = (times: number) => (index: number) => ({ duration_ms: 100 * (uneven(index) / 100) ** times });

test('a candidate whose times spread twice as far is an alert', () => {
  const { summary, alerts } = judged(createVariance(), pairsOf(200, spread(1), spread(2)));
  expect(summary).toMatchObject({ status: 'alert', pairs: 200 });
  expect(alerts).toEqual([expect.objectContaining({ type: 'variance_regression', severity: 'warn', n: 200 })]);
  expect(alerts[0]).toMatchObject({
    ratio: expect.closeTo(2, 6),
    interval: [expect.closeTo(2, 6), expect.closeTo(2, 6)],
  });
});

test('where it does not in every case, the ratio has bounds', () => {
  const jagged = (index: number) => ({ duration_ms: uneven(index) ** (index % 3 === 0 ? 1 : 2.5) });
  const { summary, alerts } = judged(createVariance(), pairsOf(200, spread(1), jagged));
  expect(summary.status).toBe('alert');
  expect(alerts[0]?.interval[0]).toBeLessThan(Number(alerts[0]?.['ratio']));
  expect(alerts[0]?.interval[1]).toBeGreaterThan(Number(alerts[0]?.['ratio']));
});

test('durations of two values on each side leave the test nothing to compare with', () => {
  const side = (other: number) => (index: number) => ({ duration_ms: index % 2 === 0 ? 100 : other });
  expect(judged(createVariance(), pairsOf(60, side(200), side(400))).summary).toMatchObject({
    ...{ status: 'nodata', reason: expect.stringContaining('differ') },
  });
});

test('one that spreads as far, or less, is ok; one beyond chance and below the ratio is a warning', () => {
  expect(judged(createVariance(), pairsOf(200, spread(1), spread(1))).summary.status).toBe('ok');
  expect(judged(createVariance(), pairsOf(200, spread(2), spread(1)))).toMatchObject({
    summary: { status: 'ok' },
    alerts: [],
  });
  const warned = judged(createVariance({ alert_ratio: 3 }), pairsOf(200, spread(1), spread(2)));
  expect(warned).toMatchObject({ summary: { status: 'warn' }, alerts: [] });
});

test('durations that are all alike are ok, and 49 pairs no data', () => {
  const alike = pairsOf(
    60,
    () => ({}),
    () => ({}),
  );
  expect(judged(createVariance(), alike).summary).toMatchObject({ status: 'ok', p: 1, ratio: 1 });
  expect(judged(createVariance(), pairsOf(49, spread(1), spread(9))).summary.status).toBe('nodata');
});
