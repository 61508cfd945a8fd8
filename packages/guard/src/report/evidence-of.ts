/**
 * What a decision looks at, read from the figures of a report: the same for the run that makes the report and for whoever computes its
 * decision again.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { Evidence, MeasuredObjectives, RailAlert, Totals } from '../decision/evidence.ts';
import type { MonitorReport } from '../monitors/monitor-runner.ts';
import { clipped } from '../task/json.ts';
import type { Report } from './report.ts';

/**
 * Of a report, what evidence is read from.
 *
 * @public
 */
export type EvidenceSource = Pick<
  Report,
  | 'pairs'
  | 'baseline'
  | 'candidate'
  | 'flips'
  | 'regressions'
  | 'monitors'
  | 'sequential'
  | 'llm_metrics'
  | 'trust_scores'
> & { readonly timing: Pick<Report['timing'], 'baseline' | 'candidate'> } & {
  readonly statistics: Pick<Report['statistics'], 'clusters'>;
} & Partial<Pick<Report, 'adaptive'>>;

/**
 * The evidence in a report.
 *
 * @public
 */
export function evidenceOf(found: EvidenceSource): Evidence {
  const { pairs, baseline, candidate, regressions, monitors, flips, statistics, sequential } = found;
  return {
    cases: {
      both: pairs.both,
      onlyCandidate: pairs.only_candidate,
      onlyBaseline: pairs.only_baseline,
      neither: pairs.neither,
    },
    executions: baseline.executions + candidate.executions,
    sandboxFailures: baseline.sandbox_failures + candidate.sandbox_failures,
    hardRegressions: regressions.map(({ case_id, kind, broken }) => ({ caseId: case_id, kind, broken })),
    alerts: monitors.flatMap(alertsOf),
    flips: flips.map(({ case_id, kind }) => ({ caseId: case_id, kind })),
    ...(statistics.clusters !== null && { clusters: spreadOut(statistics.clusters.differences) }),
    ...(sequential?.planned === true && {
      looks: { plannedCases: sequential.planned_cases, casesAt: sequential.cases_at },
    }),
    ...(hasEndedUnanswered(found) && { isInterim: true }),
    ...(candidate.total > 0 && { totals: totalsOf(candidate) }),
    objectives: objectivesOf(found),
  };
}

/** Where nothing passed and it ended before its last case, that is no end at which a limit rejects: of the rest nobody knows. */
function hasEndedUnanswered({ pairs, sequential, adaptive = null }: EvidenceSource): boolean {
  const isEarly = typeof (sequential ?? adaptive)?.stopped_for === 'string';
  return isEarly && pairs.both + pairs.only_candidate + pairs.only_baseline === 0;
}

/** A case that failed by no check breaks what its answer was to keep: else a candidate does better by throwing than by a wrong answer. */
function totalsOf({ prop_violations, mr_violations, run_failures, passes, total }: Report['candidate']): Totals {
  const failedRuns = Object.values(run_failures).reduce((sum, count) => sum + count, 0);
  const broken = prop_violations + failedRuns;
  return {
    propertyViolations: broken + mr_violations === 0 ? total - passes : broken,
    relationViolations: mr_violations,
    passes,
    cases: total,
  };
}

/** Each value as often as it was counted; the bet over clusters does not ask for their order. */
function spreadOut(counted: readonly (readonly [number, number])[]): readonly number[] {
  return counted.flatMap(([value, count]) => Array.from({ length: count }, () => value));
}

/** Latency is that of the 95th percentile of runs that succeeded; cost is the sum of dollars. */
function objectivesOf({ timing, llm_metrics, trust_scores }: EvidenceSource): Partial<MeasuredObjectives> {
  const [fast, slow] = [timing.baseline.p95_ms, timing.candidate.p95_ms];
  return {
    ...(fast !== null &&
      slow !== null && { latencyDeltaMs: slow - fast, ...(fast > 0 && { latencyRatio: slow / fast }) }),
    ...costOf(llm_metrics),
    ...trustOf(trust_scores),
  };
}

function costOf(metrics: Report['llm_metrics']): Partial<MeasuredObjectives> {
  const [baseline, candidate] = [sideCost(metrics, 'baseline'), sideCost(metrics, 'candidate')];
  if (baseline === undefined || candidate === undefined) return {};
  return { costDeltaUsd: candidate - baseline, ...(baseline > 0 && { costRatio: candidate / baseline }) };
}

function sideCost(metrics: Report['llm_metrics'], role: 'baseline' | 'candidate'): number | undefined {
  return numberAt(metrics?.[role], 'cost_usd');
}

function trustOf(scores: Report['trust_scores']): Partial<MeasuredObjectives> {
  const [score, flags] = [
    numberAt(scores?.['trust_score'], 'candidate'),
    numberAt(scores?.['trust_flags'], 'candidate'),
  ];
  return { ...(score !== undefined && { trustScore: score }), ...(flags !== undefined && { trustFlags: flags }) };
}

function numberAt(holder: JsonValue | undefined, key: string): number | undefined {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined;
  const value: unknown = Reflect.get(holder, key);
  return typeof value === 'number' ? value : undefined;
}

/**
 * What a monitor says against the candidate. A foreign one may leave out how severe that is, and is then a warning; one that failed says
 * nothing.
 *
 * @public
 */
export function alertsOf(monitor: MonitorReport): readonly RailAlert[] {
  if ('failed' in monitor) return [];
  return monitor.alerts.map(({ type, severity, message }) => ({
    monitor: monitor.id,
    severity: severity === 'block' || severity === 'info' ? severity : 'warn',
    message: clipped(typeof message === 'string' && message !== '' ? message : type),
  }));
}
