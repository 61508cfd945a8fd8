/**
 * Several monitors as one, with one chance of a false alert for all of them together: by Holm's correction of what each found.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import type { BuiltInAlert, BuiltInMonitor, BuiltInSummary, MonitorStatus } from './monitor.ts';
import { holm } from '../statistics/looks/multiplicity.ts';
import { ALPHA, severityOf, type CommonOptions } from './settings.ts';

/**
 * `monitors` are those of ours that it is made of, each of its own; without `severity` each alert keeps that of its monitor.
 *
 * @public
 */
export type CompositeOptions = CommonOptions & { readonly monitors: readonly BuiltInMonitor[] };

/**
 * A monitor of monitors. It alerts where the p of one of them is at most 0.01 after Holm's correction for their number; what one alone
 * would have said without is kept as `info`. One that throws costs its own part only.
 *
 * @returns A monitor `composite`. In the summary: `status`, and the summary of each under its name, or why it failed.
 * @throws {GuardError} `MONITOR_INVALID` where there is no monitor, or one stands there twice.
 * @see Holm 1979; EVIDENCE 2.12.
 * @public
 */
export function createComposite(options: CompositeOptions): BuiltInMonitor {
  const severity = options.severity === undefined ? undefined : severityOf(options);
  const parts = namedParts(options.monitors);
  const failures = new Map<string, string>();
  const attempt = (id: string, step: () => void): void => {
    if (failures.has(id)) return;
    try {
      step();
    } catch (error) {
      failures.set(id, error instanceof Error ? error.message : 'it threw something that is no error');
    }
  };
  return {
    identifier: () => ID,
    start: (context) => {
      failures.clear();
      for (const [id, part] of parts) attempt(id, () => part.start(context));
    },
    record: (record) => {
      for (const [id, part] of parts) attempt(id, () => part.record(record));
    },
    finalize: () => {
      const found = new Map<string, BuiltInSummary>();
      for (const [id, part] of parts) attempt(id, () => found.set(id, part.finalize()));
      return joined(found, failures, severity);
    },
  };
}

const ID = 'composite';

function namedParts(monitors: readonly BuiltInMonitor[]): ReadonlyMap<string, BuiltInMonitor> {
  const parts = new Map(monitors.map((monitor) => [monitor.identifier(), monitor]));
  if (parts.size === 0) throw new GuardError('MONITOR_INVALID', 'composite has no monitors; expected at least one');
  if (parts.size === monitors.length) return parts;
  throw new GuardError(
    'MONITOR_INVALID',
    `composite has a monitor twice; expected each of ${[...parts.keys()].join(', ')} once`,
  );
}

function joined(
  found: ReadonlyMap<string, BuiltInSummary>,
  failures: ReadonlyMap<string, string>,
  severity: BuiltInAlert['severity'] | undefined,
): BuiltInSummary {
  const summaries = [...found.values()];
  const adjusted = holm(summaries.map(leastOf));
  const alerts = summaries.flatMap((summary, at) => alertsOf(summary, adjusted[at] ?? 1, severity));
  const failed = [...failures].map(([id, reason]): [string, JsonObject] => [id, { failed: reason }]);
  const parts = Object.fromEntries([
    ...summaries.map(({ id, summary }): [string, JsonObject] => [id, summary]),
    ...failed,
  ]);
  return { id: ID, summary: { status: statusOf(summaries, adjusted), parts }, alerts };
}

/** The surest alert's p; never 0, so that there is something to correct. */
function leastOf({ alerts }: Pick<BuiltInSummary, 'alerts'>): number {
  return Math.max(Number.MIN_VALUE, Math.min(1, ...alerts.map(({ p }) => p)));
}

function alertsOf(
  { id, alerts }: BuiltInSummary,
  adjusted: number,
  severity: BuiltInAlert['severity'] | undefined,
): readonly BuiltInAlert[] {
  const factor = adjusted / leastOf({ alerts });
  return alerts.map((alert) => {
    const p = Math.min(1, alert.p * factor);
    const kept = alert.severity === 'info' ? 'info' : (severity ?? alert.severity);
    return { ...alert, monitor: id, p, severity: p <= ALPHA ? kept : 'info' };
  });
}

/**
 * All without data is no data. An alert that the correction takes back is a warning; a warning of one alone is not corrected for the
 * others, and stays with it.
 */
function statusOf(summaries: readonly BuiltInSummary[], adjusted: readonly number[]): MonitorStatus {
  const statuses = summaries.map(({ summary: { status } }, at): MonitorStatus => {
    if (status === 'alert') return (adjusted[at] ?? 1) > ALPHA ? 'warn' : 'alert';
    return status === 'warn' ? 'ok' : status;
  });
  return (['alert', 'warn', 'ok'] as const).find((status) => statuses.includes(status)) ?? 'nodata';
}
