/**
 * Whether winners of one run take the first program's place: each is a test by an e-value, and e-LOND keeps the chance of letting in one
 * that is no better at the level of the run, however many there are and however they depend.
 */
import type { EvaluatedPair, Verdict } from '@bulkhead/guard';
import { createELond, eProcess } from '@bulkhead/guard/statistics';
import type { Objective } from './objective.ts';

/**
 * What a comparison on fresh cases found: cases where one side alone was better in what the run is after, and guard's verdict.
 *
 * @public
 */
export type PromotionEvidence = {
  readonly better: number;
  readonly same: number;
  readonly worse: number;
  readonly verdict: Verdict;
};

/**
 * A test: its level, its e-value as a natural logarithm, and whether the program takes the place. It does where guard lets it in and the
 * e-value reaches 1 over the level.
 *
 * @public
 */
export type PromotionTest = { readonly level: number; readonly log_e: number; readonly is_promoted: boolean };

/**
 * Makes the tests of one run, in order; `barOf` is the difference above which a program is better, 0 where nobody says.
 *
 * @public
 */
export function createPromotionTests({ alpha, bar = 0 }: { readonly alpha: number; readonly bar?: number }): {
  readonly test: (evidence: PromotionEvidence) => PromotionTest;
} {
  const online = createELond({ alpha });
  return {
    test: ({ better, same, worse, verdict }) => {
      const pairs = better + same + worse;
      const counts = { onlyCandidate: better, same, onlyBaseline: worse };
      const logE = pairs === 0 ? 0 : eProcess(counts, { m: bar, alpha }).logE;
      // Beyond what a double holds it is infinite, which is enough for any level.
      const { rejected, level } = online.test(Math.exp(logE));
      return { level, log_e: logE, is_promoted: rejected && verdict === 'adopt' };
    },
  };
}

/** Counts in how many cases which side was better: passed where the other failed, or, where both passed, faster or of a better metric. */
export function createComparison(objective: Objective, isHigherBetter: (metric: string) => boolean) {
  const counts = { better: 0, same: 0, worse: 0 };
  return {
    add: (pair: EvaluatedPair): void => {
      const sign = signOf(pair, objective, isHigherBetter);
      if (sign === undefined) return;
      if (sign > 0) counts.better += 1;
      else if (sign < 0) counts.worse += 1;
      else counts.same += 1;
    },
    counts: (): Omit<PromotionEvidence, 'verdict'> => ({ ...counts }),
  };
}

/** Undefined where a side could not be judged, for no reason of its own. */
function signOf(
  { baseline, candidate }: EvaluatedPair,
  objective: Objective,
  isHigherBetter: (metric: string) => boolean,
): number | undefined {
  const sides = [baseline, candidate];
  if (sides.some(({ grade }) => grade === 'unrun' || grade === 'ungraded')) return undefined;
  const passed = candidate.pass_share - baseline.pass_share;
  if (passed !== 0 || objective.kind === 'pass_rate' || baseline.pass_share === 0) return passed;
  if (objective.kind === 'speed') return baseline.duration_ms - candidate.duration_ms;
  const [one, other] = sides.map(({ metrics }) => metrics[objective.name] ?? undefined);
  if (one === undefined || other === undefined) return 0;
  return isHigherBetter(objective.name) ? other - one : one - other;
}
