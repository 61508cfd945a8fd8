import fc from 'fast-check';
import { expect, test } from 'vitest';
import { casesOf } from '../decision/evidence.ts';
import { mcnemar } from '../statistics/proportions/mcnemar.ts';
import { noFailureBound, wilsonInterval } from '../statistics/proportions/proportions.ts';
import { TOP_K } from '../task/tasks/top-k.ts';
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { brokenSide, FACTS, pairOf, pairsOf, RANDOM_PAIRS, sideOf, timedOutSide } from './report.fixture.ts';
import { createTally, type TallyTotals } from './summarize.ts';
import { factsOfTask } from './task-facts.ts';

function totalsOf(pairs: readonly EvaluatedPair[]): TallyTotals {
  const tally = createTally(FACTS);
  for (const pair of pairs) tally.take(pair);
  return tally.totals();
}

test('cases fall into the four cells, each by whom it passed [X002-16]', () => {
  const { pairs, baseline, candidate, delta_pass_rate } = totalsOf([
    pairOf(0),
    pairOf(1),
    pairOf(2, { candidate: brokenSide() }),
    pairOf(3, { baseline: brokenSide() }),
    pairOf(4, { baseline: brokenSide(), candidate: brokenSide() }),
    pairOf(5, { candidate: timedOutSide() }),
  ]);
  expect(pairs).toMatchObject({ both: 2, only_baseline: 2, only_candidate: 1, neither: 1 });
  expect([baseline.passes, candidate.passes, baseline.total]).toEqual([4, 3, 6]);
  expect(delta_pass_rate).toBeCloseTo(-1 / 6, 15);
  expect(baseline.pass_interval).toEqual(wilsonInterval(4, 6));
  expect(candidate.run_failures).toEqual({ timeout: 1 });
});

test('a side that the executor failed leaves the case out, as does a fault of the task on the baseline', () => {
  const ungraded = sideOf({ grade: 'ungraded', checks: 'fhhh' });
  const { pairs, baseline } = totalsOf([
    pairOf(0, { candidate: sideOf({ grade: 'unrun', executions: 4, sandbox_failures: 4 }) }),
    pairOf(1, { baseline: sideOf({ grade: 'unrun' }), candidate: brokenSide() }),
    pairOf(2, { baseline: ungraded, candidate: ungraded }),
    pairOf(3),
  ]);
  expect(pairs.excluded).toEqual({ sandbox: 2, task_fault: 1 });
  expect(baseline.total).toBe(1);
});

test('a candidate cannot hide a failure by making the task throw: where the baseline was graded, it failed', () => {
  const fault = { code: 'TASK_FAULT', kind: 'property', name: 'sorted', message: 'out is null' } as const;
  const { pairs, flips, faults } = totalsOf([
    pairOf(0, { candidate: sideOf({ grade: 'ungraded', checks: 'fhhh', faults: [fault] }) }),
  ]);
  expect(pairs).toMatchObject({ only_baseline: 1, excluded: { sandbox: 0, task_fault: 0 } });
  expect(flips).toMatchObject([{ kind: 'pass_to_fail', broken: ['sorted'] }]);
  expect(faults).toEqual(['property "sorted": out is null']);
});

test('an answer that is no result is a broken property, named in the flip and counted, though no other was asked', () => {
  const noResult = sideOf({ grade: 'failed', checks: 'uuuu', violation_count: 1 });
  const { candidate, flips } = totalsOf([pairOf(0, { candidate: noResult })]);
  expect(candidate.prop_violations).toBe(1);
  expect(flips).toMatchObject([{ kind: 'pass_to_fail', broken: ['is_result'] }]);
});

test('why cases could not be run is told, each reason once', () => {
  const absent = { success: false, error: 'no package "left-pad": npm install left-pad', error_type: 'unavailable' };
  const { faults } = totalsOf([
    ...[0, 1].map((index) => pairOf(index, { candidate: sideOf({ grade: 'unrun', result: absent }) })),
    pairOf(2, { baseline: sideOf({ grade: 'unrun', result: {} }) }),
  ]);
  expect(faults).toEqual([
    'candidate could not be run: no package "left-pad": npm install left-pad',
    'baseline could not be run: the executor does not say why',
  ]);
});

test('executions of cases that do not count are counted all the same: they tell of the sandbox', () => {
  const { candidate } = totalsOf([
    pairOf(0, { candidate: sideOf({ grade: 'unrun', executions: 4, sandbox_failures: 4 }) }),
    pairOf(1),
  ]);
  expect(candidate).toMatchObject({ executions: 7, sandbox_failures: 4, total: 1 });
});

test('where nothing failed the bound on failures stands beside the rate, and no interval has width zero', () => {
  const totals = totalsOf(Array.from({ length: 59 }, (_, index) => pairOf(index)));
  expect(totals.baseline.pass_rate).toBe(1);
  expect(totals.baseline.failure_bound).toBe(noFailureBound(59));
  expect(totals.baseline.failure_bound).toBeCloseTo(0.0495, 4);
  const intervals = [
    totals.baseline.pass_interval,
    totals.delta_ci,
    totals.statistics.newcombe_paired,
    totals.statistics.bonett_price,
  ];
  for (const interval of intervals) expect(interval?.[1]).toBeGreaterThan(interval?.[0] ?? Infinity);
  expect(totals.statistics).toMatchObject({
    recommended_n: null,
    minimum_detectable_difference: null,
    mcnemar_mid_p: 1,
  });
  expect(totals.metrics.map(({ delta_ci }) => delta_ci)).toEqual([null, null]);
});

test('without a case that counts every figure is null', () => {
  const { delta_pass_rate, delta_ci, relative_risk, statistics, baseline, timing } = totalsOf([]);
  expect([delta_pass_rate, delta_ci, relative_risk, baseline.pass_rate, baseline.pass_interval]).toEqual(
    Array(5).fill(null),
  );
  expect(Object.values(statistics)).toEqual(Array(6).fill(null));
  expect(timing.baseline).toEqual({
    p50_ms: null,
    p95_ms: null,
    p99_ms: null,
    histogram: { bounds_ms: [], counts: [] },
  });
});

test('flips from pass to fail stand first, and of many a hundred are kept and all are counted', () => {
  const { flips, flip_count } = totalsOf([
    ...Array.from({ length: 90 }, (_, index) => pairOf(index, { baseline: brokenSide() })),
    ...Array.from({ length: 30 }, (_, index) => pairOf(90 + index, { candidate: timedOutSide() })),
  ]);
  expect(flip_count).toBe(120);
  expect(flips).toHaveLength(100);
  expect(flips.slice(0, 31).map(({ kind }) => kind)).toEqual([...Array(30).fill('pass_to_fail'), 'fail_to_pass']);
  expect(flips[0]).toEqual({
    case_id: 'case-00090',
    case_index: 90,
    kind: 'pass_to_fail',
    broken: ['timeout'],
    args: '[[90,3,1]]',
    baseline: '[1,2,3]',
    candidate: 'timeout: it took longer than 2 s',
  });
});

test('each check has its counts, McNemar’s mid-p and a q over those that were asked', () => {
  const pairs = [
    ...Array.from({ length: 12 }, (_, index) =>
      pairOf(index, { candidate: sideOf({ grade: 'failed', checks: 'vvsh' }) }),
    ),
    ...Array.from({ length: 20 }, (_, index) => pairOf(12 + index, { candidate: sideOf({ checks: 'hhsh' }) })),
  ];
  const [sorted, short, permute, scale] = totalsOf(pairs).relation_coverage;
  expect(sorted).toMatchObject({ name: 'sorted', baseline: { held: 32 }, candidate: { held: 20, violated: 12 } });
  const { midP } = mcnemar({ onlyCandidate: 0, onlyBaseline: 12 });
  expect(sorted?.p).toBe(midP);
  // Three were asked, two of them with the same p.
  expect([sorted?.q, short?.q]).toEqual([midP * 1.5, midP * 1.5]);
  expect(permute).toMatchObject({ category: 'order', candidate: { skipped: 32, held: 0 }, p: null, q: null });
  expect(scale).toMatchObject({ p: 1, q: 1 });
});

test('hard properties, relations and soft properties are counted apart', () => {
  const { candidate } = totalsOf([pairOf(0, { candidate: sideOf({ grade: 'failed', checks: 'vvvv' }) })]);
  expect(candidate).toMatchObject({ prop_violations: 1, soft_violations: 1, mr_violations: 2 });
});

test('a metric is compared where both sides have it, as mean or sum, with an interval that its seed fixes', () => {
  const pairs = [...pairsOf(200), pairOf(200, { candidate: sideOf({ metrics: { score: null, tokens: 5 } }) })];
  const [score, tokens] = totalsOf(pairs).metrics;
  expect(score?.n).toBe(200);
  expect(tokens?.n).toBe(201);
  expect(score?.delta).toBeCloseTo((score?.candidate ?? 0) - (score?.baseline ?? 0), 12);
  expect(tokens?.delta).toBeCloseTo((tokens?.candidate ?? 0) - (tokens?.baseline ?? 0), 6);
  expect(tokens?.delta_ci?.[0]).toBeLessThan(tokens?.delta ?? 0);
  expect(tokens?.delta_ci?.[1]).toBeGreaterThan(tokens?.delta ?? 0);
  expect(totalsOf(pairs).metrics).toEqual([score, tokens]);
});

test('times of both sides share one logarithmic axis of 64 steps', () => {
  const { baseline, candidate } = totalsOf(pairsOf(300)).timing;
  const { bounds_ms, counts } = baseline.histogram;
  expect(candidate.histogram.bounds_ms).toEqual(bounds_ms);
  expect([bounds_ms.length, counts.length]).toEqual([65, 64]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
  const factors = bounds_ms.slice(1).map((bound, at) => bound / (bounds_ms[at] ?? 1));
  for (const factor of factors) expect(factor).toBeCloseTo(factors[0] ?? 0, 10);
  expect(baseline.p50_ms).toBeLessThan(baseline.p95_ms ?? 0);
  expect(candidate.p50_ms).toBeGreaterThan(baseline.p50_ms ?? Infinity);
});

test('cases that share clusters have an interval that allows for it', () => {
  const pairs = Array.from({ length: 60 }, (_, index) =>
    pairOf(index, { cluster: `c${index % 20}`, candidate: index % 20 === 0 ? brokenSide() : sideOf() }),
  );
  const { clusters } = totalsOf(pairs).statistics;
  expect(clusters?.count).toBe(20);
  expect(clusters?.interval?.[0]).toBeLessThan(-0.05);
  expect(totalsOf(pairsOf(60)).statistics.clusters).toBeNull();
  expect(totalsOf(pairs.map((pair) => ({ ...pair, candidate: sideOf() }))).statistics.clusters).toEqual({
    count: 20,
    interval: null,
    differences: [[0, 20]],
  });
});

test('whatever cases come, each counts once and totals agree with the table', () => {
  fc.assert(
    fc.property(RANDOM_PAIRS, (pairs) => {
      const tally = createTally(FACTS);
      for (const pair of pairs) tally.take(pair);
      const totals = tally.totals();
      const { both, only_candidate, only_baseline, excluded } = totals.pairs;
      const left = Object.values(excluded).reduce((sum, count) => sum + count, 0);
      expect(casesOf(tally.table()) + left).toBe(pairs.length);
      expect(totals.candidate.passes).toBe(both + only_candidate);
      expect(totals.baseline.passes).toBe(both + only_baseline);
      expect(totals.flip_count).toBe(only_candidate + only_baseline);
      for (const { baseline, candidate } of totals.relation_coverage) {
        for (const counts of [baseline, candidate])
          expect(counts.held + counts.violated + counts.skipped + counts.unasked).toBe(totals.baseline.total);
      }
      expect(JSON.parse(JSON.stringify(totals))).toEqual(totals);
    }),
    { numRuns: 60 },
  );
});

test('the facts of a task name its checks and metrics in its order', () => {
  const facts = factsOfTask(TOP_K, { seed: 3, margin: 0.02 });
  const names = [...TOP_K.properties, ...TOP_K.relations].map(({ name }) => name);
  expect(facts.checks.map(({ name }) => name)).toEqual(names);
  expect(facts.checks.filter(({ kind }) => kind === 'relation').every(({ mode }) => mode === 'hard')).toBe(true);
});

test('10,000 cases leave far less than 50 MB behind', () => {
  const tally = createTally(FACTS);
  const before = process.memoryUsage();
  const pairs = pairsOf(100);
  for (let index = 0; index < 10_000; index += 1)
    tally.take({ ...(pairs[index % 100] ?? pairOf(0)), cluster: `case-${index}` });
  const after = process.memoryUsage();
  const totals = tally.totals();
  expect(totals.baseline.total).toBe(10_000);
  expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(50_000_000);
});
