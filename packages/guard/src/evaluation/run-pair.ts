/**
 * One case by both implementations: which goes first is drawn for each case, so that what drifts on the machine meets both alike.
 */
import { canonicalJson } from '@bulkhead/protocol';
import { createRandom } from '../statistics/random.ts';
import type { Case } from '../task/cases.ts';
import { clipped } from '../task/json.ts';
import type { EvaluationPlan } from './evaluate-options.ts';
import type { EvaluatedPair, EvaluatedSide } from './evaluated-pair.ts';
import type { Quiet } from './quiet.ts';
import { runSide, type SideRun } from './run-side.ts';

/** The two sides of an evaluation. */
export type Role = 'baseline' | 'candidate';

/** What a case's arguments may take of a line. */
const ARGS_CHARACTERS_MAX = 2_000;

/** Runs both, each as often as `repeats` says. */
export async function runPair(plan: EvaluationPlan, quiet: Quiet, one: Case): Promise<EvaluatedPair> {
  const roles = orderOf(plan.seed, one);
  const repeated: Readonly<Record<Role, SideRun[]>> = { baseline: [], candidate: [] };
  for (let repeat = 0; repeat < plan.repeats; repeat += 1) {
    for (const role of roles) repeated[role].push(await runInTime(plan, quiet, { role, one }));
  }
  const baseline = averaged(repeated.baseline);
  const candidate = averaged(repeated.candidate);
  const sides = { baseline, candidate };
  return {
    case_index: one.index,
    case_id: one.id,
    cluster: one.cluster,
    args: clipped(canonicalJson(one.args), ARGS_CHARACTERS_MAX),
    first: roles[0],
    ...sides,
    flaky: roles.toSorted().filter((role) => isFlaky(repeated[role])),
    regression: null,
  };
}

/** Runs one side; one that was too slow is run again with nothing beside it, and that is what counts. `isAlone` runs it so from the start. */
export async function runInTime(
  plan: EvaluationPlan,
  quiet: Quiet,
  { role, one, isAlone = false }: { readonly role: Role; readonly one: Case; readonly isAlone?: boolean },
): Promise<SideRun> {
  plan.signal?.throwIfAborted();
  const run = (): Promise<SideRun> => runSide(plan, plan[role], one);
  if (isAlone) return quiet.alone(run);
  const first = await quiet.beside(run);
  if (!first.isLate) return first;
  const again = await quiet.alone(run);
  const { executions, sandbox_failures } = first.side;
  return {
    ...again,
    side: {
      ...again.side,
      executions: again.side.executions + executions,
      sandbox_failures: again.side.sandbox_failures + sandbox_failures,
    },
  };
}

function orderOf(seed: number, { index }: Case): readonly [Role, Role] {
  return createRandom(`order:${seed}:${index}`).next() < 0.5 ? ['baseline', 'candidate'] : ['candidate', 'baseline'];
}

function isFlaky(runs: readonly SideRun[]): boolean {
  const grades = new Set(runs.map(({ side }) => side.grade).filter((grade) => grade !== 'unrun'));
  return grades.size > 1;
}

const WORST_FIRST: readonly EvaluatedSide['grade'][] = ['unrun', 'failed', 'ungraded', 'passed'];

/** The worst of the repeats stands for all, with the share of them that passed. */
function averaged(runs: readonly SideRun[]): EvaluatedSide {
  const sides = runs.map(({ side }) => side);
  const [first] = sides;
  const worst = WORST_FIRST.map((grade) => sides.find((side) => side.grade === grade)).find(
    (side) => side !== undefined,
  );
  if (first === undefined || worst === undefined) throw new Error('a side is run at least once');
  return {
    ...worst,
    ...{ result: first.result, duration_ms: first.duration_ms, metrics: first.metrics },
    pass_share: sum(sides, (side) => side.pass_share) / sides.length,
    executions: sum(sides, (side) => side.executions),
    sandbox_failures: sum(sides, (side) => side.sandbox_failures),
  };
}

function sum(sides: readonly EvaluatedSide[], of: (side: EvaluatedSide) => number): number {
  return sides.reduce((total, side) => total + of(side), 0);
}
