/**
 * The decision (EVIDENCE 2.13): a pure function of what was found and of the policy. It may be asked after every case, in any
 * order of cases, as often as one likes: its error rate holds over all looks together.
 *
 *   sandbox at fault too often? ─yes─▶ inconclusive
 *   a case counted at all?      ─no──▶ inconclusive
 *   hard regressions?           ─yes─▶ reject
 *   a rail that blocks?         ─yes─▶ reject
 *   shown to be above the bar?  ─yes─▶ adopt
 *   shown to be below the bar?  ─yes─▶ reject        else inconclusive, with how many more cases it would take
 */
import { eProcess, pairsUntilPromotion, type EProcessResult } from '../statistics/looks/e-process.ts';
import type { PairedTable } from '../statistics/pairs.ts';
import { casesOf, type Evidence } from './evidence.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';

/**
 * How a decision ends.
 *
 * @public
 */
export type Verdict = 'adopt' | 'reject' | 'inconclusive';

/**
 * A verdict, with why in sentences, the most important first. `adopt` is the verdict as a boolean. `evidence` is what the rule
 * looked at last; undefined where no case counted. `casesNeeded` is how many more it would take at the rates seen so far.
 *
 * @public
 */
export type Decision = {
  readonly verdict: Verdict;
  readonly adopt: boolean;
  readonly reasons: readonly string[];
  readonly evidence: EProcessResult | undefined;
  readonly casesNeeded: number | undefined;
};

/** Regressions that a reason names; the rest is counted. */
const NAMED_MAX = 5;

/**
 * Decides.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a count is not whole.
 * @public
 */
export function decide(found: Evidence, policy: Policy = DEFAULT_POLICY): Decision {
  const unhealthy = unhealthyReason(found, policy);
  if (unhealthy !== undefined) return ended('inconclusive', [unhealthy]);
  if (casesOf(found.cases) === 0) return ended('inconclusive', ['no case was judged; there is nothing to decide on']);
  const evidence = eProcess(pairsOf(found.cases), { m: policy.bar, alpha: policy.alpha });
  const objections = [...regressionReasons(found), ...railReasons(found)];
  if (objections.length > 0) return ended('reject', objections, evidence);
  return byEvidence(found.cases, policy, evidence);
}

function unhealthyReason(
  { executions, sandboxFailures }: Evidence,
  { sandboxFailuresMax }: Policy,
): string | undefined {
  if (sandboxFailures <= executions * sandboxFailuresMax) return undefined;
  const allowed = percent(sandboxFailuresMax);
  return `the sandbox failed in ${sandboxFailures} of ${executions} executions, expected at most ${allowed}; see \`bulkhead doctor\``;
}

function regressionReasons({ hardRegressions }: Evidence): readonly string[] {
  const named = hardRegressions
    .slice(0, NAMED_MAX)
    .map(({ kind, broken, caseId }) => `${kind} "${broken}" on ${caseId}`);
  const rest = hardRegressions.length - named.length;
  const more = rest > 0 ? `, and ${rest} more` : '';
  return named.length === 0 ? [] : [`the candidate breaks what the baseline keeps: ${named.join(', ')}${more}`];
}

function railReasons({ alerts }: Evidence): readonly string[] {
  return alerts
    .filter(({ severity }) => severity === 'block')
    .map(({ monitor, message }) => `monitor "${monitor}" blocks: ${message}`);
}

function byEvidence(cases: PairedTable, policy: Policy, evidence: EProcessResult): Decision {
  const { bar, alpha } = policy;
  const [lower, upper] = evidence.confidenceSequence;
  const seen = `after ${casesOf(cases)} cases the difference of pass rates is from ${points(lower)} to ${points(upper)}`;
  if (evidence.promote) return ended('adopt', [`${seen}, above the bar of ${points(bar)}`], evidence);
  if (upper < bar) return ended('reject', [`${seen}, below the bar of ${points(bar)}`], evidence);
  const casesNeeded = pairsUntilPromotion({ ...pairsOf(cases), m: bar, alpha });
  const outlook =
    casesNeeded === undefined
      ? 'at these rates no number of cases would show that it is above'
      : `at these rates about ${casesNeeded} more cases would show it`;
  const reason = `${seen}, and the bar of ${points(bar)} is between: ${outlook}`;
  return { ...ended('inconclusive', [reason], evidence), casesNeeded };
}

function ended(verdict: Verdict, reasons: readonly string[], evidence?: EProcessResult): Decision {
  return { verdict, adopt: verdict === 'adopt', reasons, evidence, casesNeeded: undefined };
}

function pairsOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): Parameters<typeof eProcess>[0] {
  return { onlyCandidate, onlyBaseline, same: both + neither };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** Differences of rates are told in points of a hundred. */
function points(difference: number): string {
  return `${Number((difference * 100).toFixed(2))} points`;
}
