/**
 * How many times as large the figures of the candidate are: Wilcoxon's signed ranks of the logarithms of the ratios, which asks of
 * each case by itself, so that cases that differ a hundredfold hide nothing (EVIDENCE 2.8, 2.12).
 */
import type { Interval } from '../statistics/interval.ts';
import { hodgesLehmannInterval, signedRankTest } from '../statistics/values/ranks.ts';
import type { JsonObject } from '@bulkhead/protocol';
import type { BuiltInAlert, MonitorStatus, Severity } from './monitor.ts';
import type { FigurePairs, PairedFigures } from './paired-figures.ts';
import { ALPHA, CONFIDENCE, PAIRS_MIN, shown } from './settings.ts';

/** Estimate of the ratio of a case, its interval (each end wrong with chance 0.01), the one-sided p of a ratio of 1, and of how many pairs. */
export type RatioTest = {
  readonly ratio: number;
  readonly interval: Interval;
  readonly p: number;
  readonly n: number;
};

/** Tests pairs, of which there has to be one. */
function testRatio(pairs: FigurePairs): RatioTest {
  const logs = logRatiosOf(pairs);
  const { p, hodgesLehmann } = signedRankTest(logs, { alternative: 'greater' });
  const [lower, upper] = hodgesLehmannInterval(logs, CONFIDENCE);
  return { ratio: Math.exp(hodgesLehmann), interval: [Math.exp(lower), Math.exp(upper)], p, n: logs.length };
}

/** Natural logarithms of candidate over baseline. */
function logRatiosOf(pairs: FigurePairs): readonly number[] {
  const { baseline, candidate } = logFiguresOf(pairs);
  return candidate.map((log, at) => log - (baseline[at] ?? 0));
}

/** Natural logarithms of the figures of both sides. */
export function logFiguresOf(pairs: FigurePairs): {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
} {
  const least = leastOf(pairs);
  const logOf = (figure: number): number => Math.log(Math.max(figure, least));
  return { baseline: Array.from(pairs.baseline, logOf), candidate: Array.from(pairs.candidate, logOf) };
}

/** A 0 has no ratio: it is taken for half the least figure above it, which keeps its rank. */
function leastOf({ baseline, candidate }: FigurePairs): number {
  let least = Infinity;
  for (const side of [baseline, candidate]) {
    for (const figure of side) if (figure > 0 && figure < least) least = figure;
  }
  return least === Infinity ? 1 : least / 2;
}

/** What a monitor of ratios is called in its alerts, and when it alerts. */
export type RatioRule = {
  readonly type: string;
  /** What the figures are, as a sentence begins. */
  readonly subject: string;
  readonly alertRatio: number;
  readonly severity: Severity;
};

/** What comes of figures: `fields` are those of the alert that only this monitor has. */
export type RatioFinding = {
  readonly summary: JsonObject & { readonly status: MonitorStatus };
  readonly alerts: readonly BuiltInAlert[];
};

/** Judges the figures of both sides, of many a sample; `describe` adds what the summary, and the alert, says besides. */
export function judgeRatio(
  figures: PairedFigures,
  rule: RatioRule,
  describe: () => { readonly summary: JsonObject; readonly alert: JsonObject },
): RatioFinding {
  const counts = figures.counts();
  if (counts.pairs < PAIRS_MIN) return { summary: { status: 'nodata', ...counts, pairs_min: PAIRS_MIN }, alerts: [] };
  const test = testRatio(figures.sample());
  const { summary, alert } = describe();
  const status = statusOf(test, rule);
  const found = { ratio: test.ratio, interval: test.interval, p: test.p, threshold: rule.alertRatio };
  return {
    summary: { status, ...counts, tested_pairs: test.n, ...found, ...summary },
    alerts: status === 'alert' ? [{ ...alertOf(test, rule), ...alert }] : [],
  };
}

/** Both have to hold: that it is more at all, and that it is more than what one cares about. */
function statusOf({ p, interval: [lower] }: RatioTest, { alertRatio }: RatioRule): MonitorStatus {
  if (p >= ALPHA) return 'ok';
  return lower > alertRatio ? 'alert' : 'warn';
}

function alertOf(
  { ratio, interval, p, n }: RatioTest,
  { type, subject, alertRatio, severity }: RatioRule,
): BuiltInAlert {
  const range = `${shown(interval[0])} to ${shown(interval[1])}`;
  const message = `${subject} is ${shown(ratio)} times the baseline's (${range}), above ${shown(alertRatio)}`;
  return { type, severity, message, n, p, interval, ratio, threshold: alertRatio };
}
