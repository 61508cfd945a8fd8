/**
 * Whether more results of the candidate than of the baseline have a mark, such as an address: by McNemar's test of the cases where
 * only one side has it. Counts are kept, and never a text.
 */
import type { JsonObject, MonitorContext, MonitorRecord } from '@bulkhead/protocol';
import { mcnemar } from '../statistics/proportions/mcnemar.ts';
import { newcombePairedInterval } from '../statistics/proportions/paired.ts';
import type { BuiltInAlert, BuiltInMonitor, MonitorStatus, Severity } from './monitor.ts';
import { createPairedPasses } from './paired-passes.ts';
import { textsOf } from './result-texts.ts';
import { ALPHA, CONFIDENCE, PAIRS_MIN, shown } from './settings.ts';

/** What is looked for: `kindsIn` names the marks that a text has. */
export type MarkRule = {
  readonly id: string;
  readonly type: string;
  /** What such a result is, as a sentence goes on after "results with". */
  readonly subject: string;
  readonly severity: Severity;
  readonly kinds: readonly string[];
  readonly kindsIn: (text: string) => readonly string[];
};

/**
 * A monitor of marks. It alerts where the candidate alone has the mark so often that the one-sided exact test has p < 0.01; it warns where
 * both sides have it, or the candidate has it without enough cases to say so. It takes 30 pairs.
 */
export function createMarkedResults(rule: MarkRule): BuiltInMonitor {
  let run = startRun({ total_cases: 0 }, rule);
  return {
    identifier: () => rule.id,
    start: (context) => {
      run = startRun(context, rule);
    },
    record: (record) => run.take(record),
    finalize: () => ({ id: rule.id, ...run.end() }),
  };
}

type Finding = Pick<ReturnType<BuiltInMonitor['finalize']>, 'summary' | 'alerts'>;
type Role = MonitorRecord['role'];

function startRun(
  context: Pick<MonitorContext, 'total_cases'>,
  rule: MarkRule,
): { readonly take: (record: MonitorRecord) => void; readonly end: () => Finding } {
  const passes = createPairedPasses(context);
  const table = { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
  const counts: Readonly<Record<Role, Map<string, number>>> = { baseline: new Map(), candidate: new Map() };
  const take = (record: MonitorRecord): void => {
    const kinds = new Set(textsOf(record.result).flatMap(rule.kindsIn));
    for (const kind of kinds) counts[record.role].set(kind, (counts[record.role].get(kind) ?? 0) + 1);
    const outcome = passes.take({ ...record, success: kinds.size > 0 });
    if (outcome !== undefined) table[outcome] += 1;
  };
  const end = (): Finding => {
    const found = Object.fromEntries(rule.kinds.map((kind) => [kind, countsOf(kind, counts)]));
    return judge(table, rule, { unpaired: passes.unpaired(), repeats: passes.repeats(), kinds: found });
  };
  return { take, end };
}

function countsOf(kind: string, counts: Readonly<Record<Role, ReadonlyMap<string, number>>>): JsonObject {
  return { baseline: counts.baseline.get(kind) ?? 0, candidate: counts.candidate.get(kind) ?? 0 };
}

type Table = Readonly<Record<'both' | 'onlyCandidate' | 'onlyBaseline' | 'neither', number>>;

function judge(table: Table, rule: MarkRule, seen: JsonObject): Finding {
  const pairs = table.both + table.onlyCandidate + table.onlyBaseline + table.neither;
  if (pairs < PAIRS_MIN) return { summary: { status: 'nodata', pairs, ...seen, pairs_min: PAIRS_MIN }, alerts: [] };
  const rates = {
    baseline_rate: (table.both + table.onlyBaseline) / pairs,
    candidate_rate: (table.both + table.onlyCandidate) / pairs,
  };
  const isMore = table.onlyCandidate > table.onlyBaseline;
  const p = isMore ? mcnemar(table).exact / 2 : 1;
  const status = statusOf(p, table);
  const known = { pairs, ...rates, interval: newcombePairedInterval(table, CONFIDENCE), p, ...seen };
  return { summary: { status, ...known }, alerts: status === 'alert' ? [alertOf(known, rule)] : [] };
}

function statusOf(p: number, { both, onlyCandidate }: Table): MonitorStatus {
  if (p < ALPHA) return 'alert';
  return both + onlyCandidate > 0 ? 'warn' : 'ok';
}

type Known = {
  readonly pairs: number;
  readonly baseline_rate: number;
  readonly candidate_rate: number;
  readonly p: number;
  readonly interval: readonly [number, number];
};

function alertOf({ pairs, baseline_rate, candidate_rate, p, interval }: Known, rule: MarkRule): BuiltInAlert {
  const message = `${shown(candidate_rate)} of the candidate's results are ${rule.subject}, and ${shown(baseline_rate)} of the baseline's`;
  return { type: rule.type, severity: rule.severity, message, n: pairs, p, interval, baseline_rate, candidate_rate };
}
