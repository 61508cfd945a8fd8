/**
 * Whether the pass rates show that a candidate is above the bar of its policy: by the e-process of the cases, by that of their clusters, or at
 * planned looks. Clusters are always judged by theirs, whatever looks a policy plans: it is valid at those as well.
 */
import type { Interval } from '../statistics/interval.ts';
import { eProcess, pairsUntilPromotion, type EProcessResult } from '../statistics/looks/e-process.ts';
import type { ComparedPairs, PairedTable } from '../statistics/pairs.ts';
import { inputError } from '../statistics/statistics-error.ts';
import { clusterEvidence } from './cluster-evidence.ts';
import { casesOf, type Evidence } from './evidence.ts';
import { points } from './figures.ts';
import { createDesign, repeatedInterval, type Design } from './planned-looks.ts';
import type { EvidencePolicy } from './policy.ts';

/** What the pass rates say. `canGoOn` is false at the last of planned looks. */
export type Promotion = {
  readonly verdict: 'adopt' | 'reject' | 'inconclusive';
  readonly reason: string;
  readonly evidence: EProcessResult;
  readonly casesNeeded: number | undefined;
  readonly alphaSpent: number;
  readonly isLast: boolean;
};

/** Prepares the rule of a policy; what it needs is computed once. At least one case must count. */
export function createPromotion(policy: EvidencePolicy): (found: Evidence) => Promotion {
  const { looks } = policy;
  const byPairs = (found: Evidence): Promotion =>
    found.clusters === undefined ? byCases(found, policy) : byClusters(found, found.clusters, policy);
  if (looks.kind === 'every_pair') return byPairs;
  if (looks.kind === 'adaptive') return (found) => notBefore(looks.min, found, byPairs(found));
  const design = createDesign(looks, policy.alpha);
  return (found) => (found.clusters === undefined ? byDesign(found, policy, design) : byPairs(found));
}

/** Pairs as the e-process counts them. */
export function pairsOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): ComparedPairs {
  return { onlyCandidate, onlyBaseline, same: both + neither };
}

function byCases({ cases }: Evidence, { bar, alpha }: EvidencePolicy): Promotion {
  const rule = { m: bar, alpha };
  const evidence = eProcess(pairsOf(cases), rule);
  const seen = `after ${casesOf(cases)} cases`;
  const judged = judge(evidence, { bar, seen, alphaSpent: alpha });
  if (judged.verdict !== 'inconclusive') return judged;
  return withOutlook(judged, pairsUntilPromotion({ ...pairsOf(cases), ...rule }));
}

function byClusters({ cases }: Evidence, clusters: readonly number[], { bar, alpha }: EvidencePolicy): Promotion {
  const { clustersNeeded, ...evidence } = clusterEvidence(clusters, { m: bar, alpha });
  const seen = `after ${casesOf(cases)} cases in ${clusters.length} clusters`;
  const judged = judge(evidence, { bar, seen, alphaSpent: alpha });
  if (judged.verdict !== 'inconclusive') return judged;
  const each = casesOf(cases) / Math.max(1, clusters.length);
  return withOutlook(judged, clustersNeeded === undefined ? undefined : Math.ceil(clustersNeeded * each));
}

function notBefore(min: number, { cases }: Evidence, promotion: Promotion): Promotion {
  const seen = casesOf(cases);
  if (seen >= min) return promotion;
  const evidence = { ...promotion.evidence, promote: false };
  const reason = `after ${seen} cases nothing is decided; the policy looks first after ${min}`;
  return { ...promotion, evidence, verdict: 'inconclusive', reason, casesNeeded: min - seen };
}

function byDesign({ cases, looks }: Evidence, policy: EvidencePolicy, design: Design): Promotion {
  const { bar, alpha } = policy;
  const counted = casesOf(cases);
  const { logE } = eProcess(pairsOf(cases), { m: bar, alpha });
  const refused = (reason: string): Promotion => ({
    ...{ verdict: 'inconclusive', reason, casesNeeded: undefined, alphaSpent: 0, isLast: false },
    evidence: { logE, promote: false, confidenceSequence: [-1, 1] },
  });
  if (looks === undefined) {
    return refused(
      `the policy plans looks, and which of them this is was not said; hand over \`looks\`, or take a policy that looks after every pair`,
    );
  }
  if (looks.casesAt.at(-1) !== counted) {
    throw inputError('the last value of casesAt', looks.casesAt.at(-1), `the cases that counted, ${counted}`);
  }
  const look = design(looks);
  if (look === undefined) {
    return refused(
      `a look after ${looks.casesAt.join(', ')} of ${looks.plannedCases} cases is not where the policy plans it, so that its bounds do not hold; take looks of kind lan_demets or every_pair`,
    );
  }
  const confidenceSequence = repeatedInterval({ ...pairsOf(cases), n: counted }, { bound: look.bound, bar });
  const evidence = { logE, promote: confidenceSequence[0] >= bar, confidenceSequence };
  const seen = `at look ${looks.casesAt.length}, after ${counted} of ${looks.plannedCases} cases,`;
  const judged = { ...judge(evidence, { bar, seen, alphaSpent: look.alphaSpent }), isLast: look.isLast };
  if (judged.verdict !== 'inconclusive') return judged;
  return {
    ...judged,
    reason: `${judged.reason}: ${look.isLast ? 'this was the last look' : 'go on to the next look'}`,
  };
}

type Sight = { readonly bar: number; readonly seen: string; readonly alphaSpent: number };

function judge(evidence: EProcessResult, { bar, seen, alphaSpent }: Sight): Promotion {
  const { promote, confidenceSequence } = evidence;
  const told = `${seen} the difference of pass rates is ${fromTo(confidenceSequence)}`;
  const of = { evidence, alphaSpent, casesNeeded: undefined, isLast: false };
  if (promote) return { ...of, verdict: 'adopt', reason: `${told}, above the bar of ${points(bar)}` };
  if (confidenceSequence[1] < bar)
    return { ...of, verdict: 'reject', reason: `${told}, below the bar of ${points(bar)}` };
  return { ...of, verdict: 'inconclusive', reason: `${told}, and the bar of ${points(bar)} is between` };
}

function withOutlook(judged: Promotion, casesNeeded: number | undefined): Promotion {
  const outlook =
    casesNeeded === undefined
      ? 'at these rates no number of cases would show that it is above'
      : `at these rates about ${casesNeeded} more cases would show it`;
  return { ...judged, reason: `${judged.reason}: ${outlook}`, casesNeeded };
}

function fromTo([lower, upper]: Interval): string {
  return `from ${points(lower)} to ${points(upper)}`;
}
