/**
 * Whether the candidate uses more of something: by the ratio of the two uses of each case.
 */
import type { BuiltInMonitor } from './monitor.ts';
import { createPairedFigures } from './paired-figures.ts';
import { judgeRatio } from './ratio-test.ts';
import { numberIn } from './result-fields.ts';
import { fieldName, numberFrom, severityOf, type CommonOptions } from './settings.ts';

/**
 * `metric` is the field of results that has the use, such as `cpu_ms` (the default) or `peak_rss_bytes`; `alert_ratio` is the ratio above
 * which the candidate has to be shown to be (default 1.05).
 *
 * @public
 */
export type ResourceOptions = CommonOptions & { readonly metric?: string; readonly alert_ratio?: number };

/**
 * A monitor of what executions use. It alerts (`resource_regression`) by the rule of {@link createLatency}; executions that failed
 * are left out. It takes 30 pairs; results without the field make none.
 *
 * @returns A monitor `resource:<metric>`.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @see EVIDENCE 2.12; X002-10.
 * @public
 */
export function createResource(options: ResourceOptions = {}): BuiltInMonitor {
  const metric = fieldName('metric', options.metric ?? 'cpu_ms');
  const alertRatio = numberFrom('alert_ratio', options.alert_ratio ?? 1.05, [1, 1_000]);
  const rule = { type: 'resource_regression', subject: metric, alertRatio, severity: severityOf(options) };
  const id = `resource:${metric}`;
  let figures = createPairedFigures({ total_cases: 0 });
  return {
    identifier: () => id,
    start: (context) => {
      figures = createPairedFigures(context);
    },
    record: (record) => figures.take(record, record.success ? numberIn(record.result, metric) : undefined),
    finalize: () => ({ id, ...judgeRatio(figures, rule, () => ({ summary: { metric }, alert: { metric } })) }),
  };
}
