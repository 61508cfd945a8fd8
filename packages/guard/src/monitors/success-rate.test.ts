import { expect, test } from 'vitest';
import { judged, pairsOf, recordOf } from './records.fixture.ts';
import { createSuccessRate } from './success-rate.ts';

const losing = (cases: number, losses: number) =>
  pairsOf(
    cases,
    () => ({}),
    (index) => ({ success: index >= losses }),
  );

// Forty bettors on nine losses have a mean of 102; on eight, of 57.
test('[X002-10] nine losses and no gain are an alert, eight are none', () => {
  expect(judged(createSuccessRate(), losing(8, 8))).toMatchObject({ summary: { status: 'ok' }, alerts: [] });
  const { summary, alerts } = judged(createSuccessRate(), losing(9, 9));
  expect(summary).toMatchObject({ status: 'alert', pairs: 9, only_baseline: 9, baseline_rate: 1, candidate_rate: 0 });
  expect(alerts).toEqual([
    expect.objectContaining({
      type: 'success_rate_drop',
      severity: 'warn',
      n: 9,
      alerted_after_pairs: 9,
      threshold: 1,
    }),
  ]);
  expect(alerts[0]?.e).toBeCloseTo(102, 0);
  expect(alerts[0]?.p).toBeCloseTo(1 / (alerts[0]?.e ?? 0), 12);
});

test('an alert that came early stays, though the rest is equal', () => {
  const { summary, alerts } = judged(createSuccessRate(), losing(1_000, 9));
  expect(summary.status).toBe('alert');
  expect(alerts[0]).toMatchObject({ alerted_after_pairs: 9, n: 1_000, difference: -0.009 });
});

test('gains never alert', () => {
  const gaining = pairsOf(
    500,
    (index) => ({ success: index % 2 === 0 }),
    () => ({}),
  );
  expect(judged(createSuccessRate(), gaining).summary).toMatchObject({ status: 'ok', only_candidate: 250 });
});

test('a loss within the drop that is borne is ok, and beyond it an alert', () => {
  const tenth = pairsOf(
    2_000,
    () => ({}),
    (index) => ({ success: index % 10 !== 0 }),
  );
  expect(judged(createSuccessRate({ drop: 0.85 }), tenth).summary).toMatchObject({ status: 'ok', threshold: 0.85 });
  expect(judged(createSuccessRate({ drop: 0.98 }), tenth).summary.status).toBe('alert');
});

test('cases that both fail, come twice or have one side say nothing', () => {
  const records = [
    ...pairsOf(
      50,
      () => ({ success: false }),
      () => ({ success: false }),
    ),
    ...Array.from({ length: 20 }, () => recordOf(0, 'candidate', { success: false })),
    ...Array.from({ length: 20 }, (_case, index) => recordOf(2_000 + index, 'baseline')),
  ];
  expect(judged(createSuccessRate(), records).summary).toMatchObject({
    ...{ status: 'ok', pairs: 50, neither: 50, repeats: 20, unpaired: 20, log_e: 0 },
  });
});

test('without a pair there are no data', () => {
  expect(judged(createSuccessRate(), [recordOf(0, 'baseline')])).toMatchObject({
    summary: { status: 'nodata' },
    alerts: [],
  });
});

test('however sure it is, the figures are JSON', () => {
  const { alerts } = judged(createSuccessRate(), losing(5_000, 5_000));
  expect(JSON.parse(JSON.stringify(alerts))).toEqual(alerts);
  expect(alerts[0]?.e).toBe(Number.MAX_VALUE);
});

test.each([[0], [1.1]])('a drop of %s is refused', (drop) => {
  expect(() => createSuccessRate({ drop })).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
});
