/**
 * Whether the candidate's times are less even, though they need not be longer on average: by Brown and Forsythe's test of logarithms.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { BuiltInMonitor, MonitorStatus, Severity } from './monitor.ts';
import { createPairedFigures, type FigurePairs, type PairedFigures } from './paired-figures.ts';
import { meanOf, ratioOfMeans } from './ratio-of-means.ts';
import { logFiguresOf, type RatioFinding } from './ratio-test.ts';
import type { Interval } from '../statistics/interval.ts';
import { StatisticsError } from '../statistics/statistics-error.ts';
import { quantileOf } from '../statistics/values/quantiles.ts';
import { brownForsythe } from '../statistics/values/spread.ts';
import { ALPHA, numberFrom, severityOf, shown, type CommonOptions } from './settings.ts';

/**
 * `alert_ratio` is the ratio of spreads above which the candidate has to be shown to be (default 1.05).
 *
 * @public
 */
export type VarianceOptions = CommonOptions & { readonly alert_ratio?: number };

/**
 * A monitor of how far durations lie apart. It alerts (`variance_regression`) where Brown and Forsythe's test of the logarithms has
 * p < 0.01, and the lower bound of the ratio of the mean distances from the median is above `alert_ratio`; with the first alone, and a
 * candidate that spreads more, it warns. It takes 50 pairs; cases that failed on either side are left out.
 *
 * @returns A monitor `variance`.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @remarks Both sides have the same cases, so that where these differ much the test misses more and alarms less than it says. Of more
 *   than 5,000 pairs it takes a sample of so many, the same every time.
 * @see EVIDENCE 2.12; Brown and Forsythe 1974.
 * @public
 */
export function createVariance(options: VarianceOptions = {}): BuiltInMonitor {
  const rule = {
    alertRatio: numberFrom('alert_ratio', options.alert_ratio ?? 1.05, [1, 1_000]),
    severity: severityOf(options),
  };
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

const ID = 'variance';
/** EVIDENCE 2.12. */
const PAIRS_MIN = 50;
const SPREADS_MAX = 5_000;

type Rule = { readonly alertRatio: number; readonly severity: Severity };

function judge(figures: PairedFigures, rule: Rule): RatioFinding {
  const counts = figures.counts();
  if (counts.pairs < PAIRS_MIN) return nodata({ ...counts, pairs_min: PAIRS_MIN });
  const pairs = figures.sample(SPREADS_MAX);
  const test = testSpread(pairs);
  if (test === undefined) return nodata({ ...counts, reason: 'the durations of a side hardly differ' });
  const { ratio, interval, p } = test;
  const n = pairs.baseline.length;
  const status = statusOf(test, rule);
  const found = { ratio, p, threshold: rule.alertRatio };
  const summary = { status, ...counts, tested_pairs: n, ...found, interval: interval ?? null };
  if (status !== 'alert' || interval === undefined) return { summary, alerts: [] };
  const message = `durations spread ${shown(ratio)} times as far as the baseline's, above ${shown(rule.alertRatio)}`;
  const alert = { type: 'variance_regression', severity: rule.severity, message, n, interval, ...found };
  return { summary, alerts: [alert] };
}

function nodata(summary: JsonObject): RatioFinding {
  return { summary: { status: 'nodata', ...summary }, alerts: [] };
}

/** The interval is there only where p asks for it: it takes two thousand resamples. */
type SpreadTest = { readonly ratio: number; readonly p: number; readonly interval: Interval | undefined };

function testSpread(pairs: FigurePairs): SpreadTest | undefined {
  const logs = logFiguresOf(pairs);
  const distances = { baseline: distancesOf(logs.baseline), candidate: distancesOf(logs.candidate) };
  const quotient = meanOf(distances.candidate) / meanOf(distances.baseline);
  const ratio = Number.isFinite(quotient) ? quotient : 1;
  const p = chanceOf(logs);
  if (p === undefined) return undefined;
  if (p >= ALPHA || ratio <= 1) return { ratio, p, interval: undefined };
  return { ratio, p, interval: ratioOfMeans(distances, { level: ALPHA, seed: 'monitor variance' })?.interval };
}

/** p of the test; undefined where distances within each side do not differ, which leaves it nothing to compare with. */
function chanceOf({ baseline, candidate }: ReturnType<typeof logFiguresOf>): number | undefined {
  try {
    return brownForsythe([baseline, candidate]).p;
  } catch (error) {
    if (error instanceof StatisticsError) return undefined;
    throw error;
  }
}

function statusOf({ ratio, p, interval }: SpreadTest, { alertRatio }: Rule): MonitorStatus {
  if (p >= ALPHA || ratio <= 1) return 'ok';
  return interval !== undefined && interval[0] > alertRatio ? 'alert' : 'warn';
}

function distancesOf(logs: readonly number[]): Float64Array {
  const median = quantileOf(logs, 0.5);
  return Float64Array.from(logs, (log) => Math.abs(log - median));
}
