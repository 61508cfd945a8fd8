import { expect, test } from 'vitest';
import { decide } from '../decision/decide.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import { alertsOf, evidenceOf } from './evidence-of.ts';
import { brokenSide, pairOf, reportOf, sideOf, timedOutSide } from './report.fixture.ts';

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

test.each([
  ['a run that failed', sideOf({ ...timedOutSide() })],
  ['an answer that is no result', sideOf({ grade: 'failed', checks: 'uuuu', violation_count: 1 })],
  [
    'an answer at which the code of the task threw',
    sideOf({
      ...{ grade: 'ungraded', checks: 'fhhh' },
      faults: [{ code: 'TASK_FAULT', kind: 'property', name: 'sorted', message: 'out is null' }],
    }),
  ],
])('[X002-8] %s is a violation for the classical gate', (_what, candidate) => {
  const pairs = Array.from({ length: 400 }, (_, index) => pairOf(index, index === 0 ? { candidate } : {}));
  const found = evidenceOf(reportOf({ pairs, regressions: [], monitors: [] }));
  const { verdict, reasons } = decide(found, parsePolicy('classic:min_delta=-0.5'));
  expect(verdict).toBe('reject');
  expect(reasons).toEqual(['Property violations: 1 violations found']);
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
