/**
 * An evaluation: candidate and baseline over the same cases, and what the policy says of it.
 *
 *   plan ─▶ begin, or go on ─▶ run pairs side by side, take them in order ─▶ shrink regressions ─▶ ask monitors ─▶ decide ─▶ report
 *
 * E1: cases are taken in their order, so that the same seed gives the same report but for times, whatever ran at once.
 * E2: nothing that an implementation or a monitor does makes it reject; a task, a policy or a file that is wrong does.
 */
import { decide } from '../decision/decide.ts';
import { GuardError } from '../guard-error.ts';
import { createMonitorRunner, type MonitorReport, type MonitorRunner } from '../monitors/monitor-runner.ts';
import { redactReport } from '../report/redact.ts';
import type { Report } from '../report/report.ts';
import { generateCases, type Case } from '../task/cases.ts';
import { createCommitting, type Committing } from './commit-pairs.ts';
import { isRegressing, isSlow } from './confirm.ts';
import { planOf, sha256, type EvaluateRequest, type EvaluationClock, type EvaluationPlan } from './evaluate-options.ts';
import type { EvaluatedPair } from './evaluated-pair.ts';
import { fingerprintOf } from './fingerprint.ts';
import { createHoldBack, type HoldBack } from './hold-back.ts';
import { inOrder } from './in-order.ts';
import { CASES_KIND, type JournalHead } from './case-journal.ts';
import { createQuiet, type Quiet } from './quiet.ts';
import { assembleReport, type Ending } from './assemble-report.ts';
import { runPair } from './run-pair.ts';
import { shrinkRegressions } from './shrink-regressions.ts';

/**
 * Evaluates.
 *
 * @returns The report. What an implementation does wrong stands in it.
 * @throws {GuardError} `EVALUATION_INVALID`, `CASES_INVALID`, `TASK_FAULT` where cases cannot be made, `RESUME_MISMATCH`, and
 *   `EVALUATION_CANCELLED` once its signal has fired; cases that were kept by then are there to go on from.
 * @remarks Executors and the journal are closed by whoever opened them. Memory does not grow with the number of cases but for their
 *   arguments and a number for each.
 * @see EVIDENCE 2.13; X002-4.
 * @public
 */
export async function evaluate(request: EvaluateRequest, clock: EvaluationClock): Promise<Report> {
  const startedAt = { now: clock.now(), wallTime: clock.wallTime() };
  const plan = planOf(request, ({ n, seed }) => generateCases(request.task, { n, seed }));
  const head = headOf(plan);
  const quiet = createQuiet();
  const monitors = createMonitorRunner(plan.monitors, { startTimer: clock.startTimer });
  await monitors.start({ task: plan.task.name, total_cases: plan.cases.length });
  const committing = createCommitting(plan, { quiet, monitors, head });
  await cancellable(plan, () => runCases(plan, { quiet, committing, head }));
  const smallest = await cancellable(plan, () => shrinkRegressions(plan, committing.regressions));
  const reports = await finalReports(committing, monitors);
  const ending: Ending = {
    ...{ taken: committing, smallest, monitors: reports, head },
    startedWall: startedAt.wallTime,
    durationMs: clock.now() - startedAt.now,
  };
  return redactReport(assembleReport(plan, ending, decide), plan.redact);
}

/** Everything that the result of a case depends on. */
function headOf(plan: EvaluationPlan): JournalHead {
  const { task, seed, cases, func, timeoutS, memMb, repeats, baseline, candidate } = plan;
  return {
    kind: CASES_KIND,
    schema_version: 1,
    ...{ task: task.name, spec_fingerprint: fingerprintOf(task) },
    ...{ n: cases.length, seed, func, timeout_s: timeoutS, mem_mb: memMb, repeats },
    cases_sha256: sha256(cases.map(({ id }) => id).join('\n')),
    hashes: { baseline: sha256(baseline.text), candidate: sha256(candidate.text) },
    executor: { baseline: baseline.executorName, candidate: candidate.executorName },
  };
}

type Running = { readonly quiet: Quiet; readonly committing: Committing; readonly head: JournalHead };

async function runCases(plan: EvaluationPlan, { quiet, committing, head }: Running): Promise<void> {
  const { cases, parallel } = plan;
  if ((await recallCases(plan, committing, head)) === 'go_on') {
    const holdBack = createHoldBack();
    await inOrder(cases.slice(committing.done()), {
      atOnce: parallel,
      work: (one) => endingOnError(holdBack, () => runInTurn(plan, quiet, { one, holdBack })),
      take: (pair, one) =>
        endingOnError(holdBack, async () => {
          const next = await committing.take(pair, one);
          if (next === 'stop') holdBack.end();
          else holdBack.taken(one.index);
          return next;
        }),
    });
  }
  await committing.flush();
}

async function runInTurn(
  plan: EvaluationPlan,
  quiet: Quiet,
  { one, holdBack }: { readonly one: Case; readonly holdBack: HoldBack },
): Promise<EvaluatedPair> {
  await holdBack.turn();
  const pair = await runPair(plan, quiet, one);
  if (isRegressing(pair) && isSlow(pair.candidate)) holdBack.wasSlow(one.index);
  return pair;
}

/** Whoever is held back must not wait for a case that nobody takes. */
async function endingOnError<T>(holdBack: HoldBack, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    holdBack.end();
    throw error;
  }
}

async function recallCases(
  { cases, journal }: EvaluationPlan,
  committing: Committing,
  head: JournalHead,
): Promise<'go_on' | 'stop'> {
  if (journal === undefined) return 'go_on';
  for await (const pair of await journal.begin(head)) {
    const one: Case | undefined = cases[committing.done()];
    if (one === undefined) break;
    if ((await committing.recall(pair, one)) === 'go_on') continue;
    await journal.cutAfter(committing.done());
    return 'stop';
  }
  return 'go_on';
}

async function finalReports(committing: Committing, monitors: MonitorRunner): Promise<readonly MonitorReport[]> {
  await committing.flush();
  return monitors.finalize();
}

/** A signal is answered with what to do next. */
async function cancellable<T>({ signal, journal }: EvaluationPlan, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted !== true) throw cause;
    const next = journal === undefined ? '' : '; the cases that were done are kept, and it can go on from them';
    throw new GuardError('EVALUATION_CANCELLED', `the evaluation was cancelled${next}`, { cause });
  }
}
