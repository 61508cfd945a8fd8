/**
 * Makes cases of regressions small, so that what a person reads holds nothing that the regression does not need: the candidate still breaks the
 * same, and the baseline still passes.
 */
import { canonicalJson } from '@bulkhead/protocol';
import type { Case } from '../task/cases.ts';
import { clipped, type JsonArgs } from '../task/json.ts';
import { shrinkCase } from '../task/shrink.ts';
import { brokenBy, type Broken } from './confirm.ts';
import type { EvaluationPlan } from './evaluate-options.ts';
import { runSide } from './run-side.ts';

/** Regressions that are made small; one is what most people read. */
const SHRUNK_MAX = 3;
/** Of all of them together (EVIDENCE 1a). */
const RUNS_MAX = 500;
/** Of what the runs took, in milliseconds: one that hangs is not asked 500 times. */
const SPENT_MS_MAX = 10_000;

/** A regression with its case. */
export type RegressionCase = { readonly one: Case; readonly broken: Broken };

/** Canonical JSON of the smaller arguments of the first few, in their order; undefined where none was found. */
export async function shrinkRegressions(
  plan: EvaluationPlan,
  regressions: readonly RegressionCase[],
): Promise<readonly (string | undefined)[]> {
  let runsLeft = RUNS_MAX;
  let spentMs = 0;
  const smallest: (string | undefined)[] = [];
  for (const { one, broken } of regressions.slice(0, SHRUNK_MAX)) {
    const stillFails = async (args: JsonArgs): Promise<boolean> => {
      plan.signal?.throwIfAborted();
      if (spentMs > SPENT_MS_MAX) return false;
      const smaller = { ...one, args };
      const candidate = await runSide(plan, plan.candidate, smaller);
      spentMs += candidate.side.duration_ms;
      const isSame = brokenBy(candidate.side).some(({ kind, name }) => kind === broken.kind && name === broken.name);
      return isSame && (await runSide(plan, plan.baseline, smaller)).side.grade === 'passed';
    };
    const shrunk = await shrinkCase(plan.task, one, { stillFails, seed: plan.seed, runsMax: runsLeft });
    runsLeft = Math.max(0, runsLeft - shrunk.runs);
    smallest.push(shrunk.steps > 0 ? clipped(canonicalJson(shrunk.args)) : undefined);
    if (runsLeft === 0) break;
  }
  return smallest;
}
