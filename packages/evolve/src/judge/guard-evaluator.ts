/**
 * Measures candidates by a task of guard, each in guests of its own that see nothing but the arguments of one case. Cases, properties and
 * scores stay here: no candidate and no prompt sees them, and what a candidate prints or returns is judged and never believed.
 *
 *   write the file ─▶ a few cases, cheap and telling ─too few pass─▶ failed
 *                          └─▶ the others ─▶ share that passes, and the objective where all do
 *
 * Where speed is what counts, candidates are measured one after another, and nothing of one is left when the next begins: else one that
 * keeps the processor busy would make the others slow.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createLocalExecutor,
  judgeCase,
  readMetrics,
  runAnswerOf,
  type Case,
  type Executor,
  type JudgedCase,
  type RunAnswer,
  type Task,
} from '@bulkhead/guard';
import type { Host } from '@bulkhead/host';
import type { JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import type { Evaluated, EvaluationRequest, Evaluator } from '../loop/evaluator.ts';
import { createPlaces } from '../loop/places.ts';
import { scoreOfSpeed, type Objective } from './objective.ts';

/**
 * After so many cases a candidate that has passed fewer than `passes` of them is given up.
 *
 * @public
 */
export type CascadeStage = { readonly cases: number; readonly passes: number };

/**
 * How candidates are measured. `folder` is for their files, which are gone afterwards; `ending` is that of the language, such as `.ts`.
 *
 * @public
 */
export type GuardEvaluatorOptions = {
  readonly host: Pick<Host, 'openHarness'>;
  readonly task: Task;
  readonly cases: readonly Case[];
  readonly entryName: string;
  readonly ending: string;
  readonly folder: string;
  readonly seed: number;
  readonly objective: Objective;
  /** One stage where it is left out: after a tenth of the cases, and at least 3, one must have passed. */
  readonly cascade?: readonly CascadeStage[];
  /** 1 where it is left out. */
  readonly timeoutS?: number;
  /** 128 where it is left out. */
  readonly memMb?: number;
  /** Where candidates run; in guests of the host, where it is left out. */
  readonly runs?: CandidateRuns;
};

/**
 * Where candidates run: an executor for each, and how many of its cases are asked for at once.
 *
 * @public
 */
export type CandidateRuns = { readonly open: () => Executor; readonly casesAtOnce: number };

/** A program with a case that fails is worth the share of those that pass, less 1: always below one that passes them all. */
const FAILS_BELOW = 1;
/** Cases of the stage where no cascade is given: a tenth, and at least this. */
const FIRST_MIN = 3;
const FIRST_SHARE = 0.1;
const KIB = 1024;

/**
 * Makes it. `fitness` of a program that passes every case is 0 and more by its objective, below 0 for any other.
 *
 * @throws {EvolveError} `EVOLVE_INVALID` where there are no cases, the task has no such metric, or speed counts where others than guests of
 *   the host run candidates: whose machine it is, and what else it does, would count as well.
 * @public
 */
export function createGuardEvaluator(options: GuardEvaluatorOptions): Evaluator {
  const { cases, task, objective, runs } = options;
  if (runs !== undefined && objective.kind === 'speed')
    throw new EvolveError(
      'EVOLVE_INVALID',
      'objective is "speed", and workers would run the programs; expected pass_rate or a metric, or no queue: machines differ, and so does what else they do',
    );
  if (cases.length === 0)
    throw new EvolveError('EVOLVE_INVALID', 'there are 0 cases to measure by; expected at least 1');
  if (objective.kind === 'metric') insistOnMetric(task, objective.name);
  if (objective.kind !== 'speed') return { evaluate: (request, signal) => evaluate(options, request, signal) };
  const alone = createPlaces(1);
  return { evaluate: (request, signal) => alone.within(() => evaluate(options, request, signal)) };
}

async function evaluate(
  options: GuardEvaluatorOptions,
  request: EvaluationRequest,
  signal: AbortSignal,
): Promise<Evaluated> {
  const { host, folder, ending, runs } = options;
  const own = join(folder, `${request.id}-${request.measurement}`);
  const file = join(own, `candidate${ending}`);
  const executor = runs?.open() ?? createLocalExecutor({ host });
  try {
    await mkdir(own, { recursive: true });
    await writeFile(file, request.source);
    return await measure(options, { executor, file, signal, isFirst: request.evalIndex === 0 });
  } finally {
    await executor.close?.();
    await rm(own, { recursive: true, force: true });
  }
}

type Measuring = {
  readonly executor: Executor;
  readonly file: string;
  readonly signal: AbortSignal;
  /** The first program is what others are compared with: it is never given up early, however little passes. */
  readonly isFirst: boolean;
};

async function measure(options: GuardEvaluatorOptions, measuring: Measuring): Promise<Evaluated> {
  const { cases, runs } = options;
  const stages = measuring.isFirst ? [] : (options.cascade ?? [{ cases: firstOf(cases), passes: 1 }]);
  const judged: Judged[] = [];
  for (const some of portionsOf(cases, stages, runs?.casesAtOnce ?? 1)) {
    measuring.signal.throwIfAborted();
    judged.push(...(await Promise.all(some.map((one) => judge(options, measuring, one)))));
    const reason = givenUpAt(stages, judged);
    if (reason !== undefined) return { kind: 'failed', reason };
  }
  const [first] = judged;
  if (judged.every(({ hasRun }) => !hasRun)) return { kind: 'failed', reason: first?.reason ?? 'no run ends well' };
  return scoreOf(options, judged);
}

/** Cases that are asked for together: no more than may be, and none beyond the end of a stage. */
function portionsOf(
  cases: readonly Case[],
  stages: readonly CascadeStage[],
  atOnce: number,
): readonly (readonly Case[])[] {
  const portions: (readonly Case[])[] = [];
  for (let at = 0; at < cases.length;) {
    const ends = stages.map((stage) => stage.cases).filter((end) => end > at);
    const end = Math.min(at + atOnce, cases.length, ...ends);
    portions.push(cases.slice(at, end));
    at = end;
  }
  return portions;
}

function firstOf(cases: readonly Case[]): number {
  return Math.max(FIRST_MIN, Math.ceil(cases.length * FIRST_SHARE));
}

function givenUpAt(stages: readonly CascadeStage[], judged: readonly Judged[]): string | undefined {
  const passed = judged.filter(({ isPassed }) => isPassed).length;
  const missed = stages.find(({ cases, passes }) => cases === judged.length && passed < passes);
  if (missed === undefined) return undefined;
  const why = judged.find(({ isPassed }) => !isPassed)?.reason;
  return why ?? `${passed} of the first ${missed.cases} cases pass; expected ${missed.passes}`;
}

type Judged = {
  readonly isPassed: boolean;
  readonly hasRun: boolean;
  readonly reason: string | undefined;
  readonly durationMs: number;
  /** The most of its runs; undefined where none was measured. */
  readonly peakRssBytes: number | undefined;
  readonly metric: number | undefined;
};

async function judge(
  { task, entryName, seed, objective, timeoutS = 1, memMb = 128 }: GuardEvaluatorOptions,
  { executor, file, signal }: Measuring,
  one: Case,
): Promise<Judged> {
  let peakRssBytes: number | undefined;
  const run = async (args: readonly JsonValue[]): Promise<RunAnswer> => {
    const isFollowUp = args !== one.args;
    const ran = await executor.execute(file, entryName, args, timeoutS, memMb, { signal, isFollowUp });
    peakRssBytes = mostOf([peakRssBytes, ran.peak_rss_bytes]);
    return runAnswerOf(ran);
  };
  const judged = await judgeCase(task, one, { run, seed });
  return {
    isPassed: judged.grade === 'passed',
    hasRun: judged.runFailures.length === 0,
    reason: reasonOf(judged),
    durationMs: judged.durationMs,
    peakRssBytes,
    metric: objective.kind === 'metric' ? metricOf(task, { one, judged, seed, name: objective.name }) : undefined,
  };
}

function scoreOf({ objective, task }: GuardEvaluatorOptions, judged: readonly Judged[]): Evaluated {
  const passed = judged.filter(({ isPassed }) => isPassed).length;
  const share = passed / judged.length;
  const speed = medianOf(judged.map(({ durationMs }) => durationMs));
  return {
    kind: 'measured',
    values: [share < 1 ? share - FAILS_BELOW : gainOf(objective, task, { judged, speed })],
    cases: judged.map(({ isPassed }) => Number(isPassed)),
    // The metric as the task measures it, for people: what a search ranks by is its place among all numbers.
    measures: { ...metricMeasure(objective, judged), ...memoryMeasure(judged), speed_ms: speed, pass_rate: share },
  };
}

/** KiB that the process of a guest held at most, over all runs; Node itself is in it, which is some 45 MiB. */
function memoryMeasure(judged: readonly Judged[]): Readonly<Record<string, number>> {
  const peakRssBytes = mostOf(judged.map((one) => one.peakRssBytes));
  return peakRssBytes === undefined ? {} : { memory_kb: Math.ceil(peakRssBytes / KIB) };
}

function mostOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Of a program that passes every case: higher is better, and never below 0. */
function gainOf(
  objective: Objective,
  task: Task,
  { judged, speed }: { readonly judged: readonly Judged[]; readonly speed: number },
): number {
  if (objective.kind === 'pass_rate') return 0;
  if (objective.kind === 'speed') return scoreOfSpeed(speed);
  const mean = meanMetric(judged) ?? 0;
  const isHigher = task.metrics.find(({ name }) => name === objective.name)?.higherIsBetter ?? true;
  // Any number to one above 0, in its order.
  return 0.5 + Math.atan(isHigher ? mean : -mean) / Math.PI;
}

function metricMeasure(objective: Objective, judged: readonly Judged[]): Readonly<Record<string, number>> {
  const mean = objective.kind === 'metric' ? meanMetric(judged) : undefined;
  return objective.kind === 'metric' && mean !== undefined ? { [objective.name]: mean } : {};
}

/** Over the cases that have one; undefined where none has. */
function meanMetric(judged: readonly Judged[]): number | undefined {
  const values = judged.flatMap(({ metric }) => metric ?? []);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function metricOf(
  task: Task,
  {
    one,
    judged,
    seed,
    name,
  }: { readonly one: Case; readonly judged: JudgedCase; readonly seed: number; readonly name: string },
): number | undefined {
  if (judged.value === undefined) return undefined;
  const reading = readMetrics(task, { one, out: judged.value, seed }).find((each) => each.name === name);
  return reading?.kind === 'value' ? reading.value : undefined;
}

function reasonOf({ runFailures, violations }: JudgedCase): string | undefined {
  const [failure] = runFailures;
  if (failure !== undefined) return `${failure.code}: ${failure.message}`;
  const [violation] = violations;
  return violation === undefined ? undefined : `${violation.kind} "${violation.name}": ${violation.message}`;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? 0) + (high ?? 0)) / 2;
}

function insistOnMetric({ name: task, metrics }: Task, name: string): void {
  if (metrics.some((metric) => metric.name === name)) return;
  const known = metrics.length === 0 ? 'it has none' : `it has ${metrics.map((metric) => metric.name).join(', ')}`;
  throw new EvolveError(
    'EVOLVE_INVALID',
    `task "${task}" has no metric ${JSON.stringify(name.slice(0, 80))}; ${known}`,
  );
}
