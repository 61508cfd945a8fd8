import { expect, test } from 'vitest';
import { createLlmCost } from './llm-cost.ts';
import { judged, pairsOf, uneven } from './records.fixture.ts';

const tokens = (ratio: number) => (index: number) => ({
  result: { tokens_total: Math.round(uneven(index) * ratio * (1 + (index % 5) / 50)) },
});

test('[X002-10] a candidate that takes half as many tokens again is an alert', () => {
  const { summary, alerts } = judged(createLlmCost(), pairsOf(100, tokens(1), tokens(1.5)));
  expect(summary).toMatchObject({ status: 'alert', threshold: 1.1, cost_usd: { status: 'nodata' } });
  expect(alerts).toEqual([
    expect.objectContaining({
      type: 'cost_regression',
      field: 'tokens_total',
      severity: 'warn',
      n: 100,
      threshold: 1.1,
    }),
  ]);
  expect(alerts[0]?.['ratio']).toBeCloseTo(1.5, 1);
  expect(alerts[0]?.interval[0]).toBeGreaterThan(1.1);
  expect(alerts[0]?.p).toBe(0.002);
});

test.each([1, 1.05, 0.5])('one that takes %s times as many is ok', (ratio) => {
  const { summary, alerts } = judged(createLlmCost(), pairsOf(100, tokens(1), tokens(ratio)));
  expect(summary).toMatchObject({ status: 'ok', tokens_total: { status: 'ok', pairs: 100 } });
  expect(alerts).toEqual([]);
});

test('money is tested beside tokens, and failed executions cost as well', () => {
  const cost = (ratio: number) => (index: number) => ({
    success: false,
    result: { cost_usd: (uneven(index) * ratio) / 1e6, tokens_total: uneven(index) },
  });
  const { summary, alerts } = judged(createLlmCost(), pairsOf(60, cost(1), cost(2)));
  expect(summary).toMatchObject({ status: 'alert', tokens_total: { status: 'ok', ratio: 1 } });
  expect(alerts.map(({ field }) => field)).toEqual(['cost_usd']);
});

test('the same ratio in every case has no spread, and is judged all the same', () => {
  const constant = (tokens_total: number) => () => ({ result: { tokens_total } });
  const { summary, alerts } = judged(createLlmCost(), pairsOf(30, constant(100), constant(150)));
  expect(summary).toMatchObject({ tokens_total: { ratio: 1.5, interval: [1.5, 1.5] } });
  expect(alerts[0]?.p).toBe(2 * 0.5 ** 30);
  expect(judged(createLlmCost(), pairsOf(30, constant(0), constant(0))).summary.status).toBe('ok');
  expect(judged(createLlmCost(), pairsOf(30, constant(0), constant(1))).summary.status).toBe('alert');
});

test('costs of a single case in thirty have no bounds, and are no data', () => {
  const single = (index: number) => ({ result: { tokens_total: index === 0 ? 1 : 0 } });
  const { summary } = judged(createLlmCost(), pairsOf(30, single, tokens(1)));
  expect(summary).toMatchObject({ status: 'nodata', tokens_total: { reason: expect.stringContaining('uneven') } });
});

test('29 pairs, or none, are no data', () => {
  expect(judged(createLlmCost(), pairsOf(29, tokens(1), tokens(9))).summary.status).toBe('nodata');
  expect(judged(createLlmCost(), []).summary.status).toBe('nodata');
});

test('a ratio below 1 is refused', () => {
  expect(() => createLlmCost({ alert_cost_ratio: 0.5 })).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
});
