/**
 * Looks at what has been taken so far, and says when to end before the last case: the candidate is known, or the policy is decided.
 */
import { createDecider } from '../decision/decide.ts';
import { casesOf, type Evidence } from '../decision/evidence.ts';
import { isLookDue } from '../decision/planned-looks.ts';
import type { Tally } from '../report/summarize.ts';
import type { EvaluationPlan } from './evaluate-options.ts';
import { clipped } from '../task/json.ts';
import { isSlow, isSlowEnd } from './confirm.ts';
import type { EvaluatedPair, EvaluatedSide } from './evaluated-pair.ts';
import type { RegressionCase } from './shrink-regressions.ts';

/** Regressions that are confirmed; after so many a candidate is known well enough, and the evaluation ends. */
export const REGRESSIONS_MAX = 25;
/** The same of those that hang or fill their memory: each of them takes its whole time again and again. */
const HANGS_MAX = 3;

/** Cases at the beginning of which none could be run: nobody is there to run the others. */
const UNRUN_MAX = 5;
/** The same of those that neither side answers: each takes its whole time on both sides, and once more alone. */
const UNANSWERED_MAX = 5;
const WHY_CHARACTERS_MAX = 300;

/** Looks of one evaluation. One owner, which asks after each case. */
export type Looking = {
  /** Why to end; undefined where it goes on. */
  readonly afterCase: (pair: EvaluatedPair, done: number) => string | undefined;
  /** Cases that had counted at each look so far. */
  readonly casesAt: readonly number[];
};

/** Begins to look at what others write. */
export function createLooking(
  plan: EvaluationPlan,
  { tally, regressions }: { readonly tally: Tally; readonly regressions: readonly RegressionCase[] },
): Looking {
  const { policy, cases, mode } = plan;
  const decider = createDecider(policy);
  const casesAt: number[] = [];
  const health = { executions: 0, sandboxFailures: 0 };
  let unrun = 0;
  let unanswered = 0;

  function isDue(done: number): boolean {
    if (mode !== 'sequential' || policy.kind === 'classic') return false;
    const counted = casesOf(tally.table());
    const isNew = counted > 0 && counted !== casesAt.at(-1);
    return isNew && isLookDue(policy.looks, { cases: done, plannedCases: cases.length });
  }

  /** Limits that may still move wait for the end. */
  function interim(): Evidence {
    const kind = policy.kind === 'evidence' ? policy.looks.kind : 'every_pair';
    const isPlanned = kind !== 'every_pair' && kind !== 'adaptive';
    return {
      ...{ cases: tally.table(), clusters: tally.clusters(), alerts: [], isInterim: true, ...health },
      hardRegressions: regressions.map(({ one, broken }) => ({
        ...{ caseId: one.id, kind: broken.kind, broken: broken.name },
      })),
      ...(isPlanned && { looks: { plannedCases: cases.length, casesAt } }),
    };
  }

  return {
    casesAt,
    afterCase: ({ baseline, candidate }, done) => {
      if (baseline.grade === 'unrun' || candidate.grade === 'unrun') unrun += 1;
      if (unrun === done && done >= UNRUN_MAX)
        return `none of the first ${done} cases could be run: ${whyUnrun(baseline, candidate)}`;
      if (isUnanswered(baseline) && isUnanswered(candidate)) unanswered += 1;
      if (unanswered === done && done >= UNANSWERED_MAX)
        return `neither side answered any of the first ${done} cases within its time and memory; give them more where the task needs it`;
      health.executions += baseline.executions + candidate.executions;
      health.sandboxFailures += baseline.sandbox_failures + candidate.sandbox_failures;
      if (regressions.length >= REGRESSIONS_MAX) return `${REGRESSIONS_MAX} regressions were confirmed`;
      const hangs = regressions.filter(({ broken }) => broken.kind === 'run' && isSlowEnd(broken.name)).length;
      if (hangs >= HANGS_MAX)
        return `the candidate ran out of time or memory on ${HANGS_MAX} cases that the baseline answers`;
      if (!isDue(done)) return undefined;
      const isEvery = policy.kind === 'evidence' && policy.looks.kind === 'every_pair';
      if (!isEvery || done === cases.length) casesAt.push(casesOf(tally.table()));
      const { verdict } = decider(interim());
      return verdict === 'inconclusive' ? undefined : `the policy was decided: ${verdict}`;
    },
  };
}

function isUnanswered(side: EvaluatedSide): boolean {
  return side.grade === 'failed' && side.pass_share === 0 && isSlow(side);
}

function whyUnrun({ grade, result }: EvaluatedSide, other: EvaluatedSide): string {
  const { error } = grade === 'unrun' ? result : other.result;
  return typeof error === 'string' ? clipped(error, WHY_CHARACTERS_MAX) : 'the executor does not say why';
}
