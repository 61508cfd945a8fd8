/**
 * Whether the candidate becomes slower against the baseline in the course of a run, wherever it began: a bet on the rank of each case's
 * ratio among those before it, which knows nothing of how ratios are spread.
 */
import type { Interval } from '../statistics/interval.ts';
import { orderStatisticRanks, quantileOfSorted } from '../statistics/values/quantiles.ts';
import type { BuiltInAlert, BuiltInMonitor, MonitorStatus, Severity } from './monitor.ts';
import { createPairedFigures, sampleOf, type PairedFigures } from './paired-figures.ts';
import { logFiguresOf } from './ratio-test.ts';
import { ALPHA, CONFIDENCE, PAIRS_MIN, numberFrom, severityOf, shown, type CommonOptions } from './settings.ts';

/**
 * `alert_ratio` is how many times as large the ratio has to be after the change as before it (default 1.05).
 *
 * @public
 */
export type DriftOptions = CommonOptions & { readonly alert_ratio?: number };

/**
 * A monitor of changes. With x the natural logarithm of candidate over baseline of each case, in the order of cases, and r its rank among the
 * first i of them (the middle one of equal ones), u = r / (i + 1). Where nothing changes the u are independent, with a mean of 1/2,
 * whatever x is like. R = (1 + R before) · (1 + λ(2u − 1)), averaged over λ of 0.25, 0.5 and 0.75, is the procedure of Shiryaev and
 * Roberts: R minus the number of pairs is then a martingale, so that the average run before R reaches c is c pairs at the least, and
 * the chance of it within n pairs n / c at most. It alerts (`duration_drift`) where R reaches the larger of 100 n and 10,000, and the
 * medians after and before the change differ by `alert_ratio`; with the first alone it warns. It takes 30 pairs.
 *
 * @returns A monitor `drift`. In the summary: `status`, `pairs`, the largest R as a logarithm, and where it is enough the pair that the
 *   change is put at, with the ratio after over before; its interval describes, for the place was chosen by looking.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @remarks Cases that failed on either side are left out. Of more than 10,000 pairs it takes a sample of so many, in their order.
 * @see EVIDENCE 2.12; McDonald 1990, "A cusum procedure based on sequential ranks", Naval Research Logistics 37:627; Pollak 1987 (average
 *   run length); Shin, Ramdas and Rinaldo 2023, "E-detectors".
 * @public
 */
export function createDrift(options: DriftOptions = {}): BuiltInMonitor {
  const alertRatio = numberFrom('alert_ratio', options.alert_ratio ?? 1.05, [1, 1_000]);
  const rule = { alertRatio, severity: severityOf(options) };
  let figures = createPairedFigures({ total_cases: 0 });
  return {
    identifier: () => ID,
    start: (context) => {
      figures = createPairedFigures(context);
    },
    record: (record) => figures.take(record, record.success ? record.duration_ms : undefined),
    finalize: () => ({ id: ID, ...judge(figures, rule) }),
  };
}

const ID = 'drift';
/** Pairs before the first false alarm, on average and at the least (EVIDENCE 2.12). */
const RUN_LENGTH_MIN = 10_000;

type Rule = { readonly alertRatio: number; readonly severity: Severity };
type Finding = Pick<ReturnType<BuiltInMonitor['finalize']>, 'summary' | 'alerts'>;

function judge(figures: PairedFigures, rule: Rule): Finding {
  const counts = figures.counts();
  if (counts.pairs < PAIRS_MIN) return { summary: { status: 'nodata', ...counts, pairs_min: PAIRS_MIN }, alerts: [] };
  const { baseline, candidate } = logFiguresOf(sampleOf(figures.pairs()));
  const logs = candidate.map((log, at) => log - (baseline[at] ?? 0));
  const enough = Math.max(logs.length / ALPHA, RUN_LENGTH_MIN);
  const { most, changedAt } = detect(logs, Math.log(enough));
  const known = { ...counts, tested_pairs: logs.length, log_evidence: most, log_threshold: Math.log(enough) };
  if (most < Math.log(enough)) return { summary: { status: 'ok', ...known }, alerts: [] };
  const change = changeOf(logs, changedAt);
  const status: MonitorStatus = change.ratio > rule.alertRatio ? 'alert' : 'warn';
  const found = {
    changed_at_pair: changedAt,
    ratio: change.ratio,
    interval: change.interval,
    threshold: rule.alertRatio,
  };
  const p = Math.min(1, logs.length * Math.exp(-most));
  return {
    summary: { status, ...known, ...found },
    alerts: status === 'alert' ? [alertOf({ ...change, changedAt, p, n: logs.length }, rule)] : [],
  };
}

const STAKES: readonly number[] = [0.25, 0.5, 0.75];

/** Logarithm of the largest R, and where the bet that made it enough, or the largest, began to win. */
function detect(logs: readonly number[], enough: number): { readonly most: number; readonly changedAt: number } {
  const bets = STAKES.map((stake) => ({ stake, wealth: 0, sum: 0, least: 0, leastAt: 0 }));
  const ranks = createRanks(logs.length);
  let [most, changedAt] = [-Infinity, 0];
  for (const [at, log] of logs.entries()) {
    const score = 2 * ranks.take(log) - 1;
    for (const bet of bets) {
      // The largest double is 1e308, and nothing is to be won beyond it.
      bet.wealth = Math.min((1 + bet.wealth) * (1 + bet.stake * score), Number.MAX_VALUE / STAKES.length / 2);
      bet.sum += Math.log1p(bet.stake * score);
      if (bet.sum < bet.least) [bet.least, bet.leastAt] = [bet.sum, at + 1];
    }
    const evidence = Math.log(bets.reduce((sum, { wealth }) => sum + wealth, 0) / bets.length);
    if (evidence <= most) continue;
    // Once it is enough the place stays: later pairs are compared with those after the change.
    if (most < enough) changedAt = bets.reduce((one, other) => (other.wealth > one.wealth ? other : one)).leastAt;
    most = evidence;
  }
  return { most, changedAt };
}

/** Ranks in order of arrival, each divided by one more than there are by then. */
function createRanks(size: number): { readonly take: (value: number) => number } {
  const sorted = new Float64Array(size);
  let count = 0;
  return {
    take: (value) => {
      const below = placeOf(sorted, count, (one) => one < value);
      const upTo = placeOf(sorted, count, (one) => one <= value);
      sorted.copyWithin(upTo + 1, upTo, count);
      sorted[upTo] = value;
      count += 1;
      return ((below + upTo) / 2 + 1) / (count + 1);
    },
  };
}

/** How many of the first `count` come before the first that does not hold. */
function placeOf(sorted: Float64Array, count: number, holds: (value: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Change = { readonly ratio: number; readonly interval: Interval };

/** The median after over that before; the ends of both intervals are put together at their worst. */
function changeOf(logs: readonly number[], at: number): Change {
  const [before, after] = [logs.slice(0, Math.max(1, at)), logs.slice(Math.max(1, at))].map((part) => medianOf(part));
  if (before === undefined || after === undefined) return { ratio: 1, interval: [0, Number.MAX_VALUE] };
  return {
    ratio: Math.exp(after.median - before.median),
    interval: [Math.exp(after.interval[0] - before.interval[1]), Math.exp(after.interval[1] - before.interval[0])],
  };
}

function medianOf(values: readonly number[]): { readonly median: number; readonly interval: Interval } | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).toSorted();
  const isSure = 0.5 ** sorted.length <= ALPHA;
  const [low, high] = isSure ? orderStatisticRanks(sorted.length, 0.5, CONFIDENCE) : [1, sorted.length];
  return { median: quantileOfSorted(sorted, 0.5), interval: [sorted[low - 1] ?? 0, sorted[high - 1] ?? 0] };
}

type Shown = Change & { readonly changedAt: number; readonly p: number; readonly n: number };

function alertOf({ ratio, interval, changedAt, p, n }: Shown, { alertRatio, severity }: Rule): BuiltInAlert {
  const message = `duration against the baseline is ${shown(ratio)} times as large from pair ${changedAt + 1} of ${n} on as before, above ${shown(alertRatio)}`;
  const figures = { ratio, changed_at_pair: changedAt, threshold: alertRatio };
  return { type: 'duration_drift', severity, message, n, p, interval, ...figures };
}
