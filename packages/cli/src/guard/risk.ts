/**
 * `bulkhead guard risk`: what adopting the candidate of a report may cost, in failures of a thousand calls like its cases.
 */
import type { Report, RoleTotals } from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { readReport } from './read-report.ts';

/** What is typed after it. */
export type RiskOptions = { readonly report: string; readonly json?: boolean };

const CALLS = 1_000;
const NONE = 'not known';

/** Says it; all figures are the report's own, at 95 %. */
export async function riskVerb({ report: file, json }: RiskOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const risk = riskOf(await readReport(file));
    const { result, colors } = terminal;
    if (json === true) {
      result(JSON.stringify(risk));
      return EXIT_OK;
    }
    const rows = (['baseline', 'candidate'] as const).map((role) => {
      const { failures, interval } = risk[role];
      return [role, figure(failures), range(interval)];
    });
    for (const line of tableLines(['side', `failures of ${CALLS} calls`, '95 %'], rows, colors)) result(line);
    const { more_failures: more, more_failures_interval: interval, relative_risk, relative_risk_interval } = risk;
    result(`adopting it: ${figure(more)} more failures of ${CALLS} calls (${range(interval)}); below 0 is fewer`);
    result(
      `pass rate of the candidate to that of the baseline: ${figure(relative_risk)} (${range(relative_risk_interval)})`,
    );
    result(`known regressions: ${risk.regressions}; cases that say nothing: ${risk.excluded}`);
    return EXIT_OK;
  });
}

type Range = readonly [number, number] | null;

/** Keys are those of `--json`. */
function riskOf(report: Report) {
  const { baseline, candidate, delta_pass_rate, delta_ci, relative_risk, relative_risk_ci, pairs } = report;
  return {
    calls: CALLS,
    baseline: failuresOf(baseline),
    candidate: failuresOf(candidate),
    more_failures: delta_pass_rate === null ? null : -CALLS * delta_pass_rate,
    more_failures_interval: delta_ci === null ? null : ([-CALLS * delta_ci[1], -CALLS * delta_ci[0]] as const),
    relative_risk,
    relative_risk_interval: relative_risk_ci,
    regressions: report.regressions.length,
    excluded: Object.values(pairs.excluded).reduce((sum, count) => sum + count, 0),
  };
}

function failuresOf({ pass_rate, pass_interval }: RoleTotals): {
  readonly failures: number | null;
  readonly interval: Range;
} {
  return {
    failures: pass_rate === null ? null : CALLS * (1 - pass_rate),
    interval: pass_interval === null ? null : [CALLS * (1 - pass_interval[1]), CALLS * (1 - pass_interval[0])],
  };
}

function figure(value: number | null): string {
  return value === null ? NONE : String(Number(value.toFixed(2)) + 0);
}

function range(interval: Range): string {
  return interval === null ? NONE : `${figure(interval[0])} to ${figure(interval[1])}`;
}
