import { expect, test } from 'vitest';
import { alertsOf, evidenceOf } from './evidence-of.ts';
import { brokenSide, pairOf, reportOf, sideOf } from './report.fixture.ts';

const REGRESSION = {
  case_id: 'case-00001',
  kind: 'property',
  broken: 'sorted',
  message: '3 stands before 1',
  args: '[[3,1]]',
  smallest: null,
} as const;

test('evidence has the cells, the executions of both sides and what was confirmed', () => {
  const pairs = [
    pairOf(0),
    pairOf(1, { candidate: brokenSide() }),
    pairOf(2, { baseline: sideOf({ grade: 'unrun', sandbox_failures: 3 }) }),
  ];
  expect(evidenceOf(reportOf({ pairs, regressions: [REGRESSION], monitors: [] }))).toEqual({
    cases: { both: 1, onlyCandidate: 0, onlyBaseline: 1, neither: 0 },
    executions: 18,
    sandboxFailures: 3,
    hardRegressions: [{ caseId: 'case-00001', kind: 'property', broken: 'sorted' }],
    alerts: [],
    flips: [{ caseId: 'case-00001', kind: 'pass_to_fail' }],
    totals: { propertyViolations: 1, relationViolations: 0, passes: 1, cases: 2 },
    objectives: { latencyDeltaMs: 0, latencyRatio: 1 },
  });
});

test('an alert of a foreign monitor that says no severity is a warning, with its type where it has no message', () => {
  const alerts = [
    { type: 'odd' },
    { type: 'worse', severity: 'block', message: 'much worse' },
    { type: 'x', severity: 'fatal' },
  ];
  expect(alertsOf({ id: 'mine', summary: {}, alerts })).toEqual([
    { monitor: 'mine', severity: 'warn', message: 'odd' },
    { monitor: 'mine', severity: 'block', message: 'much worse' },
    { monitor: 'mine', severity: 'warn', message: 'x' },
  ]);
  expect(alertsOf({ id: 'mine', failed: 'it threw' })).toEqual([]);
});

test('a monitor that blocks rejects the report that it stands in', () => {
  const blocking = { id: 'mine', summary: {}, alerts: [{ type: 'worse', severity: 'block', message: 'much worse' }] };
  const { decision } = reportOf({ monitors: [blocking] });
  expect(decision).toMatchObject({ verdict: 'reject', reason: 'monitor "mine" blocks: much worse' });
});
