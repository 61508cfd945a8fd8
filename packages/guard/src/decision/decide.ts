/**
 * The decision (EVIDENCE 2.13): a pure function of what was found and of the policy. With the default policy it may be asked after every
 * case, in any order of cases, as often as one likes: its error rate holds over all looks together.
 *
 *   sandbox at fault too often?       ─yes─▶ inconclusive
 *   a case counted at all?            ─no──▶ inconclusive
 *   hard regressions, flips, a rail?  ─yes─▶ reject
 *   shown to be below the bar?        ─yes─▶ reject
 *   beyond a limit of the policy?     ─yes─▶ reject, or inconclusive while cases are to come
 *   a limit that was not measured?    ─yes─▶ inconclusive
 *   no case that the candidate passes?─yes─▶ inconclusive
 *   shown to be above the bar?        ─yes─▶ adopt        else inconclusive, with how many more cases it would take
 *
 * A classic policy asks its gate in place of the bar; it looks once, at the end.
 */
import { tangoInterval } from '../statistics/proportions/paired.ts';
import type { EProcessResult } from '../statistics/looks/e-process.ts';
import { eProcess } from '../statistics/looks/e-process.ts';
import { classicGate } from './classic-gate.ts';
import { clusterEvidence } from './cluster-evidence.ts';
import { casesOf, orderFlips, passRateOf, type Evidence } from './evidence.ts';
import { named, percent } from './figures.ts';
import { checkObjectives, hasObjectives, NO_OBJECTIVES, type PolicyCheck, type PolicyGate } from './objectives.ts';
import { DEFAULT_POLICY, type ClassicPolicy, type EvidencePolicy, type Policy } from './policy.ts';
import { createPromotion, pairsOf, type Promotion } from './promotion.ts';

/**
 * How a decision ends.
 *
 * @public
 */
export type Verdict = 'adopt' | 'reject' | 'inconclusive';

/**
 * A verdict, with why in sentences, the most important first. `adopt` is the verdict as a boolean. `evidence` is what the rule
 * looked at last; undefined where no case counted. With planned looks its `promote` and bounds are the design's, and `logE` only describes. `casesNeeded` is how many more it would take at the rates seen so far.
 *
 * `policyChecks` are the policy's objectives, each with what was measured; empty where it has none. `alphaSpent` is the error that was spent to come here: all of it for a rule that holds at
 * every look.
 *
 * @public
 */
export type Decision = {
  readonly verdict: Verdict;
  readonly adopt: boolean;
  readonly reasons: readonly string[];
  readonly evidence: EProcessResult | undefined;
  readonly casesNeeded: number | undefined;
  readonly policyChecks: readonly PolicyCheck[];
  readonly alphaSpent: number;
};

/** What a policy gate says where all its checks passed (X002-8). */
const MEETS_POLICY_GATE = 'meets_policy_gate';

/**
 * Decides.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a count is not whole, a cluster's difference not from −1 to 1, or looks are not as
 *   the policy plans them.
 * @public
 */
export function decide(found: Evidence, policy: Policy = DEFAULT_POLICY): Decision {
  return createDecider(policy)(found);
}

/**
 * Prepares {@link decide} for one policy: bounds of planned looks are computed once, for whoever looks often.
 *
 * @public
 */
export function createDecider(policy: Policy): (found: Evidence) => Decision {
  const judge = policy.kind === 'classic' ? judgeClassic(policy) : judgeEvidence(policy);
  return (found) => {
    const unhealthy = unhealthyReason(found, policy);
    if (unhealthy !== undefined) return ended('inconclusive', [unhealthy]);
    if (casesOf(found.cases) === 0) return ended('inconclusive', ['no case was judged; there is nothing to decide on']);
    return unlessNothingPasses(found, judge(found));
  };
}

/** Two sides that fail alike are equal, and say nothing for the candidate: both may be misspelt, or the task may accept nothing. */
function unlessNothingPasses({ cases, isInterim = false }: Evidence, decision: Decision): Decision {
  if (cases.both + cases.onlyCandidate > 0) return decision;
  const reason = `neither side passes any of the ${casesOf(cases)} cases, so that nothing speaks for the candidate; expected a baseline that works: see that both export the function that is called, and that the task accepts a right answer`;
  if (decision.adopt) return { ...decision, verdict: 'inconclusive', adopt: false, reasons: [reason] };
  // Of an evaluation that ended before its last case that is the reason: more cases at these rates would show nothing either.
  const isWhy = isInterim && cases.onlyBaseline === 0 && decision.verdict === 'inconclusive';
  return isWhy ? { ...decision, reasons: [reason], casesNeeded: undefined } : decision;
}

function unhealthyReason(
  { executions, sandboxFailures }: Evidence,
  { sandboxFailuresMax }: Policy,
): string | undefined {
  if (sandboxFailures <= executions * sandboxFailuresMax) return undefined;
  const allowed = percent(sandboxFailuresMax);
  return `the sandbox failed in ${sandboxFailures} of ${executions} executions, expected at most ${allowed}; see \`bulkhead doctor\``;
}

function judgeEvidence(policy: EvidencePolicy): (found: Evidence) => Decision {
  const promotionOf = createPromotion(policy);
  return (found) => {
    const promotion = promotionOf(found);
    const limits = limitsOf(found, policy, promotion);
    const { evidence, alphaSpent } = promotion;
    const known = { evidence, alphaSpent, policyChecks: limits.checks };
    const objections = [...regressionReasons(found, policy), ...flipReasons(found, policy), ...railReasons(found)];
    if (objections.length > 0) return ended('reject', [...objections, ...limits.failures], known);
    if (promotion.verdict === 'reject') return ended('reject', [promotion.reason, ...limits.failures], known);
    const reasons = [...limits.failures, ...limits.unmeasured, promotion.reason];
    if (limits.failures.length > 0) {
      const isInterim = found.isInterim ?? (found.looks !== undefined && !promotion.isLast);
      return ended(isInterim ? 'inconclusive' : 'reject', reasons, known);
    }
    if (limits.unmeasured.length > 0) return ended('inconclusive', reasons, known);
    if (promotion.verdict === 'adopt') return ended('adopt', [...reasons, ...met(policy)], known);
    return { ...ended('inconclusive', reasons, known), casesNeeded: promotion.casesNeeded };
  };
}

/** Pass rate first, in the classical gate's words, then the policy gate. */
function limitsOf(found: Evidence, policy: EvidencePolicy, { evidence }: Promotion): PolicyGate {
  const gate = gateOf(found, policy, evidence.confidenceSequence[0]);
  const passRate = passRateOf(found);
  const { minPassRate } = policy;
  if (minPassRate === undefined || !(passRate < minPassRate)) return gate;
  const tooLow = `Pass rate too low: ${passRate.toFixed(3)} < ${minPassRate}`;
  return { ...gate, failures: [tooLow, ...gate.failures] };
}

function gateOf(found: Evidence, { objectives }: Policy, deltaLower: number): PolicyGate {
  const { totals } = found;
  return checkObjectives(objectives, {
    ...NO_OBJECTIVES,
    ...found.objectives,
    violations: totals && totals.propertyViolations + totals.relationViolations,
    passRate: passRateOf(found),
    delta: deltaLower,
  });
}

function met({ objectives }: Policy): readonly string[] {
  return hasObjectives(objectives) ? [MEETS_POLICY_GATE] : [];
}

function regressionReasons({ hardRegressions }: Evidence, { hard }: EvidencePolicy): readonly string[] {
  if (hardRegressions.length === 0 || hard === 'count') return [];
  const names = hardRegressions.map(({ kind, broken, caseId }) => `${kind} "${broken}" on ${caseId}`);
  return [`the candidate breaks what the baseline keeps: ${named(names)}`];
}

function flipReasons({ cases, flips = [] }: Evidence, { flipsMax = Infinity }: EvidencePolicy): readonly string[] {
  const lost = cases.onlyBaseline;
  if (lost <= flipsMax) return [];
  const names = orderFlips(flips)
    .filter(({ kind }) => kind === 'pass_to_fail')
    .map(({ caseId }) => caseId);
  const which = names.length === 0 ? '' : `: ${named(names, lost)}`;
  return [
    `${lost} cases that the baseline passes fail with the candidate, above the ${flipsMax} that the policy lets pass${which}`,
  ];
}

function railReasons({ alerts }: Evidence): readonly string[] {
  return alerts
    .filter(({ severity }) => severity === 'block')
    .map(({ monitor, message }) => `monitor "${monitor}" blocks: ${message}`);
}

function judgeClassic(policy: ClassicPolicy): (found: Evidence) => Decision {
  return (found) => {
    const { totals, isInterim = false } = found;
    const evidence = classicBounds(found, policy);
    if (isInterim) {
      return ended('inconclusive', ['the classical gate looks once, at the end; go on to the last case'], { evidence });
    }
    if (totals === undefined) {
      const reason =
        'violations of the candidate were not counted, and the classical gate asks for them; hand over `totals`';
      return ended('inconclusive', [reason], { evidence });
    }
    const deltaLower = totals.deltaLower ?? evidence.confidenceSequence[0];
    const classic = classicGate({ ...totals, deltaLower }, policy);
    const gate = gateOf(found, policy, deltaLower);
    const known = { evidence, alphaSpent: policy.alpha, policyChecks: gate.checks };
    const objections = [...(classic.adopt ? [] : [classic.reason]), ...gate.failures, ...railReasons(found)];
    if (objections.length > 0) return ended('reject', objections, known);
    if (gate.unmeasured.length > 0) return ended('inconclusive', gate.unmeasured, known);
    return ended('adopt', [classic.reason, ...met(policy)], known);
  };
}

/** Tango's bounds of the cases, or those of the bet over clusters; each at half of the policy's alpha. */
function classicBounds({ cases, clusters }: Evidence, { minDelta, alpha }: ClassicPolicy): EProcessResult {
  const rule = { m: minDelta, alpha: alpha / 2 };
  if (clusters !== undefined) {
    const { logE, promote, confidenceSequence } = clusterEvidence(clusters, rule);
    return { logE, promote, confidenceSequence };
  }
  const pairs = pairsOf(cases);
  const confidenceSequence = tangoInterval({ ...pairs, n: casesOf(cases) }, 1 - alpha);
  return { logE: eProcess(pairs, rule).logE, promote: confidenceSequence[0] >= minDelta, confidenceSequence };
}

function ended(
  verdict: Verdict,
  reasons: readonly string[],
  known: Partial<Pick<Decision, 'evidence' | 'policyChecks' | 'alphaSpent'>> = {},
): Decision {
  const nothing = { evidence: undefined, casesNeeded: undefined, policyChecks: [], alphaSpent: 0 };
  return { ...nothing, verdict, adopt: verdict === 'adopt', reasons, ...known };
}
