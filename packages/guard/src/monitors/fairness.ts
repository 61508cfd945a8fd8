/**
 * Whether the candidate succeeds less often for one group of cases than for another: each pair of groups is compared, with Holm's
 * correction for their number, and a gap that the baseline has as well is told apart from one that the candidate brings.
 */
import type { JsonObject, MonitorContext, MonitorRecord } from '@bulkhead/protocol';
import type { BuiltInAlert, BuiltInMonitor, BuiltInSummary, Severity } from './monitor.ts';
import { createGroupTables, type GroupTables } from './group-tables.ts';
import type { Interval } from '../statistics/interval.ts';
import type { PairedTable } from '../statistics/pairs.ts';
import { holm } from '../statistics/looks/multiplicity.ts';
import { newcombePairedInterval } from '../statistics/proportions/paired.ts';
import { newcombeInterval } from '../statistics/proportions/proportions.ts';
import { ALPHA, fieldName, numberFrom, severityOf, shown, type CommonOptions } from './settings.ts';

/**
 * `field` of a result names the group of its case (default `group`); `max_gap` is the difference of success rates that is borne
 * (default 0.05).
 *
 * @public
 */
export type FairnessOptions = CommonOptions & { readonly max_gap?: number; readonly field?: string };

/**
 * A monitor of gaps between groups. It alerts (`fairness_gap`) for each two groups whose gap is shown to exceed `max_gap` for the
 * candidate, with Newcombe's interval and Holm's correction at 0.01, and to have grown against the baseline; where only the first is
 * shown, the alert is `info` and the status `warn`.
 *
 * @returns A monitor `fairness`. In the summary: `status`, the rates of each group, how many pairs of groups were compared, and the
 *   widest gap with its interval.
 * @throws {GuardError} `MONITOR_INVALID` where an option is out of its range.
 * @remarks A group takes 30 cases with both sides. Groups are those that results of the baseline name, at most 30; cases of others
 *   are counted and left out, as are those without a group. Where the baseline failed and names none, the candidate's word counts.
 * @see EVIDENCE 2.12; Newcombe 1998, Statistics in Medicine 17:873; X002-10.
 * @public
 */
export function createFairness(options: FairnessOptions = {}): BuiltInMonitor {
  const rule = {
    maxGap: numberFrom('max_gap', options.max_gap ?? 0.05, [0, 0.99]),
    field: fieldName('field', options.field ?? 'group'),
    severity: severityOf(options),
  };
  let tables = createGroupTables({ total_cases: 0 }, rule.field);
  return {
    identifier: () => ID,
    start: (context: MonitorContext) => {
      tables = createGroupTables(context, rule.field);
    },
    record: (record: MonitorRecord) => tables.take(record),
    finalize: () => judge(tables, rule),
  };
}

const ID = 'fairness';
/** EVIDENCE 2.12. */
const CASES_MIN = 30;

type Rule = { readonly maxGap: number; readonly severity: Severity };
type Group = { readonly name: string; readonly table: PairedTable; readonly cases: number; readonly rate: number };
type Comparison = { readonly high: Group; readonly low: Group; readonly gap: number; readonly p: number };

function judge(tables: GroupTables, rule: Rule): BuiltInSummary {
  const groups = [...tables.groups()].map(([name, table]) => groupOf(name, table));
  const compared = comparisonsOf(groups.filter(({ cases }) => cases >= CASES_MIN));
  const known = { groups: groups.map(summaryOf), ...tables.leftOut(), threshold: rule.maxGap };
  if (compared.length === 0) {
    return { id: ID, summary: { status: 'nodata', ...known, cases_min: CASES_MIN }, alerts: [] };
  }
  const ps = holm(compared.map((comparison) => pOf(comparison, rule.maxGap)));
  const adjusted = compared.map((comparison, at) => ({ ...comparison, p: ps[at] ?? 1 }));
  const shownGaps = adjusted.filter(({ p }) => p < ALPHA).toSorted((one, other) => one.p - other.p);
  const alerts = shownGaps.map((comparison) => alertOf(comparison, rule, shownGaps.length));
  const status = statusOf(alerts);
  return { id: ID, summary: { status, ...known, comparisons: compared.length, widest: widestOf(compared) }, alerts };
}

function statusOf(alerts: readonly BuiltInAlert[]): 'alert' | 'warn' | 'ok' {
  if (alerts.some((alert) => alert['is_new'] === true)) return 'alert';
  return alerts.length > 0 ? 'warn' : 'ok';
}

function groupOf(name: string, table: PairedTable): Group {
  const passes = table.both + table.onlyCandidate;
  const cases = passes + table.onlyBaseline + table.neither;
  return { name, table, cases, rate: cases === 0 ? 0 : passes / cases };
}

function summaryOf({ name, table, cases, rate }: Group): JsonObject {
  const baseline = table.both + table.onlyBaseline;
  return { group: name, cases, candidate_rate: rate, baseline_rate: cases === 0 ? 0 : baseline / cases };
}

/** Each two groups, the one with the higher rate first. */
function comparisonsOf(groups: readonly Group[]): readonly Omit<Comparison, 'p'>[] {
  return groups.flatMap((one, at) =>
    groups.slice(at + 1).map((other) => {
      const [high, low] = one.rate >= other.rate ? [one, other] : [other, one];
      return { high, low, gap: high.rate - low.rate };
    }),
  );
}

/** The level at which the interval of the gap begins to hold the largest one that is borne; two-sided, for which is higher was seen first. */
function pOf(pair: Omit<Comparison, 'p'>, maxGap: number): number {
  if (pair.gap <= maxGap) return 1;
  let [refused, held] = [P_LEAST, 1];
  if (gapInterval(pair, refused)[0] > maxGap) return P_LEAST;
  while (held / refused > P_STEP) {
    const middle = Math.sqrt(held * refused);
    if (gapInterval(pair, middle)[0] > maxGap) held = middle;
    else refused = middle;
  }
  return held;
}

/** Below this a p says nothing more, and to such a factor it is found, from above. */
const P_LEAST = 1e-12;
const P_STEP = 1.001;

function gapInterval({ high, low }: Omit<Comparison, 'p'>, level: number): Interval {
  return newcombeInterval(passesOf(high), high.cases, passesOf(low), low.cases, 1 - level);
}

function passesOf({ table }: Group): number {
  return table.both + table.onlyCandidate;
}

function alertOf(comparison: Comparison, rule: Rule, alerts: number): BuiltInAlert {
  const { high, low, gap, p } = comparison;
  const interval = gapInterval(comparison, ALPHA);
  const change = changeInterval(comparison, ALPHA / alerts);
  const isNew = change[0] > 0;
  const known = isNew ? '' : "; it is not shown to be wider than the baseline's";
  const message = `success rate is ${shown(high.rate)} for ${JSON.stringify(high.name)} and ${shown(low.rate)} for ${JSON.stringify(low.name)}, a gap above ${shown(rule.maxGap)}${known}`;
  const figures = {
    group_high: high.name,
    group_low: low.name,
    gap,
    threshold: rule.maxGap,
    is_new: isNew,
    change_interval: change,
  };
  const severity = isNew ? rule.severity : 'info';
  return { type: 'fairness_gap', severity, message, n: high.cases + low.cases, p, interval, ...figures };
}

/**
 * By how much more the candidate helps the one group than the other, candidate − baseline within each by pairs; the two intervals are
 * put together by squares, as groups have no case in common.
 *
 * @see Zou and Donner 2008, "Construction of confidence limits about effect measures" (MOVER).
 */
function changeInterval({ high, low }: Comparison, level: number): Interval {
  const [one, other] = [changeOf(high, level), changeOf(low, level)];
  const change = one.change - other.change;
  return [
    change - Math.hypot(one.change - one.interval[0], other.interval[1] - other.change),
    change + Math.hypot(one.interval[1] - one.change, other.change - other.interval[0]),
  ];
}

function changeOf({ table, cases }: Group, level: number): { readonly change: number; readonly interval: Interval } {
  const change = (table.onlyCandidate - table.onlyBaseline) / cases;
  return { change, interval: newcombePairedInterval(table, 1 - level) };
}

function widestOf(compared: readonly Omit<Comparison, 'p'>[]): JsonObject {
  const widest = compared.reduce((most, each) => (each.gap > most.gap ? each : most));
  const { high, low, gap } = widest;
  return { group_high: high.name, group_low: low.name, gap, interval: gapInterval(widest, ALPHA) };
}
