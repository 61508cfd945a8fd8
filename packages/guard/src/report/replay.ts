/**
 * Computes the decision of a report again, from its own figures or, where the file of cases is given, from every case: so that a verdict
 * can be checked by whoever trusts nobody who made it.
 *
 *   cases, where given ─▶ sha256 as in the report? ─▶ tally ─▶ figures as in the report?
 *   figures ─▶ evidence ─▶ decide(policy of the report) ─▶ verdict and reasons as in the report?
 */
import type { JsonValue } from '@bulkhead/protocol';
import { createHash } from 'node:crypto';
import { decide, type Decision } from '../decision/decide.ts';
import type { Policy } from '../decision/policy.ts';
import { evidenceOf, type EvidenceSource } from './evidence-of.ts';
import { parsePair } from './parse-report.ts';
import type { Report } from './report.ts';
import { policyFromJson } from '../policy/policy-files.ts';
import { CASES_KIND } from '../evaluation/case-journal.ts';
import { createTally, type TallyTotals } from './summarize.ts';
import { factsOfReport, marginOf } from './task-facts.ts';

/**
 * A figure that came out otherwise: its JSON path, what the report says, and what it is; undefined where one of the two has none.
 *
 * @public
 */
export type FigureDifference = {
  readonly path: string;
  readonly reported: JsonValue | undefined;
  readonly recounted: JsonValue | undefined;
};

/**
 * What came of it. `same` is true where the verdict, its reasons and all figures are as reported; `recounted` is how many cases were counted
 * again, null without a file of cases. Of `differences` the first 100 are listed.
 *
 * @public
 */
export type Replay = {
  readonly same: boolean;
  readonly decision: Decision;
  readonly recounted: number | null;
  readonly differences: readonly FigureDifference[];
};

/**
 * The text of the file of cases, where they are to be recounted.
 *
 * @public
 */
export type ReplayOptions = { readonly casesText?: string };

/** Differences that are listed: a wrong file differs everywhere. */
const DIFFERENCES_MAX = 100;
/** Share by which numbers may differ: logarithms of other machines differ in their last digit. */
const TOLERANCE = 1e-9;

/**
 * Decides again.
 *
 * @throws {GuardError} `REPORT_INVALID` where a line of the cases is no case; `POLICY_INVALID` where its policy is none.
 * @public
 */
export function replayDecision(report: Report, { casesText }: ReplayOptions = {}): Replay {
  const policy = policyFromJson(report.policy);
  const recount = casesText === undefined ? undefined : recounted(report, policy, casesText);
  const decision = decide(evidenceOf(sourceOf(report, recount?.totals)), policy);
  const differences = [
    ...(recount?.differences ?? []),
    ...differencesOf(decisionFigures(decision), reportedDecision(report), '$'),
  ];
  return {
    same: differences.length === 0,
    decision,
    recounted: recount?.count ?? null,
    differences: differences.slice(0, DIFFERENCES_MAX),
  };
}

type Recount = {
  readonly count: number;
  readonly totals: TallyTotals;
  readonly differences: readonly FigureDifference[];
};

function recounted(report: Report, policy: Policy, casesText: string): Recount {
  const tally = createTally(factsOfReport(report, marginOf(policy)));
  let count = 0;
  for (const { line, number } of linesOf(casesText)) {
    if (number === 1 && isHead(line)) continue;
    tally.take(parsePair(line, `line ${number} of the file of cases`));
    count += 1;
  }
  const totals = tally.totals();
  const digest = createHash('sha256').update(casesText).digest('hex');
  return {
    count,
    totals,
    differences: [
      ...differencesOf({ cases_sha256: digest }, { cases_sha256: report.replay.cases_sha256 }, '$.replay'),
      ...differencesOf(caseFigures(totals), caseFigures(reportedTotals(report)), '$'),
    ],
  };
}

/** The first line of a file says what its cases are of. */
function isHead(line: string): boolean {
  return line.startsWith('{') && line.includes(`"kind":"${CASES_KIND}"`);
}

function* linesOf(text: string): Generator<{ readonly line: string; readonly number: number }> {
  let number = 1;
  for (let start = 0; start < text.length; number += 1) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, end);
    if (line.trim() !== '') yield { line, number };
    start = end + 1;
  }
}

/** Regressions and monitors are not in the file of cases: they were asked beside it, and stand as reported. */
function sourceOf(report: Report, totals: TallyTotals | undefined): EvidenceSource {
  if (totals === undefined) return report;
  return { ...report, ...totals };
}

function reportedTotals(report: Report): TallyTotals {
  return { ...report, flaky_cases: report.stability.flaky_cases };
}

/** Figures that follow from cases alone, under the paths of a report. */
function caseFigures(totals: TallyTotals): unknown {
  const { baseline, candidate, pairs, delta_pass_rate, delta_ci, relative_risk, relative_risk_ci } = totals;
  const { newcombe_paired, bonett_price, mcnemar_mid_p, clusters, recommended_n, minimum_detectable_difference } =
    totals.statistics;
  const { flips, flip_count, flaky, flaky_cases, relation_coverage, metrics, faults, timing } = totals;
  return {
    baseline,
    candidate,
    pairs,
    delta_pass_rate,
    delta_ci,
    relative_risk,
    relative_risk_ci,
    statistics: {
      newcombe_paired,
      bonett_price,
      mcnemar_mid_p,
      clusters,
      recommended_n,
      minimum_detectable_difference,
    },
    flips,
    flip_count,
    flaky,
    stability: { flaky_cases },
    relation_coverage,
    metrics,
    faults,
    timing: { baseline: timing.baseline, candidate: timing.candidate },
  };
}

function decisionFigures({ verdict, adopt, reasons, casesNeeded, evidence }: Decision): unknown {
  return {
    decision: { verdict, adopt, reason: reasons[0] ?? '', reasons, cases_needed: casesNeeded ?? null },
    statistics: { log_e: evidence?.logE ?? null, confidence_sequence: evidence?.confidenceSequence ?? null },
  };
}

function reportedDecision({ decision, statistics }: Report): unknown {
  const { verdict, adopt, reason, reasons, cases_needed } = decision;
  return {
    decision: { verdict, adopt, reason, reasons, cases_needed },
    statistics: { log_e: statistics.log_e, confidence_sequence: statistics.confidence_sequence },
  };
}

/** Leaves that differ; a key that only one of the two has is a difference, too. */
function differencesOf(found: unknown, reported: unknown, path: string): readonly FigureDifference[] {
  if (!isBranch(found) || !isBranch(reported)) {
    return isSame(found, reported) ? [] : [{ path, reported: jsonOf(reported), recounted: jsonOf(found) }];
  }
  const [ours, theirs] = [new Map(Object.entries(found)), new Map(Object.entries(reported))];
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])];
  const step = (key: string): string => (Array.isArray(found) ? `${path}[${key}]` : `${path}${nameStep(key)}`);
  return keys.flatMap((key) => differencesOf(ours.get(key), theirs.get(key), step(key)));
}

function nameStep(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return Object.is(one, other) || Math.abs(one - other) <= TOLERANCE * Math.max(Math.abs(one), Math.abs(other), 1e-12);
}

function jsonOf(value: unknown): JsonValue | undefined {
  return value as JsonValue | undefined; // Parts of a report and of totals, which are JSON.
}
