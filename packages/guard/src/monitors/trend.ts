/**
 * Whether executions take longer and longer in the course of a run: the order of the means of blocks, and the slope of all pairs of
 * them, for each side. What both sides show is the machine's.
 */
import type { JsonObject, MonitorRecord } from '@bulkhead/protocol';
import { createBlockMeans, type BlockMeans, type Blocks } from './block-means.ts';
import type { BuiltInAlert, BuiltInMonitor, MonitorStatus } from './monitor.ts';
import type { Interval } from '../statistics/interval.ts';
import { quantileOf } from '../statistics/values/quantiles.ts';
import { mannKendall, theilSen } from '../statistics/values/trend.ts';
import { ALPHA, CONFIDENCE, numberFrom, optionError, severityOf, shown, type CommonOptions } from './settings.ts';

/**
 * `window` is how many durations a block has at first (default 10); `slope`, in milliseconds a case, and `rise`, over the whole run and
 * as a share of the median, are what the lower bound of the slope has to exceed (default 0 and 0.05).
 *
 * @public
 */
export type TrendOptions = CommonOptions & {
  readonly window?: number;
  readonly slope?: number;
  readonly rise?: number;
};

/**
 * A monitor of trends of durations, in the order in which the records come. It alerts (`duration_trend`) where Mann and Kendall's test
 * of the candidate's blocks has p < 0.01 for a rise, and the lower bound of the slope exceeds `slope` and `rise`. It warns where the
 * rise is smaller, or the baseline rises as well. It takes 50 durations a side, in 5 blocks; failed executions are left out.
 *
 * @returns A monitor `trend`. In the summary: `status`, and for both sides blocks, tau, p, slope in ms a case, and interval.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @remarks Constant memory. At most 1,000 blocks, which grow with the run.
 * @see EVIDENCE 2.12; X002-10, whose default slope of 1 ms a case is of a line without a test.
 * @public
 */
export function createTrend(options: TrendOptions = {}): BuiltInMonitor {
  const rule = {
    slope: numberFrom('slope', options.slope ?? 0, [0, 1e9]),
    rise: numberFrom('rise', options.rise ?? 0.05, [0, 1_000]),
    severity: severityOf(options),
  };
  const window = numberFrom('window', options.window ?? 10, [1, 1_000]);
  if (!Number.isInteger(window)) throw optionError('window', window, 'a whole number');
  let series = startSeries(window);
  return {
    identifier: () => ID,
    start: () => {
      series = startSeries(window);
    },
    record: (record) => takeInto(series, record),
    finalize: () => ({ id: ID, ...judge(series, rule) }),
  };
}

const ID = 'trend';
const DURATIONS_MIN = 50;
/** Of fewer blocks no order is unlikely enough: four rise by chance in 1 of 24 runs. */
const BLOCKS_MIN = 5;

type Series = { readonly baseline: BlockMeans; readonly candidate: BlockMeans };

function startSeries(window: number): Series {
  return { baseline: createBlockMeans(window), candidate: createBlockMeans(window) };
}

function takeInto(series: Series, { role, success, duration_ms }: MonitorRecord): void {
  if (success && duration_ms >= 0 && duration_ms < Infinity) series[role].take(duration_ms);
}

type Rule = { readonly slope: number; readonly rise: number; readonly severity: BuiltInAlert['severity'] };
type Finding = Pick<ReturnType<BuiltInMonitor['finalize']>, 'summary' | 'alerts'>;

function judge(series: Series, rule: Rule): Finding {
  const candidate = trendOf(series.candidate.blocks(), rule);
  const baseline = trendOf(series.baseline.blocks(), rule);
  const sides = { baseline: summaryOf(baseline), candidate: summaryOf(candidate), threshold: rule.slope };
  if (candidate === undefined || baseline === undefined) {
    return {
      summary: { status: 'nodata', ...sides, durations_min: DURATIONS_MIN, blocks_min: BLOCKS_MIN },
      alerts: [],
    };
  }
  const status = statusOf(candidate, baseline);
  const alerts = candidate.isSteep ? [alertOf(candidate, rule, baseline.isRising ? 'info' : rule.severity)] : [];
  return { summary: { status, ...sides }, alerts };
}

function statusOf(candidate: Trend, baseline: Trend): MonitorStatus {
  if (!candidate.isRising) return 'ok';
  return candidate.isSteep && !baseline.isRising ? 'alert' : 'warn';
}

type Trend = {
  readonly blocks: number;
  readonly blockSize: number;
  readonly tau: number;
  readonly p: number;
  /** Milliseconds a case, as the interval. */
  readonly slope: number;
  readonly interval: Interval;
  readonly isRising: boolean;
  /** Rising by more than what one cares about. */
  readonly isSteep: boolean;
};

function trendOf({ means, size }: Blocks, rule: Rule): Trend | undefined {
  const durations = means.length * size;
  if (durations < DURATIONS_MIN || means.length < BLOCKS_MIN) return undefined;
  const { tau, p } = mannKendall(means, { alternative: 'greater' });
  const { slope, interval } = theilSen(means, { confidence: CONFIDENCE });
  const lower = interval[0] / size;
  const isRising = p < ALPHA;
  const riseLeast = rule.rise * quantileOf(means, 0.5);
  const isSteep = isRising && lower > rule.slope && lower * durations > riseLeast;
  const perCase: Interval = [lower, interval[1] / size];
  return { blocks: means.length, blockSize: size, tau, p, slope: slope / size, interval: perCase, isRising, isSteep };
}

function summaryOf(trend: Trend | undefined): JsonObject {
  if (trend === undefined) return { blocks: 0 };
  const { blocks, blockSize, tau, p, slope, interval } = trend;
  return { blocks, block_size: blockSize, tau, p, slope_ms_per_case: slope, interval };
}

function alertOf(trend: Trend, rule: Rule, severity: BuiltInAlert['severity']): BuiltInAlert {
  const { blocks, blockSize, slope, interval, p, tau } = trend;
  const rise = `${shown(slope * blocks * blockSize)} ms over the run`;
  const shared = severity === rule.severity ? '' : '; those of the baseline, too, so that it may be the machine';
  const message = `durations of the candidate rise by ${rise}, ${shown(slope)} ms a case${shared}`;
  const figures = { role: 'candidate', slope_ms_per_case: slope, tau, threshold: rule.slope };
  return { type: 'duration_trend', severity, message, n: blocks, p, interval, ...figures };
}
