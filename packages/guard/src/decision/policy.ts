/**
 * What a candidate must show to be let in. A policy is complete: every default is filled in here, and nothing below asks what a
 * missing field might mean.
 */
import { NO_OBJECTIVES, type Objectives } from './objectives.ts';
import { assertPolicy, RULES } from './policy-rules.ts';
import { inputError } from '../statistics/statistics-error.ts';

/**
 * Looks that are planned: so many, evenly spaced over the planned cases for `pocock` and `obrien_fleming`. `lan_demets` spends its error as
 * O'Brien and Fleming's by the share of the cases that each look really has, so that looks may be anywhere.
 *
 * @public
 */
export type PlannedLooks = { readonly kind: 'pocock' | 'obrien_fleming' | 'lan_demets'; readonly looks: number };

/**
 * When one may look. `every_pair` is the e-process, valid at any look at all.
 *
 * `adaptive` is the same e-process, looked at after `min` cases and every `interval` from there. The source system stops where the power of
 * a fixed design reaches .95, which is no error rate: observed power is the p-value in other words. Evidence that may be looked at whenever one likes may
 * be looked at then as well, at the same alpha, so that fewer looks cost nothing but patience.
 *
 * @see X002-7; EVIDENCE 2.5, 2.6.
 * @public
 */
export type Looks =
  | { readonly kind: 'every_pair' }
  | { readonly kind: 'adaptive'; readonly min: number; readonly interval: number }
  | PlannedLooks;

type CommonPolicy = {
  readonly name: string;
  readonly description: string;
  /** Above this share of all executions that failed for no reason of the implementation, nothing is decided. */
  readonly sandboxFailuresMax: number;
  /** Power that a recommended number of cases is for; no verdict depends on it. */
  readonly powerTarget: number;
  /** Violations that a report shows; no verdict depends on it. */
  readonly violationCap: number;
  readonly objectives: Objectives;
};

/**
 * A policy that asks for evidence. `bar` is the difference of pass rates, candidate minus baseline, above which the candidate must be shown
 * to be: minus the margin for non-inferiority, the least gain for superiority. `alpha` is the probability, one-sided and over all looks
 * together, of letting in one that is not.
 *
 * @public
 */
export type EvidencePolicy = CommonPolicy & {
  readonly kind: 'evidence';
  readonly bar: number;
  readonly alpha: number;
  /** `reject`: a confirmed regression rejects. `count`: it only counts in the rate, for implementations that answer by chance. */
  readonly hard: 'reject' | 'count';
  /** Cases that only the baseline passes, of which more reject; undefined: no veto. */
  readonly flipsMax: number | undefined;
  /** Pass rate below which the candidate is not let in; undefined: not asked. */
  readonly minPassRate: number | undefined;
  readonly looks: Looks;
};

/**
 * The classical gate of the source system as a policy. `alpha` is that of its two-sided interval, of which it asks the lower bound.
 *
 * @see X002-8, X002-9.
 * @public
 */
export type ClassicPolicy = CommonPolicy & {
  readonly kind: 'classic';
  readonly minDelta: number;
  readonly minPassRate: number;
  readonly alpha: number;
};

/**
 * A policy of either kind.
 *
 * @public
 */
export type Policy = EvidencePolicy | ClassicPolicy;

/** EVIDENCE, decision 1: a candidate that is equal must be adoptable (CONTRACTS, decision 11). */
const MARGIN = 0.02;
const COMMON = { description: '', sandboxFailuresMax: 0.02, powerTarget: 0.8, violationCap: 25 } as const;

/** All but the name and the bar of an evidence policy, where nobody says otherwise. */
export const EVIDENCE_DEFAULTS: Omit<EvidencePolicy, 'name' | 'bar'> = {
  ...COMMON,
  kind: 'evidence',
  alpha: 0.025,
  hard: 'reject',
  flipsMax: undefined,
  minPassRate: undefined,
  looks: { kind: 'every_pair' },
  objectives: NO_OBJECTIVES,
};

/** All but the name of a classic policy, where nobody says otherwise: the source system's `v1` (X002-5, X002-9). */
export const CLASSIC_DEFAULTS: Omit<ClassicPolicy, 'name'> = {
  ...COMMON,
  kind: 'classic',
  minDelta: 0.02,
  minPassRate: 0.8,
  alpha: 0.05,
  objectives: NO_OBJECTIVES,
};

/**
 * Fields of a policy as somebody gives them: what is left out takes its default.
 *
 * @public
 */
export type PolicyFields = EvidenceFields | ClassicFields;

type EvidenceFields = Pick<EvidencePolicy, 'kind' | 'name' | 'bar'> & Partial<EvidencePolicy>;
type ClassicFields = Pick<ClassicPolicy, 'kind' | 'name'> & Partial<ClassicPolicy>;

/**
 * Fills in every default: the one place that does.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a field is out of its range.
 * @public
 */
export function createPolicy(fields: EvidenceFields): EvidencePolicy;
export function createPolicy(fields: ClassicFields): ClassicPolicy;
export function createPolicy(fields: PolicyFields): Policy;
export function createPolicy(fields: PolicyFields): Policy {
  const policy: Policy =
    fields.kind === 'evidence' ? { ...EVIDENCE_DEFAULTS, ...fields } : { ...CLASSIC_DEFAULTS, ...fields };
  assertPolicy(policy);
  return policy;
}

/**
 * A policy that lets in what is not worse than the baseline by more than the margin.
 *
 * @param margin - From 0 to below 1; a margin of 0 asks for a candidate that is better.
 * @throws {StatisticsError} `STATISTICS_INPUT`.
 * @public
 */
export function noninferiority(margin: number = MARGIN, alpha: number = EVIDENCE_DEFAULTS.alpha): EvidencePolicy {
  assertMargin(margin);
  // `0 − x`, so that no bar is −0.
  return createPolicy({ kind: 'evidence', name: `noninferiority:margin=${margin}`, bar: 0 - margin, alpha });
}

/**
 * A policy that lets in what is better than the baseline by more than the margin.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT`.
 * @public
 */
export function superiority(margin: number = MARGIN, alpha: number = EVIDENCE_DEFAULTS.alpha): EvidencePolicy {
  assertMargin(margin);
  return createPolicy({ kind: 'evidence', name: `superiority:margin=${margin}`, bar: margin, alpha });
}

/**
 * The policy where nobody says another: non-inferiority at 2 %, at 2.5 % one-sided.
 *
 * @public
 */
export const DEFAULT_POLICY: EvidencePolicy = noninferiority();

function assertMargin(margin: number): void {
  if (!RULES.margin.isRight(margin)) throw inputError('margin', margin, RULES.margin.expected);
}
