/**
 * Winners of a search are its luckiest programs (E12): how often one that is no better is promoted, by its score and by fresh cases.
 */
import type { EvaluatedPair, EvaluatedSide } from '@bulkhead/guard';
import { createRandom, type Random } from '@bulkhead/guard/statistics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createComparison, createPromotionTests, type PromotionEvidence } from './decide-promotion.ts';

const RATE = 0.8;

function passes(random: Random, cases: number, rate: number): readonly boolean[] {
  return Array.from({ length: cases }, () => random.next() < rate);
}

function countOf(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length;
}

function evidenceOf(first: readonly boolean[], winner: readonly boolean[]): PromotionEvidence {
  const better = winner.filter((isPassed, at) => isPassed && first[at] === false).length;
  const worse = winner.filter((isPassed, at) => !isPassed && first[at] === true).length;
  return { better, worse, same: first.length - better - worse, verdict: 'adopt' };
}

test('[E12] of 200 children that are no better, the luckiest is promoted in at most 2.5 % of runs, and by its score in most', () => {
  const [runs, children, searchCases, freshCases, tries] = [400, 200, 40, 120, 3];
  let [naive, promoted] = [0, 0];
  for (let run = 0; run < runs; run += 1) {
    const random = createRandom(`null ${run}`);
    const firstScore = countOf(passes(random, searchCases, RATE));
    const scores = Array.from({ length: children }, () => countOf(passes(random, searchCases, RATE)));
    if (Math.max(...scores) > firstScore) naive += 1;
    const { test: promote } = createPromotionTests({ alpha: 0.025 });
    // What a winner scored in the search says nothing of fresh cases: each is as good as the first program.
    const tested = Array.from({ length: tries }, () =>
      promote(evidenceOf(passes(random, freshCases, RATE), passes(random, freshCases, RATE))),
    );
    if (tested.some(({ is_promoted }) => is_promoted)) promoted += 1;
  }
  expect(naive / runs).toBeGreaterThan(0.5);
  expect(promoted / runs).toBeLessThanOrEqual(0.025);
});

test('a program that is better is promoted, at the first try or at a later one', () => {
  const random = createRandom('better');
  const better = evidenceOf(passes(random, 200, 0.6), passes(random, 200, 0.95));
  const { test: promote } = createPromotionTests({ alpha: 0.025 });
  expect(promote({ better: 3, same: 90, worse: 3, verdict: 'adopt' }).is_promoted).toBe(false);
  expect(promote(better)).toMatchObject({ is_promoted: true, log_e: expect.any(Number) });
});

test('whatever the evidence, nothing is promoted that guard does not let in, and each try needs more than the one before', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), fc.nat(300), (better, same, worse) => {
      const { test: promote } = createPromotionTests({ alpha: 0.025 });
      const refused = promote({ better, same, worse, verdict: 'inconclusive' });
      expect(refused.is_promoted).toBe(false);
      const { test: again } = createPromotionTests({ alpha: 0.025 });
      const levels = [1, 2, 3].map(() => again({ better: 0, same: 1, worse: 0, verdict: 'reject' }).level);
      expect(levels.toSorted((one, other) => other - one)).toEqual(levels);
    }),
  );
});

function sideOf(fields: Partial<EvaluatedSide>): EvaluatedSide {
  const nothing = { result: {}, checks: '', violations: [], violation_count: 0, run_failures: [], faults: [] };
  const counts = { executions: 1, sandbox_failures: 0, metrics: {}, duration_ms: 1 };
  return { grade: 'passed', pass_share: 1, ...nothing, ...counts, ...fields };
}

function pairOf(baseline: Partial<EvaluatedSide>, candidate: Partial<EvaluatedSide>): EvaluatedPair {
  const about = { case_index: 0, case_id: 'c', cluster: 'c', args: '[]', first: 'baseline', flaky: [] } as const;
  return { ...about, baseline: sideOf(baseline), candidate: sideOf(candidate), regression: null };
}

test('a case is for the side that alone passed; where both did, for the faster one or that of the better metric', () => {
  const failed = { grade: 'failed', pass_share: 0 } as const;
  const fast = pairOf({ duration_ms: 9 }, { duration_ms: 3 });
  const speed = createComparison({ kind: 'speed' }, () => true);
  for (const pair of [fast, pairOf(failed, {}), pairOf({}, { ...failed, duration_ms: 0 }), pairOf(failed, failed)])
    speed.add(pair);
  speed.add(pairOf({ grade: 'unrun' }, {}));
  expect(speed.counts()).toEqual({ better: 2, same: 1, worse: 1 });
  const rate = createComparison({ kind: 'pass_rate' }, () => true);
  rate.add(fast);
  expect(rate.counts()).toEqual({ better: 0, same: 1, worse: 0 });
  const metric = createComparison({ kind: 'metric', name: 'loss' }, () => false);
  metric.add(pairOf({ metrics: { loss: 5 } }, { metrics: { loss: 2 } }));
  metric.add(pairOf({ metrics: { loss: 5 } }, { metrics: { loss: null } }));
  expect(metric.counts()).toEqual({ better: 1, same: 1, worse: 0 });
});
