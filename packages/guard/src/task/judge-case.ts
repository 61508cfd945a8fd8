/**
 * Judges one implementation on one case. How it is run is handed in; everything else is a pure function of the task, the case,
 * the seed and what the runs answer.
 *
 *   run the case ─failed─▶ nothing else can be asked
 *   is it a result at all? ─no─▶ nothing else is asked
 *   every property, then every relation with its follow-ups, whatever the ones before have shown
 *
 * Totals for each relation would be too low if the first broken one ended it. What the task's own code does wrong is a fault of the
 * task and never of the implementation.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import type { Case } from './cases.ts';
import { clipped, frozen, type JsonArgs } from './json.ts';
import { judgeRelation } from './judge-relation.ts';
import { judgeProperty, judgeShape } from './judge-property.ts';
import type { Check, CheckState, RunFailure, RunAnswer, TaskFault, Violation } from './judged.ts';
import { shownArgs } from './shown.ts';
import { RESULT_PROPERTY, type Task } from './task.ts';

/**
 * Runs the implementation. It settles with an answer whatever the implementation does; a rejection is passed on to whoever
 * called `judgeCase`. A value that it answers with is frozen.
 *
 * @public
 */
export type RunCase = (args: JsonArgs) => Promise<RunAnswer>;

/**
 * How to judge. `seed` is the run's; `violationsMax` is how many violations are told in full, 25 where not given (X002-5): over a
 * whole run, the caller gives what is left.
 *
 * @public
 */
export type JudgeOptions = { readonly run: RunCase; readonly seed: number; readonly violationsMax?: number };

/**
 * What became of one case with one implementation.
 *
 * `grade` is `passed` where every run succeeded and no hard property and no relation is broken; `ungraded` where the task's own
 * code failed and nothing else was found: such a case counts for nobody. `checks` has every property and then every relation in the task's order.
 * `violations` is cut at `violationsMax`; `violationCount` is not. `followUpCount` counts follow-ups asked for, `runCount` those runs that
 * were not answered from memory, with the first. `value` is undefined where the first run failed; `durationMs` is the first run's.
 *
 * @public
 */
export type JudgedCase = {
  readonly caseId: string;
  readonly caseIndex: number;
  readonly grade: 'passed' | 'failed' | 'ungraded';
  readonly value: JsonValue | undefined;
  readonly durationMs: number;
  readonly checks: readonly Check[];
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly runFailures: readonly RunFailure[];
  readonly faults: readonly TaskFault[];
  readonly followUpCount: number;
  readonly runCount: number;
};

const VIOLATIONS_MAX = 25;

/** One check with all that it brought up. */
type Finding = { readonly check: Omit<Check, 'state'>; readonly state: CheckState };

/**
 * Judges.
 *
 * @public
 */
export async function judgeCase(task: Task, one: Case, options: JudgeOptions): Promise<JudgedCase> {
  const runs = rememberedRuns(options.run);
  const first = await runs.run(one.args);
  const findings = first.ok
    ? await findingsFor(task, { one, out: first.value, seed: options.seed, run: runs.run })
    : checksOf(task).map((check): Finding => ({ check, state: { kind: 'unreached' } }));
  const firstFailure: readonly RunFailure[] = first.ok ? [] : [failureOf(first, one.args)];
  return {
    caseId: one.id,
    caseIndex: one.index,
    value: first.ok ? first.value : undefined,
    durationMs: first.durationMs,
    ...summaryOf(task, findings, firstFailure),
    violations: violationsOf(task, one, findings).slice(0, options.violationsMax ?? VIOLATIONS_MAX),
    // Every call but the first was for a follow-up.
    followUpCount: runs.asked() - 1,
    runCount: runs.made(),
  };
}

async function findingsFor(
  task: Task,
  given: { readonly one: Case; readonly out: JsonValue; readonly seed: number; readonly run: RunCase },
): Promise<readonly Finding[]> {
  const { one, out } = given;
  const shape = { check: SHAPE_CHECK, state: judgeShape(task, out) };
  const checks = checksOf(task);
  if (shape.state.kind !== 'held') {
    return [shape, ...checks.map((check): Finding => ({ check, state: { kind: 'unreached' } }))];
  }
  const states: CheckState[] = task.properties.map((property) => judgeProperty(property, { args: one.args, out }));
  for (const relationIndex of task.relations.keys()) {
    states.push(await judgeRelation(task, relationIndex, given));
  }
  return checks.map((check, index) => ({ check, state: states[index] ?? { kind: 'unreached' } }));
}

const SHAPE_CHECK: Omit<Check, 'state'> = { kind: 'property', name: RESULT_PROPERTY, mode: 'hard' };

function checksOf(task: Task): readonly Omit<Check, 'state'>[] {
  return [
    ...task.properties.map(({ name, mode }) => ({ kind: 'property' as const, name, mode })),
    ...task.relations.map(({ name }) => ({ kind: 'relation' as const, name, mode: 'hard' as const })),
  ];
}

function summaryOf(
  task: Task,
  findings: readonly Finding[],
  firstFailure: readonly RunFailure[],
): Pick<JudgedCase, 'grade' | 'checks' | 'violationCount' | 'runFailures' | 'faults'> {
  const runFailures = [
    ...firstFailure,
    ...findings.flatMap(({ check, state }) =>
      state.kind === 'run_failed' ? [{ ...failureOf(state.answer, state.args), relation: check.name }] : [],
    ),
  ];
  const faults = findings.flatMap(({ check, state }) =>
    state.kind === 'fault'
      ? [{ code: 'TASK_FAULT' as const, kind: check.kind, name: check.name, message: faultText(task, check, state) }]
      : [],
  );
  const isBroken = findings.some(({ check, state }) => state.kind === 'violated' && check.mode === 'hard');
  const blameless = faults.length > 0 ? 'ungraded' : 'passed';
  return {
    grade: isBroken || runFailures.length > 0 ? 'failed' : blameless,
    checks: findings.map(({ check, state }) => ({ ...check, state: state.kind })),
    violationCount: findings.filter(({ state }) => state.kind === 'violated').length,
    runFailures,
    faults,
  };
}

function violationsOf(task: Task, one: Case, findings: readonly Finding[]): readonly Violation[] {
  return findings.flatMap(({ check, state }) =>
    state.kind === 'violated'
      ? [
          {
            ...check,
            message: clipped(state.message),
            args: shownArgs(task, one.args),
            follow_args: state.followArgs.map((args) => shownArgs(task, args)),
          },
        ]
      : [],
  );
}

function failureOf(answer: RunAnswer & { readonly ok: false }, args: JsonArgs): RunFailure {
  const { kind, code, message, durationMs } = answer;
  return {
    relation: null,
    kind,
    code,
    message: clipped(message),
    duration_ms: durationMs,
    args: clipped(canonicalJson(args)),
  };
}

function faultText(
  task: Task,
  { kind, name }: Omit<Check, 'state'>,
  { message }: { readonly message: string },
): string {
  return clipped(`${kind} "${name}" of task "${task.name}" ${message}`);
}

/** Runs each list of arguments once. */
function rememberedRuns(run: RunCase): {
  readonly run: RunCase;
  readonly asked: () => number;
  readonly made: () => number;
} {
  const answers = new Map<string, RunAnswer>();
  let asked = 0;
  return {
    run: async (args) => {
      asked += 1;
      const key = canonicalJson(args);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const answer = await run(args);
      if (answer.ok) frozen(answer.value);
      answers.set(key, answer);
      return answer;
    },
    asked: () => asked,
    made: () => answers.size,
  };
}
