/**
 * What a decision looks at, read from the figures of a report: the same for the run that makes the report and for whoever computes its
 * decision again.
 */
import type { Evidence, RailAlert } from '../decision/evidence.ts';
import type { MonitorReport } from '../monitors/monitor-runner.ts';
import { clipped } from '../task/json.ts';
import type { Report } from './report.ts';

/** Of a report, what evidence is read from. */
export type EvidenceSource = Pick<Report, 'pairs' | 'baseline' | 'candidate' | 'regressions' | 'monitors'>;

/**
 * The evidence in a report.
 *
 * @public
 */
export function evidenceOf({ pairs, baseline, candidate, regressions, monitors }: EvidenceSource): Evidence {
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
  };
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
