import { expect, test } from 'vitest';
import { createComposite } from './composite.ts';
import { createLatency } from './latency.ts';
import { createLlmCost } from './llm-cost.ts';
import type { BuiltInMonitor, BuiltInSummary } from './monitor.ts';
import { judged, pairsOf, uneven } from './records.fixture.ts';
import { createSuccessRate } from './success-rate.ts';

/** A monitor that has found what it is told, with an alert of such a p. */
function found(id: string, p: number | undefined): BuiltInMonitor {
  const alert = { type: `${id}_alert`, severity: 'block', message: id, n: 1, p: p ?? 1, interval: [0, 1] } as const;
  const summary = { status: p === undefined ? 'ok' : 'alert' } as const;
  const finalize = (): BuiltInSummary => ({ id, summary, alerts: p === undefined ? [] : [alert] });
  return { identifier: () => id, start: () => {}, record: () => {}, finalize };
}

test('what is sure enough for all of them together is an alert with the corrected p', () => {
  const { summary, alerts } = judged(createComposite({ monitors: [found('one', 0.002), found('two', undefined)] }), []);
  expect(summary).toEqual({ status: 'alert', parts: { one: { status: 'alert' }, two: { status: 'ok' } } });
  expect(alerts).toEqual([expect.objectContaining({ type: 'one_alert', monitor: 'one', p: 0.004, severity: 'block' })]);
});

test('what is sure enough only alone is a warning, and its alert for information', () => {
  const { summary, alerts } = judged(createComposite({ monitors: [found('one', 0.006), found('two', undefined)] }), []);
  expect(summary.status).toBe('warn');
  expect(alerts).toEqual([expect.objectContaining({ p: 0.012, severity: 'info' })]);
});

test('a p of 0 stays one', () => {
  const { summary, alerts } = judged(createComposite({ monitors: [found('one', 0), found('two', 0)] }), []);
  expect(summary.status).toBe('alert');
  expect(alerts.map(({ p }) => p)).toEqual([0, 0]);
});

test('its own severity stands for that of its monitors', () => {
  const { alerts } = judged(createComposite({ severity: 'warn', monitors: [found('one', 0.001)] }), []);
  expect(alerts[0]?.severity).toBe('warn');
});

test('real monitors see the same records, each under its name', () => {
  const records = pairsOf(
    60,
    (index) => ({ duration_ms: uneven(index) }),
    (index) => ({ duration_ms: 2 * uneven(index) }),
  );
  const monitors = [createLatency(), createSuccessRate(), createLlmCost()];
  const { summary, alerts } = judged(createComposite({ monitors }), records);
  expect(summary).toMatchObject({
    ...{
      status: 'alert',
      parts: { latency: { status: 'alert' }, success_rate: { status: 'ok' }, llm_cost: { status: 'nodata' } },
    },
  });
  expect(alerts.map(({ type }) => type)).toEqual(['latency_regression']);
});

test.each(['start', 'record', 'finalize'] as const)(
  'one that throws in %s costs its own part only, until the next start',
  (method) => {
    let isBroken = true;
    const broken: BuiltInMonitor = {
      ...found('broken', 0.001),
      [method]: () => {
        if (isBroken) throw new Error(`no ${method}`);
        return { id: 'broken', summary: { status: 'ok' }, alerts: [] };
      },
    };
    const composite = createComposite({ monitors: [broken, createSuccessRate()] });
    const records = pairsOf(
      5,
      () => ({}),
      () => ({}),
    );
    const { summary, alerts } = judged(composite, records);
    expect(summary).toMatchObject({
      status: 'ok',
      parts: { broken: { failed: `no ${method}` }, success_rate: { pairs: 5 } },
    });
    expect(alerts).toEqual([]);
    isBroken = false;
    expect(judged(composite, records).summary['parts']).toMatchObject({ broken: { status: expect.any(String) } });
  },
);

test('all without data is no data; none, or one twice, is refused', () => {
  expect(judged(createComposite({ monitors: [createLatency()] }), []).summary.status).toBe('nodata');
  expect(() => createComposite({ monitors: [] })).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
  expect(() => createComposite({ monitors: [createLatency(), createLatency()] })).toThrow(
    expect.objectContaining({ code: 'MONITOR_INVALID', message: expect.stringContaining('twice') }),
  );
});
