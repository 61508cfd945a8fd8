/**
 * Takes evaluated cases one after another, in the order of cases: asks again where only the candidate failed, keeps the line, tallies,
 * tells monitors, looks where a look is due, and says whether to go on.
 */
import type { MonitorRecord } from '@bulkhead/protocol';
import { createDecider, type Decision } from '../decision/decide.ts';
import { casesOf, type Evidence } from '../decision/evidence.ts';
import { isLookDue } from '../decision/planned-looks.ts';
import type { MonitorRunner } from '../monitors/monitor-runner.ts';
import { redactPair } from '../report/redact.ts';
import { createTally, type Tally } from '../report/summarize.ts';
import { factsOfTask, marginOf } from '../report/task-facts.ts';
import type { Case } from '../task/cases.ts';
import { confirmRegression, isRegressing } from './confirm.ts';
import type { EvaluationPlan } from './evaluate-options.ts';
import type { EvaluatedPair, EvaluatedSide } from './evaluated-pair.ts';
import { createUsage, type Usage } from './usage.ts';
import type { Quiet } from './quiet.ts';
import type { RegressionCase } from './shrink-regressions.ts';

/** What has been taken so far. One owner, the evaluation. */
export type Taken = {
  readonly tally: Tally;
  readonly usage: Usage;
  readonly regressions: readonly RegressionCase[];
  /** Cases where only the candidate failed that were not asked again. */
  readonly unconfirmed: () => number;
  /** Cases that had counted at each look so far. */
  readonly casesAt: readonly number[];
  readonly done: () => number;
  /** Why it ended before its last case. */
  readonly stoppedFor: () => string | undefined;
};

/** Takes cases. */
export type Committing = Taken & {
  /** One that was run just now. */
  readonly take: (pair: EvaluatedPair, one: Case) => Promise<'go_on' | 'stop'>;
  /** One that was kept by an evaluation before this one. */
  readonly recall: (pair: EvaluatedPair, one: Case) => Promise<'go_on' | 'stop'>;
  /** Tells monitors of what they have not been told yet. */
  readonly flush: () => Promise<void>;
};

/** Regressions that are confirmed; after so many a candidate is known well enough, and the evaluation ends. */
const REGRESSIONS_MAX = 25;
/** The same of those that hang: each of them takes its whole time again and again. */
const HANGS_MAX = 3;
/** Cases that monitors are told of at once. */
const BATCH_CASES = 64;

/** Begins with nothing taken. */
export function createCommitting(
  plan: EvaluationPlan,
  { quiet, monitors }: { readonly quiet: Quiet; readonly monitors: MonitorRunner },
): Committing {
  const { policy, task, seed, cases } = plan;
  const tally = createTally(factsOfTask(task, { seed, margin: marginOf(policy) }));
  const usage = createUsage();
  const regressions: RegressionCase[] = [];
  const casesAt: number[] = [];
  const decider = createDecider(policy);
  const confirms = policy.kind === 'evidence' && policy.hard === 'reject';
  const health = { executions: 0, sandboxFailures: 0 };
  let unconfirmed = 0;
  let done = 0;
  let hangs = 0;
  let stoppedFor: string | undefined;
  let batch: MonitorRecord[] = [];
  const shown = { baseline: 0, candidate: 0 };

  async function confirmed(pair: EvaluatedPair, one: Case): Promise<EvaluatedPair> {
    if (!confirms || !isRegressing(pair)) return pair;
    if (regressions.length >= REGRESSIONS_MAX) return pair;
    const confirmation = await confirmRegression(plan, quiet, { one, pair });
    return confirmation.kind === 'regression'
      ? { ...pair, regression: confirmation.broken }
      : { ...pair, flaky: [...new Set([...pair.flaky, ...confirmation.roles])].toSorted() };
  }

  async function absorb(pair: EvaluatedPair, one: Case): Promise<'go_on' | 'stop'> {
    done += 1;
    for (const { executions, sandbox_failures } of [pair.baseline, pair.candidate]) {
      health.executions += executions;
      health.sandboxFailures += sandbox_failures;
    }
    tally.take(pair);
    usage.take(pair);
    if (pair.regression !== null) {
      regressions.push({ one, broken: pair.regression });
      if (pair.regression.name === 'timeout') hangs += 1;
    } else if (isRegressing(pair) && pair.flaky.length === 0) unconfirmed += 1;
    batch.push(recordOf(pair, 'baseline'), recordOf(pair, 'candidate'));
    if (batch.length >= 2 * BATCH_CASES) await flush();
    const { onlyBaseline, onlyCandidate } = tally.table();
    plan.onProgress?.({ done, total: cases.length, onlyBaseline, onlyCandidate, regressions: regressions.length });
    stoppedFor ??= whyStop();
    return stoppedFor === undefined || done === cases.length ? 'go_on' : 'stop';
  }

  function whyStop(): string | undefined {
    if (regressions.length >= REGRESSIONS_MAX) return `${REGRESSIONS_MAX} regressions were confirmed`;
    if (hangs >= HANGS_MAX) return `the candidate hung on ${HANGS_MAX} cases that the baseline answers`;
    const decision = look();
    return decision === undefined || decision.verdict === 'inconclusive'
      ? undefined
      : `the policy was decided: ${decision.verdict}`;
  }

  /** Looks where one is due; limits that may still move wait for the end. */
  function look(): Decision | undefined {
    if (plan.mode !== 'sequential' || policy.kind === 'classic') return undefined;
    if (!isLookDue(policy.looks, { cases: done, plannedCases: cases.length })) return undefined;
    const table = tally.table();
    const counted = casesOf(table);
    if (counted === 0 || counted === casesAt.at(-1)) return undefined;
    if (policy.looks.kind !== 'every_pair' || done === cases.length) casesAt.push(counted);
    return decider(interimEvidence(table));
  }

  function interimEvidence(table: Evidence['cases']): Evidence {
    const isPlanned =
      policy.kind === 'evidence' && policy.looks.kind !== 'every_pair' && policy.looks.kind !== 'adaptive';
    return {
      cases: table,
      ...health,
      hardRegressions: regressions.map(({ one, broken }) => ({
        caseId: one.id,
        kind: broken.kind,
        broken: broken.name,
      })),
      alerts: [],
      isInterim: true,
      clusters: tally.clusters(),
      ...(isPlanned && { looks: { plannedCases: cases.length, casesAt } }),
    };
  }

  async function flush(): Promise<void> {
    const told = batch;
    batch = [];
    if (told.length > 0) await monitors.record(told);
  }

  return {
    ...{ tally, usage, regressions, casesAt, flush },
    recall: (pair, one) => {
      shown.baseline += pair.baseline.violations.length;
      shown.candidate += pair.candidate.violations.length;
      return absorb(pair, one);
    },
    unconfirmed: () => unconfirmed,
    done: () => done,
    stoppedFor: () => (done < cases.length ? stoppedFor : undefined),
    take: async (pair, one) => {
      const asked = await confirmed(pair, one);
      const line = redactPair(trimmed(asked, { shown, violationCap: plan.violationCap }), plan.redact);
      await plan.journal?.add(line);
      return absorb(line, one);
    },
  };
}

function recordOf(pair: EvaluatedPair, role: 'baseline' | 'candidate'): MonitorRecord {
  const { result, duration_ms } = pair[role];
  return { case_index: pair.case_index, role, duration_ms, success: result['success'] === true, result };
}

/** Violations are told in full until the run's cap is reached, on each side; they are always counted. */
function trimmed(
  pair: EvaluatedPair,
  { shown, violationCap }: { readonly shown: { baseline: number; candidate: number }; readonly violationCap: number },
): EvaluatedPair {
  const cut = (role: 'baseline' | 'candidate'): EvaluatedSide => {
    const { violations } = pair[role];
    const kept = violations.slice(0, Math.max(0, violationCap - shown[role]));
    shown[role] += kept.length;
    return { ...pair[role], violations: kept };
  };
  return { ...pair, baseline: cut('baseline'), candidate: cut('candidate') };
}
