/**
 * Whether the candidate succeeds less often: a bet that it does, on each case after the other, whose winnings may be looked at all the
 * time. It may alert early, and an alert stays (EVIDENCE 2.5, 2.12).
 */
import type { MonitorContext, MonitorRecord } from '@bulkhead/protocol';
import type { BuiltInAlert, BuiltInMonitor, BuiltInSummary } from './monitor.ts';
import { createPairedPasses, type PairOutcome } from './paired-passes.ts';
import { eProcess, logFactors, logMeanExp } from '../statistics/looks/e-process.ts';
import type { PairedTable } from '../statistics/pairs.ts';
import { ALPHA, numberFrom, severityOf, shown, type CommonOptions } from './settings.ts';

/**
 * `drop` is the share of the baseline's rate that the candidate may fall to (default 1: it may not be worse at all).
 *
 * @public
 */
export type SuccessRateOptions = CommonOptions & { readonly drop?: number };

/**
 * A monitor of success. It alerts (`success_rate_drop`) where the evidence that the candidate's rate is below `drop` times the
 * baseline's reaches 100 after any pair, which happens in at most 1 of 100 runs of candidates that are not worse.
 *
 * @returns A monitor `success_rate`. In the summary: `status`, the cells of the table, both rates, the difference and the bounds of it
 *   that hold at every look, and the largest evidence so far, as a logarithm.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @remarks Needs no least number: nine losses and no gain are an alert. A case without its other side counts for nothing.
 * @see EVIDENCE 2.5 and 2.12; X002-10, whose default of 0.98 belongs to a ratio without a test.
 * @public
 */
export function createSuccessRate(options: SuccessRateOptions = {}): BuiltInMonitor {
  const rule = { drop: numberFrom('drop', options.drop ?? 1, [0.01, 1]), severity: severityOf(options) };
  let run = startRun({ total_cases: 0 }, rule.drop);
  return {
    identifier: () => ID,
    start: (context) => {
      run = startRun(context, rule.drop);
    },
    record: (record) => run.take(record),
    finalize: () => run.end(rule.severity),
  };
}

const ID = 'success_rate';
const ENOUGH = -Math.log(ALPHA);

type Run = {
  readonly take: (record: MonitorRecord) => void;
  readonly end: (severity: BuiltInAlert['severity']) => BuiltInSummary;
};

function startRun(context: Pick<MonitorContext, 'total_cases'>, drop: number): Run {
  const passes = createPairedPasses(context);
  const cells = { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
  const factors = factorsOf(drop);
  // Winnings are largest right after a loss of the candidate: all else lowers them, or leaves them.
  let most: Peak = { logE: 0, pairs: 0 };
  let alertedAt: number | undefined;
  const take = (record: MonitorRecord): void => {
    const outcome = passes.take(record);
    if (outcome === undefined) return;
    cells[outcome] += 1;
    if (outcome !== 'onlyBaseline') return;
    const logE = logMeanExp(factors.map((factor) => logWealth(factor, cells)));
    if (logE > most.logE) most = { logE, pairs: pairsOf(cells) };
    if (logE >= ENOUGH) alertedAt ??= pairsOf(cells);
  };
  const end = (severity: BuiltInAlert['severity']): BuiltInSummary => {
    const left = { unpaired: passes.unpaired(), repeats: passes.repeats() };
    if (pairsOf(cells) === 0) return { id: ID, summary: { status: 'nodata', ...left }, alerts: [] };
    const status = alertedAt === undefined ? 'ok' : 'alert';
    const summary = { status, ...left, ...summaryOf(cells, drop), log_e: most.logE } as const;
    if (alertedAt === undefined) return { id: ID, summary, alerts: [] };
    return { id: ID, summary, alerts: [alertOf(cells, { drop, most, alertedAt, severity })] };
  };
  return { take, end };
}

type Peak = { readonly logE: number; readonly pairs: number };

/** ln of what each outcome multiplies a bettor's wealth by. */
type Factor = Readonly<Record<PairOutcome, number>>;

/**
 * Bets on the mean of drop × baseline − candidate, of passes as 1 and 0, being above 0. No value of it is below −1, so that no stake
 * loses more than all.
 */
function factorsOf(drop: number): readonly Factor[] {
  const [both, onlyCandidate, onlyBaseline] = [drop - 1, -1, drop].map((value) => logFactors(value, 0, -1));
  return (both ?? []).map((factor, stake) => ({
    both: factor,
    onlyCandidate: onlyCandidate?.[stake] ?? 0,
    onlyBaseline: onlyBaseline?.[stake] ?? 0,
    neither: 0,
  }));
}

function logWealth(factor: Factor, { both, onlyCandidate, onlyBaseline }: PairedTable): number {
  return both * factor.both + onlyCandidate * factor.onlyCandidate + onlyBaseline * factor.onlyBaseline;
}

function pairsOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): number {
  return both + onlyCandidate + onlyBaseline + neither;
}

function summaryOf(cells: PairedTable, drop: number) {
  const { both, onlyCandidate, onlyBaseline, neither } = cells;
  const pairs = pairsOf(cells);
  const compared = { onlyCandidate, onlyBaseline, same: both + neither };
  return {
    pairs,
    both,
    only_candidate: onlyCandidate,
    only_baseline: onlyBaseline,
    neither,
    baseline_rate: (both + onlyBaseline) / pairs,
    candidate_rate: (both + onlyCandidate) / pairs,
    difference: (onlyCandidate - onlyBaseline) / pairs,
    interval: eProcess(compared, { m: 0, alpha: ALPHA }).confidenceSequence,
    threshold: drop,
  };
}

type AlertOptions = {
  readonly drop: number;
  readonly most: Peak;
  readonly alertedAt: number;
  readonly severity: BuiltInAlert['severity'];
};

function alertOf(cells: PairedTable, { drop, most, alertedAt, severity }: AlertOptions): BuiltInAlert {
  const { pairs, baseline_rate, candidate_rate, difference, interval } = summaryOf(cells, drop);
  const below = drop === 1 ? 'below' : `below ${shown(drop)} times`;
  const message = `success rate ${shown(candidate_rate)} is ${below} the baseline's ${shown(baseline_rate)}, as was shown after ${alertedAt} cases`;
  const p = Math.exp(-most.logE);
  // JSON has no infinity: beyond it the largest number says the same.
  const e = Math.min(Math.exp(most.logE), Number.MAX_VALUE);
  const figures = { baseline_rate, candidate_rate, difference, threshold: drop, alerted_after_pairs: alertedAt };
  return { type: 'success_rate_drop', severity, message, n: pairs, p, e, interval, ...figures };
}
