/**
 * What came of a comparison, for the host: a verdict, reasons that an operator can act on, a few numbers, and the report.
 */
import type { Comparison, ReleaseTrial } from '@bulkhead/host';
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import type { Report, ReportFlip } from '../report/report.ts';
import { clipped, isList } from '../task/json.ts';
import { expectedText } from './expected.ts';
import { callKey, type Gathered } from './gather-cases.ts';
import { shownCall } from './shown-call.ts';

/** Tools that only one of the two releases has. */
export type ToolChanges = { readonly added: readonly string[]; readonly removed: readonly string[] };

/** How far a comparison came. */
export type Compared =
  | { readonly kind: 'no_start'; readonly why: string }
  | {
      readonly kind: 'cases' | 'no_cases';
      readonly gathered: Gathered;
      readonly changes: ToolChanges;
      readonly report?: Report;
    };

type Trial = Pick<ReleaseTrial, 'plugin' | 'to' | 'plan' | 'redact'>;
type WithCases = Extract<Compared, { readonly gathered: Gathered }>;

/** Flips that reasons name, and tools in one sentence. */
const FLIPS_NAMED = 5;
const TOOLS_NAMED = 10;
const TOOLS_LISTED = 200;
const REASON_CHARACTERS_MAX = 600;
/** Of the report as JSON; the port's bound is 4 MiB. */
const REPORT_CHARACTERS_MAX = 3_000_000;
const LIST_CUT = 10;

/** Says it. */
export function toComparison(trial: Trial, compared: Compared): Comparison {
  if (compared.kind === 'no_start') return noStart(trial, compared.why);
  const { report } = compared;
  const lost = removedReasons(trial, compared);
  const uncovered = uncoveredReasons(compared);
  const decided = report?.decision.verdict ?? 'inconclusive';
  const verdict = lost.length > 0 ? 'reject' : decided;
  const reasons = [
    ...lost,
    ...(report === undefined ? [NO_CASES] : decisionReasons(trial, compared, report)),
    ...uncovered,
  ];
  return {
    verdict,
    reasons: reasons.map((reason) => clipped(trial.redact(reason), REASON_CHARACTERS_MAX)),
    summary: summaryOf(compared),
    report: bounded({ ...(report as JsonObject | undefined), cases_from: casesFrom(compared) }), // A report is JSON.
  };
}

const NO_CASES =
  'there is no case to compare the releases on; record calls (PUT /api/v1/plugins/{name}/recording), or give the parameters of the tools a schema with properties';

function noStart({ to, redact }: Trial, why: string): Comparison {
  const reason = clipped(redact(`release ${to} does not start: ${why}`), REASON_CHARACTERS_MAX);
  return { verdict: 'reject', reasons: [reason], summary: { cases: 0 }, report: { cases_from: null } };
}

function removedReasons({ to }: Trial, { changes }: WithCases): readonly string[] {
  const { removed } = changes;
  return removed.length === 0 ? [] : [`release ${to} has no longer ${namedTools(removed)}`];
}

/** How many went worse, then which, the shortest first, which tells most; what the policy says of it comes last. */
function decisionReasons(trial: Trial, { gathered }: WithCases, report: Report): readonly string[] {
  const { verdict, reasons } = report.decision;
  if (verdict !== 'reject') return reasons;
  const worse = report.regressions.length;
  const lead = `${worse} of ${gathered.calls.length} cases went worse on release ${trial.to}, each time they were run`;
  const lost = report.flips.filter(({ kind }) => kind === 'pass_to_fail');
  const shortest = lost.toSorted((one, other) => one.args.length - other.args.length).slice(0, FLIPS_NAMED);
  const flips = shortest.map((flip) => flipLine(trial, gathered, flip));
  return [...(worse > 0 ? [lead] : []), ...flips, ...reasons];
}

function flipLine({ plugin, plan, redact }: Trial, { calls, expected }: Gathered, flip: ReportFlip): string {
  const call = calls[flip.case_index];
  if (call === undefined) return `${flip.case_id}: got ${flip.candidate}`;
  const wanted = expected.get(callKey(call));
  const text = wanted === undefined ? 'an answer' : expectedText(wanted, plan.answers);
  return `${shownCall(plugin, call, redact)}: expected ${text}, got ${clipped(bare(flip.candidate), GOT_CHARACTERS_MAX)}`;
}

const GOT_CHARACTERS_MAX = 200;

/** An answer stands in a report as `{"value": …}`. */
function bare(text: string): string {
  const inner = /^\{"value":(?<value>.*?)(?:\}|…)?$/su.exec(text)?.groups?.['value'];
  return text.startsWith('{"value":') && inner !== undefined ? inner : text;
}

function uncoveredReasons({ gathered, changes }: WithCases): readonly string[] {
  const { withoutCases, calls, expected } = gathered;
  const missing = withoutCases.filter((name) => !changes.removed.includes(name));
  const refused = calls.filter((call) => expected.get(callKey(call))?.kind === 'refused').length;
  return [
    ...(missing.length === 0 || calls.length === 0
      ? []
      : [
          `there is no case for ${namedTools(missing)}; record calls, or give their parameters a schema with properties`,
        ]),
    ...(refused === 0
      ? []
      : [`the live release refuses ${refused} of ${calls.length} cases, of which no values could be compared`]),
  ];
}

function namedTools(names: readonly string[]): string {
  const more = names.length > TOOLS_NAMED ? ` and ${names.length - TOOLS_NAMED} more` : '';
  return `tool${names.length === 1 ? '' : 's'} ${names.slice(0, TOOLS_NAMED).join(', ')}${more}`;
}

function summaryOf({ gathered, changes, report }: WithCases): JsonObject {
  const { calls, recorded, notGenerated, withoutCases, dropped } = gathered;
  const pairs = report?.pairs;
  return {
    ...{ cases: calls.length, recorded, generated: calls.length - recorded },
    ...countsOf(gathered),
    ...{ not_generated: notGenerated.length, without_cases: withoutCases.length },
    ...{ dropped_invalid: dropped.invalid, dropped_unanswered: dropped.unanswered },
    ...{ tools_added: changes.added.length, tools_removed: changes.removed.length },
    ...{ both: pairs?.both ?? 0, only_candidate: pairs?.only_candidate ?? 0 },
    ...{ only_baseline: pairs?.only_baseline ?? 0, neither: pairs?.neither ?? 0 },
    ...{ flips: report?.flip_count ?? 0, regressions: report?.regressions.length ?? 0 },
  };
}

/** Cases by what is expected of them. */
function countsOf({ calls, expected }: Gathered): Readonly<Record<'varies' | 'refused' | 'faults', number>> {
  const of = (kind: string): number => calls.filter((call) => expected.get(callKey(call))?.kind === kind).length;
  return { varies: of('varies'), refused: of('refused'), faults: of('fault') };
}

function casesFrom({ gathered, changes }: WithCases): JsonObject {
  const { calls, recorded, notGenerated, withoutCases, dropped } = gathered;
  return {
    ...{ recorded, generated: calls.length - recorded, ...countsOf(gathered) },
    not_generated: notGenerated.slice(0, TOOLS_LISTED),
    without_cases: withoutCases.slice(0, TOOLS_LISTED),
    dropped: { ...dropped },
    tools: { added: changes.added.slice(0, TOOLS_LISTED), removed: changes.removed.slice(0, TOOLS_LISTED) },
  };
}

/** Cuts the lists of cases where the whole is too long; their numbers stay. */
function bounded(report: JsonObject): JsonObject {
  if (JSON.stringify(report).length <= REPORT_CHARACTERS_MAX) return report;
  const cut = (value: JsonValue): JsonValue => (isList(value) ? value.slice(0, LIST_CUT) : value);
  return Object.fromEntries(Object.entries(report).map(([key, value]) => [key, cut(value)]));
}
