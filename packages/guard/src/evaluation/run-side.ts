/**
 * One implementation over one case: the runs that the task asks for, by its executor, and what the task says of them.
 *
 * A run that ended for no reason of the implementation is tried again. Where that does not help, the side is `unrun`: the case says
 * nothing of anybody.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { canonicalJson } from '@bulkhead/protocol';
import { blamesExecutor, type Execution } from '../executors/executor.ts';
import { runAnswerOf } from '../executors/run-answer.ts';
import type { Case } from '../task/cases.ts';
import { judgeCase, type JudgedCase } from '../task/judge-case.ts';
import type { Check, RunAnswer } from '../task/judged.ts';
import { readMetrics } from '../task/read-metrics.ts';
import type { JsonArgs } from '../task/json.ts';
import type { Task } from '../task/task.ts';
import type { EvaluationPlan, Implementation } from './evaluate-options.ts';
import type { EvaluatedSide } from './evaluated-pair.ts';

/** The side, and whether one of its runs ended by time, which counts only when it does so again with nothing beside it. */
export type SideRun = { readonly side: EvaluatedSide; readonly isLate: boolean };

/** What a side is run with. */
export type SidePlan = Pick<EvaluationPlan, 'task' | 'seed' | 'func' | 'timeoutS' | 'memMb' | 'signal'>;

/** Times that a run is tried where the executor is to blame. */
const ATTEMPTS_MAX = 3;
/** A longer result is not kept: its checks have been asked. */
const RESULT_CHARACTERS_MAX = 65_536;

/** Runs it. */
export async function runSide(plan: SidePlan, implementation: Implementation, one: Case): Promise<SideRun> {
  const runs = createRuns(plan, implementation);
  const judged = await judgeOrUndefined(plan, one, runs.run);
  const first = runs.first();
  const side: EvaluatedSide = {
    ...(judged === undefined ? UNRUN : sideOf(plan.task, judged)),
    result: first === undefined ? {} : resultOf(plan.task, one, first),
    duration_ms: first?.duration_ms ?? 0,
    executions: runs.executions(),
    sandbox_failures: runs.sandboxFailures(),
    metrics: judged?.value === undefined ? {} : metricsOf(plan, one, judged.value),
  };
  return { side, isLate: runs.isLate() };
}

/** Ends the judging of a case whose runs cannot be had. */
class UnrunError extends Error {}

async function judgeOrUndefined(
  { task, seed, signal }: SidePlan,
  one: Case,
  run: (args: JsonArgs) => Promise<RunAnswer>,
): Promise<JudgedCase | undefined> {
  try {
    return await judgeCase(task, one, { run, seed });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UnrunError) return undefined;
    throw error;
  }
}

type Runs = {
  readonly run: (args: JsonArgs) => Promise<RunAnswer>;
  readonly first: () => Execution | undefined;
  readonly executions: () => number;
  readonly sandboxFailures: () => number;
  readonly isLate: () => boolean;
};

function createRuns({ func, timeoutS, memMb, signal }: SidePlan, { executor, filePath }: Implementation): Runs {
  let first: Execution | undefined;
  let executions = 0;
  let sandboxFailures = 0;
  let isLate = false;
  const attempt = async (args: JsonArgs, isFollowUp: boolean): Promise<Execution> => {
    executions += 1;
    const execution = await executor.execute(filePath, func, args, timeoutS, memMb, { signal, isFollowUp });
    if (isBlameless(execution)) sandboxFailures += 1;
    return execution;
  };
  const run = async (args: JsonArgs): Promise<RunAnswer> => {
    const isFollowUp = first !== undefined; // The first run of a case is its own.
    for (let tried = 1; ; tried += 1) {
      const execution = await attempt(args, isFollowUp);
      first ??= execution;
      if (!isBlameless(execution)) {
        isLate ||= execution.error_type === 'timeout';
        return runAnswerOf(execution);
      }
      if (tried === ATTEMPTS_MAX || signal?.aborted === true) throw new UnrunError(execution.error);
      if (first === execution) first = undefined;
    }
  };
  return {
    run,
    first: () => first,
    executions: () => executions,
    sandboxFailures: () => sandboxFailures,
    isLate: () => isLate,
  };
}

function isBlameless({ success, error_type: type }: Execution): boolean {
  return !success && blamesExecutor(type);
}

type Judged = Omit<EvaluatedSide, 'result' | 'duration_ms' | 'executions' | 'sandbox_failures' | 'metrics'>;

const UNRUN: Judged = {
  ...{ grade: 'unrun', pass_share: 0, checks: '', violations: [], violation_count: 0, run_failures: [], faults: [] },
};

function sideOf(task: Task, judged: JudgedCase): Judged {
  const { grade, checks, violations, violationCount, runFailures, faults } = judged;
  // A value that is no result at all brings a check of its own to the front, which is told among the violations.
  const extra = checks.length - task.properties.length - task.relations.length;
  return {
    grade,
    pass_share: grade === 'passed' ? 1 : 0,
    checks: checks.slice(extra).map(letterOf).join(''),
    ...{ violations, violation_count: violationCount, run_failures: runFailures, faults },
  };
}

const LETTERS: Readonly<Record<Check['state'], string>> = {
  held: 'h',
  violated: 'v',
  skipped: 's',
  unreached: 'u',
  run_failed: 'r',
  fault: 'f',
};

function letterOf({ state }: Check): string {
  return LETTERS[state];
}

/** What monitors are told: the answer of the executor, the group of the case, and nothing that was printed. */
function resultOf(task: Task, one: Case, { stdout, stderr, ...execution }: Execution): JsonObject {
  void [stdout, stderr];
  const { result } = execution;
  const group = result === undefined ? undefined : groupOf(task, one, result);
  const isLong = result !== undefined && canonicalJson(result).length > RESULT_CHARACTERS_MAX;
  return { ...execution, ...(isLong && { result: 'too long to keep' }), ...(group !== undefined && { group }) };
}

function groupOf(task: Task, one: Case, result: JsonValue): string | undefined {
  try {
    const group = task.isResult(result) ? task.group(one.args, result) : undefined;
    return typeof group === 'string' ? group : undefined;
  } catch {
    return undefined; // A case without a group is counted by the monitor of fairness, and left out.
  }
}

function metricsOf({ task, seed }: SidePlan, one: Case, out: JsonValue): Readonly<Record<string, number | null>> {
  const readings = readMetrics(task, { one, out, seed });
  return Object.fromEntries(readings.map((reading) => [reading.name, reading.kind === 'value' ? reading.value : null]));
}
