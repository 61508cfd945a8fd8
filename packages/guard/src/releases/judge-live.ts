/**
 * What live calls say of a release that took the place of another: after each call, at an error rate that holds over all looks together.
 *
 * Two kinds of counts come, and each has the test that is sound for it:
 *
 *   pairs alone        the e-process of EVIDENCE 2.5 on the differences of pairs.
 *   unpaired calls too what the candidate was called for in all, against the rate of the release before. Pairs of a release in service
 *                      are those that it failed and the one before was asked again: taken by themselves they would only ever speak
 *                      against it, so they count among its calls and no more.
 */
import type { FailureCount, GatePlan, LiveCounts, LiveVerdict, PairCounts } from '@bulkhead/host';
import type { Policy } from '../decision/policy.ts';
import { percent } from '../decision/figures.ts';
import { eProcess, logFactors, logMeanExp } from '../statistics/looks/e-process.ts';
import { clopperPearsonInterval } from '../statistics/proportions/proportions.ts';
import { readTrialPolicy } from './trial-policy.ts';

/** How much worse may be let pass, and how often an equal release may be called worse, over all looks. */
type Rule = { readonly margin: number; readonly alpha: number; readonly flipsMax: number };

/**
 * Judges.
 *
 * The policy's alpha bounds the chance that a release which is not worse by more than the margin is ever called `worse`, and is
 * shared: a half is for pairs; of the other half, one half is for the interval of the rate before (Clopper and Pearson, one-sided, taken
 * once, of calls that had ended before), the other for the e-process of the calls since then against its upper end plus the margin. `no_worse` has an alpha of its
 * own, shared alike. Where nothing was called before, the calls that it stood in for say how often it fails, by a sequence that holds at every look; where
 * there are none either, its rate may be anything, and nothing is worse. `flips_max` is the policy's own count and has no error rate.
 *
 * @throws {GuardError} `POLICY_INVALID`; {StatisticsError} where a count is no whole number.
 * @see EVIDENCE 2.5; Waudby-Smith and Ramdas (arXiv 2010.09686); Clopper and Pearson 1934.
 */
export function judgeLive({ pairs, unpaired, before }: LiveCounts, plan: GatePlan): LiveVerdict {
  const rule = ruleOf(readTrialPolicy(plan.policy));
  const paired = pairs.both + pairs.only_candidate + pairs.only_baseline + pairs.neither;
  if (paired + unpaired.calls === 0) return { verdict: 'unsettled', reason: 'no call has ended yet' };
  const lost = `${pairs.only_baseline} of ${paired} calls failed that the release before served`;
  if (pairs.only_baseline > rule.flipsMax) {
    return { verdict: 'worse', reason: `${lost}, above the ${rule.flipsMax} that the policy lets pass` };
  }
  return unpaired.calls === 0
    ? judgePairs(pairs, rule, lost)
    : judgeAll({ all: allOf(pairs, unpaired), before, standIn: standInOf(pairs) }, rule, lost);
}

/** A policy of superiority lets as little pass as it asks for: in service nobody has to show a gain. */
function ruleOf(policy: Policy): Rule {
  if (policy.kind === 'classic') {
    return { margin: Math.abs(policy.minDelta), alpha: policy.alpha / 2, flipsMax: Infinity };
  }
  return { margin: Math.abs(policy.bar), alpha: policy.alpha, flipsMax: policy.flipsMax ?? Infinity };
}

function judgePairs(pairs: PairCounts, { margin, alpha }: Rule, lost: string): LiveVerdict {
  const { both, only_candidate: won, only_baseline: fell, neither } = pairs;
  const same = both + neither;
  if (isShown([fell, same, won], margin, alpha / 2)) return { verdict: 'worse', reason: lost };
  if (isShown([won, same, fell], -margin, alpha / 2)) {
    return { verdict: 'no_worse', reason: `${lost}: the release is not worse by ${percent(margin)}` };
  }
  return { verdict: 'unsettled', reason: `${lost}; more calls will tell` };
}

/** Whether pairs, of 1, 0 and -1 so many, are shown to be above `m` in the mean: what `eProcess` promotes, without its bounds, which take longer. */
function isShown([above, same, below]: readonly [number, number, number], m: number, alpha: number): boolean {
  const [win, even, loss] = [logFactors(1, m, -1), logFactors(0, m, -1), logFactors(-1, m, -1)];
  const wealth = win.map((factor, index) => above * factor + same * (even[index] ?? 0) + below * (loss[index] ?? 0));
  return logMeanExp(wealth) >= -Math.log(alpha);
}

type Rates = { readonly all: FailureCount; readonly before: FailureCount; readonly standIn: FailureCount };

/** Calls that the release before was asked again, and how many of them it failed as well. */
function standInOf({ only_baseline, neither }: PairCounts): FailureCount {
  return { calls: only_baseline + neither, failed: neither };
}

/**
 * Bounds of the rate at which the release before fails: of its own calls, or, where it had none, of those that it stood in for, whose
 * number grows from look to look, so that theirs is a sequence that holds at all of them.
 */
function rateBefore({ before, standIn }: Rates, alpha: number): readonly [number, number] {
  if (before.calls > 0) return clopperPearsonInterval(before.failed, before.calls, 1 - alpha / 2);
  if (standIn.calls === 0) return [0, 1];
  const counts = { onlyCandidate: standIn.failed, same: standIn.calls - standIn.failed, onlyBaseline: 0 };
  const [, upper] = eProcess(counts, { m: 0, alpha: alpha / 4 }).confidenceSequence;
  return [0, Math.min(1, upper)];
}

function judgeAll(rates: Rates, { margin, alpha }: Rule, lost: string): LiveVerdict {
  const { all, before } = rates;
  const [lower, upper] = rateBefore(rates, alpha);
  const told = `${all.failed} of ${all.calls} calls failed, and ${before.failed} of ${before.calls} of the release before`;
  const served = all.calls - all.failed;
  if (isAbove({ hits: all.failed, misses: served }, upper + margin, alpha / 4)) {
    return { verdict: 'worse', reason: lost.startsWith('0 ') ? told : `${lost}; in all, ${told}` };
  }
  if (isAbove({ hits: served, misses: all.failed }, 1 - lower - margin, alpha / 4)) {
    return { verdict: 'no_worse', reason: `${told}: the release is not worse by ${percent(margin)}` };
  }
  return { verdict: 'unsettled', reason: `${told}; more calls will tell` };
}

function allOf({ both, only_candidate, only_baseline, neither }: PairCounts, unpaired: FailureCount): FailureCount {
  return {
    calls: both + only_candidate + only_baseline + neither + unpaired.calls,
    failed: only_baseline + neither + unpaired.failed,
  };
}

/** Whether hits are shown to be more often than a share: the bet of EVIDENCE 2.5 on numbers that are 0 or 1, whose order does not matter. */
function isAbove(
  { hits, misses }: { readonly hits: number; readonly misses: number },
  share: number,
  alpha: number,
): boolean {
  if (!(share > 0 && share < 1)) return false;
  const [hit, miss] = [logFactors(1, share, 0), logFactors(0, share, 0)];
  const wealth = hit.map((factor, index) => hits * factor + misses * (miss[index] ?? 0));
  return logMeanExp(wealth) >= -Math.log(alpha);
}
