/**
 * Takes evaluated cases one after another, in the order of cases: asks again where only the candidate failed, keeps the line, tallies,
 * tells monitors, looks where a look is due, and says whether to go on.
 */
import { createHash } from 'node:crypto';
import type { MonitorRunner } from '../monitors/monitor-runner.ts';
import { redactPair } from '../report/redact.ts';
import { createTally, type Tally } from '../report/summarize.ts';
import { factsOfTask, marginOf } from '../report/task-facts.ts';
import type { Case } from '../task/cases.ts';
import { headLine, pairLine, type JournalHead } from './case-journal.ts';
import { confirmRegression, isRegressing } from './confirm.ts';
import type { EvaluationPlan } from './evaluate-options.ts';
import type { EvaluatedPair, EvaluatedSide } from './evaluated-pair.ts';
import { REGRESSIONS_MAX, createLooking } from './looks.ts';
import type { Quiet } from './quiet.ts';
import type { RegressionCase } from './shrink-regressions.ts';
import { createTelling } from './tell-monitors.ts';
import { createUsage, type Usage } from './usage.ts';

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
  /** SHA-256 of the file of cases so far, as it is or would be kept, in hexadecimal. */
  readonly casesSha256: () => string;
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

/** Whom it asks and tells, and what the cases are of. */
export type CommittingParts = {
  readonly quiet: Quiet;
  readonly monitors: MonitorRunner;
  readonly head: JournalHead;
};

/** Begins with nothing taken. */
export function createCommitting(plan: EvaluationPlan, { quiet, monitors, head }: CommittingParts): Committing {
  const { task, seed, policy, cases, violationCap, redact, journal } = plan;
  const tally = createTally(factsOfTask(task, { seed, margin: marginOf(policy) }));
  const usage = createUsage();
  const regressions: RegressionCase[] = [];
  const looking = createLooking(plan, { tally, regressions });
  const telling = createTelling(monitors);
  const shown = { baseline: 0, candidate: 0 };
  const digest = createHash('sha256').update(headLine(head));
  let unconfirmed = 0;
  let done = 0;
  let stoppedFor: string | undefined;

  async function absorb(pair: EvaluatedPair, one: Case): Promise<'go_on' | 'stop'> {
    done += 1;
    digest.update(pairLine(pair));
    tally.take(pair);
    usage.take(pair);
    if (pair.regression !== null) regressions.push({ one, broken: pair.regression });
    else if (isRegressing(pair) && pair.flaky.length === 0) unconfirmed += 1;
    await telling.take(pair);
    const { onlyBaseline, onlyCandidate } = tally.table();
    plan.onProgress?.({ done, total: cases.length, onlyBaseline, onlyCandidate, regressions: regressions.length });
    stoppedFor ??= looking.afterCase(pair, done);
    return stoppedFor === undefined || done === cases.length ? 'go_on' : 'stop';
  }

  return {
    ...{ tally, usage, regressions, casesAt: looking.casesAt, flush: telling.flush },
    unconfirmed: () => unconfirmed,
    done: () => done,
    casesSha256: () => digest.copy().digest('hex'),
    stoppedFor: () => (done < cases.length ? stoppedFor : undefined),
    recall: (pair, one) => {
      shown.baseline += pair.baseline.violations.length;
      shown.candidate += pair.candidate.violations.length;
      return absorb(pair, one);
    },
    take: async (pair, one) => {
      const isKnown = regressions.length >= REGRESSIONS_MAX;
      const asked = isKnown ? pair : await confirmed(plan, quiet, { pair, one });
      const line = redactPair(trimmed(asked, { shown, violationCap }), redact);
      await journal?.add(line);
      return absorb(line, one);
    },
  };
}

/** Asks again where only the candidate failed, unless the policy counts such failures and no more. */
async function confirmed(
  plan: EvaluationPlan,
  quiet: Quiet,
  { pair, one }: { readonly pair: EvaluatedPair; readonly one: Case },
): Promise<EvaluatedPair> {
  const { policy } = plan;
  if (policy.kind !== 'evidence' || policy.hard !== 'reject' || !isRegressing(pair)) return pair;
  const confirmation = await confirmRegression(plan, quiet, { one, pair });
  return confirmation.kind === 'regression'
    ? { ...pair, regression: confirmation.broken }
    : { ...pair, flaky: [...new Set([...pair.flaky, ...confirmation.roles])].toSorted() };
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
