/**
 * Puts together what an evaluation found. The decision is made of the report's own figures and of nothing else, so that whoever has the
 * report can make it again.
 */
import { canonicalJson, type JsonObject } from '@bulkhead/protocol';
import type { Decision } from '../decision/decide.ts';
import type { Evidence } from '../decision/evidence.ts';
import type { Policy } from '../decision/policy.ts';
import { isMonitor } from '../monitors/monitor.ts';
import type { MonitorReport } from '../monitors/monitor-runner.ts';
import { policyToJson } from '../policy/policy-files.ts';
import { evidenceOf } from '../report/evidence-of.ts';
import { REPORT_SCHEMA_VERSION, type Report, type ReportLooks, type ReportRegression } from '../report/report.ts';
import { clipped } from '../task/json.ts';
import type { JournalHead } from './case-journal.ts';
import type { Taken } from './commit-pairs.ts';
import { sha256, type EvaluationPlan } from './evaluate-options.ts';

/** How it ended. `smallest` are smaller arguments of the first regressions, in their order. */
export type Ending = {
  readonly taken: Taken;
  readonly smallest: readonly (string | undefined)[];
  readonly monitors: readonly MonitorReport[];
  readonly head: JournalHead;
  /** Milliseconds since 1970. */
  readonly startedWall: number;
  readonly durationMs: number;
};

/** Of the arguments of a regression. */
const ARGS_CHARACTERS_MAX = 2_000;

/** Assembles it. */
export function assembleReport(
  plan: EvaluationPlan,
  ending: Ending,
  decide: (found: Evidence, policy: Policy) => Decision,
): Report {
  const found = findings(plan, ending);
  const decision = decide(evidenceOf(found), plan.policy);
  return {
    schema_version: REPORT_SCHEMA_VERSION,
    ...{ task: plan.task.name, n: plan.cases.length, seed: plan.seed },
    decision: {
      ...{ verdict: decision.verdict, adopt: decision.adopt },
      reason: decision.reasons[0] ?? '',
      reasons: decision.reasons,
      cases_needed: decision.casesNeeded ?? null,
      policy_checks: decision.policyChecks.map((check) => ({ ...check, value: check.value ?? null })),
      provenance: {
        policy: plan.policy.name,
        alpha_spent: decision.alphaSpent,
        looks: Math.max(1, ending.taken.casesAt.length),
      },
    },
    policy: policyToJson(plan.policy),
    ...found,
    statistics: {
      ...found.statistics,
      log_e: decision.evidence?.logE ?? null,
      confidence_sequence: decision.evidence?.confidenceSequence ?? null,
    },
  };
}

/** All of a report but what the decision adds. */
export type Findings = Omit<Report, 'schema_version' | 'task' | 'n' | 'seed' | 'decision' | 'policy' | 'statistics'> & {
  readonly statistics: Omit<Report['statistics'], 'log_e' | 'confidence_sequence'>;
};

function findings(
  plan: EvaluationPlan,
  { taken, smallest, monitors, head, startedWall, durationMs }: Ending,
): Findings {
  const { flaky_cases, timing, ...totals } = taken.tally.totals();
  const { baseline, candidate } = plan;
  return {
    ...totals,
    regressions: taken.regressions.map((regression, index) => regressionOf(regression, smallest[index])),
    unconfirmed: taken.unconfirmed(),
    monitors,
    llm_metrics: llmMetrics(taken),
    trust_scores: trustScores(totals.metrics),
    stability: { repeats: plan.repeats, flaky_cases },
    ...looksOf(plan, taken),
    config: configOf(plan),
    hashes: { baseline: sha256(baseline.text), candidate: sha256(candidate.text) },
    spec_fingerprint: head.spec_fingerprint,
    replay: {
      ...{ cases_file: plan.facts.casesFile ?? null, cases_sha256: taken.casesSha256() },
      command: plan.facts.command ?? null,
    },
    provenance: plan.facts.provenance ?? {},
    environment: { ...plan.facts.environment, parallel: plan.parallel },
    job_metadata: { run_id: plan.facts.runId ?? sha256(`${startedWall}:${JSON.stringify(head)}`).slice(0, 16) },
    timing: {
      started_at: new Date(startedWall).toISOString(),
      duration_ms: durationMs,
      cases_per_second: durationMs > 0 ? (1_000 * taken.done()) / durationMs : null,
      ...timing,
    },
  };
}

function regressionOf({ one, broken }: Taken['regressions'][number], smallest: string | undefined): ReportRegression {
  return {
    ...{ case_id: one.id, kind: broken.kind, broken: broken.name, message: broken.message },
    args: clipped(canonicalJson(one.args), ARGS_CHARACTERS_MAX),
    smallest: smallest ?? null,
  };
}

/** What calls of a model took; null where neither side asked one. */
function llmMetrics({ usage }: Taken): JsonObject | null {
  const { baseline, candidate } = usage.totals();
  const asked = [baseline, candidate].some(({ tokens_total, cost_usd }) => tokens_total !== null || cost_usd !== null);
  return asked ? { baseline, candidate } : null;
}

/** Metrics by which a task says how far its results are to be trusted; the policy's objective on trust looks at them. */
const TRUST_METRICS: readonly string[] = ['trust_score', 'trust_flags'];

function trustScores(metrics: Report['metrics']): JsonObject | null {
  const found = metrics.filter(({ name }) => TRUST_METRICS.includes(name));
  if (found.length === 0) return null;
  return Object.fromEntries(found.map(({ name, baseline, candidate }) => [name, { baseline, candidate }]));
}

/** How it was looked at, where that was before its last case. */
function looksOf({ policy, mode, cases }: EvaluationPlan, taken: Taken): Pick<Report, 'adaptive' | 'sequential'> {
  const stopped = taken.stoppedFor() ?? null;
  const kind = policy.kind === 'classic' || mode === 'fixed' ? 'once' : policy.looks.kind;
  if (kind === 'once' && stopped === null) return { adaptive: null, sequential: null };
  const looks: ReportLooks = {
    kind,
    planned: kind === 'pocock' || kind === 'obrien_fleming' || kind === 'lan_demets',
    ...{ planned_cases: cases.length, cases_done: taken.done(), cases_at: [...taken.casesAt], stopped_for: stopped },
  };
  return kind === 'adaptive' ? { adaptive: looks, sequential: null } : { adaptive: null, sequential: looks };
}

function configOf(plan: EvaluationPlan): Report['config'] {
  const { baseline, candidate, func, timeoutS, memMb, repeats, mode, violationCap, casesFrom } = plan;
  return {
    executor: { baseline: baseline.executorName, candidate: candidate.executorName },
    ...{ func, timeout_s: timeoutS, mem_mb: memMb, repeats, mode, violation_cap: violationCap },
    monitors: plan.monitors.map(nameOf),
    cases: casesFrom,
  };
}

function nameOf(monitor: unknown): string {
  try {
    return isMonitor(monitor) ? monitor.identifier() : 'not a monitor';
  } catch {
    return 'a monitor without a name'; // Its report says what it threw.
  }
}
