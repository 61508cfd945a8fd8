/**
 * Whether a candidate that failed where the baseline passed does so again: both are asked twice more. One that fails every time is a
 * regression, though it be in another way each time; a side that passes at one time and fails at another is flaky, and its failure
 * counts in the rate alone (EVIDENCE 2.9, 2.13).
 */
import type { Case } from '../task/cases.ts';
import type { EvaluationPlan } from './evaluate-options.ts';
import type { EvaluatedPair, EvaluatedSide } from './evaluated-pair.ts';
import type { Quiet } from './quiet.ts';
import { runInTime, type Role } from './run-pair.ts';

/** What a failing side broke: a check of the task, or its runs by the type of their end. */
export type Broken = {
  readonly kind: 'property' | 'relation' | 'run';
  readonly name: string;
  readonly message: string;
};

/** What came of asking again. */
export type Confirmation =
  | { readonly kind: 'regression'; readonly broken: Broken }
  | { readonly kind: 'flaky'; readonly roles: readonly Role[] };

/** Tells whether a case is one to ask again: only the candidate fails it. */
export function isRegressing({ baseline, candidate }: Pick<EvaluatedPair, Role>): boolean {
  return baseline.grade === 'passed' && isFailing(candidate);
}

/** Ends that take a run's whole time, or fill its memory first. */
const SLOW_ENDS: ReadonlySet<string> = new Set(['timeout', 'out_of_memory']);

/** Tells an end of a run that costs as much as a run may. */
export function isSlowEnd(kind: string): boolean {
  return SLOW_ENDS.has(kind);
}

/** Tells a side one of whose runs ended so. */
export function isSlow({ run_failures }: Pick<EvaluatedSide, 'run_failures'>): boolean {
  return run_failures.some(({ kind }) => isSlowEnd(kind));
}

/** Times that each side is asked again (EVIDENCE 2.13: k = 2). */
const AGAIN = 2;

/** Asks again. */
export async function confirmRegression(
  plan: EvaluationPlan,
  quiet: Quiet,
  { one, pair }: { readonly one: Case; readonly pair: EvaluatedPair },
): Promise<Confirmation> {
  const flaky = new Set<Role>();
  const broken = [brokenBy(pair.candidate)];
  for (let again = 0; again < AGAIN && flaky.size === 0; again += 1) {
    // What was late by itself is asked by itself at once, and not among others first.
    const candidate = await runInTime(plan, quiet, { role: 'candidate', one, isAlone: isSlow(pair.candidate) });
    const baseline = await runInTime(plan, quiet, { role: 'baseline', one });
    broken.push(brokenBy(candidate.side));
    if (!isFailing(candidate.side)) flaky.add('candidate');
    if (baseline.side.grade !== 'passed') flaky.add('baseline');
  }
  const told = everyTime(broken);
  return flaky.size > 0 || told === undefined
    ? { kind: 'flaky', roles: [...flaky].toSorted() }
    : { kind: 'regression', broken: told };
}

function isFailing({ grade }: EvaluatedSide): boolean {
  return grade === 'failed' || grade === 'ungraded';
}

/** What was broken every time; where that is nothing, what was broken first: a candidate gains nothing by failing otherwise each time. */
function everyTime([first = [], ...later]: readonly (readonly Broken[])[]): Broken | undefined {
  return first.find((one) => later.every((broken) => broken.some((other) => isSame(one, other)))) ?? first[0];
}

/** All that a side broke: hard properties and relations first, then runs, then checks that threw at what it answered. */
export function brokenBy(side: EvaluatedSide): readonly Broken[] {
  const checks = side.violations
    .filter(({ mode }) => mode === 'hard')
    .map(({ kind, name, message }): Broken => ({ kind, name, message }));
  const runs = side.run_failures.map(({ kind, message }): Broken => ({ kind: 'run', name: kind, message }));
  const faults = side.faults.map(({ kind, name, message }): Broken => ({ kind, name, message }));
  return [...checks, ...runs, ...faults];
}

function isSame(one: Broken, other: Broken): boolean {
  return one.kind === other.kind && one.name === other.name;
}
