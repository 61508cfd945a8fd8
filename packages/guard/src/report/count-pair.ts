/**
 * How one case counts: for whom it passed, or for nobody. Whose code failed decides, so that no candidate can make its failures
 * vanish.
 */
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';

/**
 * A case that counts, by which side passed, or one that counts for nobody: `sandbox`, the executor failed on a side; `task_fault`,
 * the task's own code failed on the baseline's answer.
 *
 * @public
 */
export type PairCount =
  | { readonly kind: 'excluded'; readonly reason: 'sandbox' | 'task_fault' }
  | { readonly kind: 'counted'; readonly baseline: boolean; readonly candidate: boolean };

/**
 * Counts a case. A candidate on whose answer the task's code failed has failed where that code had no trouble with the baseline's: it
 * could hide anything behind an answer that makes checks throw.
 *
 * @public
 */
export function countPair({ baseline, candidate }: Pick<EvaluatedPair, 'baseline' | 'candidate'>): PairCount {
  if (baseline.grade === 'unrun' || candidate.grade === 'unrun') return { kind: 'excluded', reason: 'sandbox' };
  if (baseline.grade === 'ungraded') return { kind: 'excluded', reason: 'task_fault' };
  return { kind: 'counted', baseline: baseline.grade === 'passed', candidate: candidate.grade === 'passed' };
}
