/**
 * What a candidate must show to be let in.
 */
import { assertLevel, inputError } from '../statistics/statistics-error.ts';

/**
 * A policy. `bar` is the difference of pass rates, candidate minus baseline, above which the candidate must be shown to be: minus
 * the margin for non-inferiority, the least gain for superiority. `alpha` is the probability, one-sided and over all looks
 * together, of letting in one that is not. Above `sandboxFailuresMax`, a share of all executions, nothing is decided.
 *
 * @public
 */
export type Policy = {
  readonly name: string;
  readonly bar: number;
  readonly alpha: number;
  readonly sandboxFailuresMax: number;
};

/** EVIDENCE, decision 1: a candidate that is equal must be adoptable (CONTRACTS, decision 11). */
const MARGIN = 0.02;
const ALPHA = 0.025;
const SANDBOX_FAILURES_MAX = 0.02;

/**
 * A policy that lets in what is not worse than the baseline by more than the margin.
 *
 * @param margin - From 0 to below 1; a margin of 0 asks for a candidate that is better.
 * @throws {StatisticsError} `STATISTICS_INPUT`.
 * @public
 */
export function noninferiority(margin: number = MARGIN, alpha: number = ALPHA): Policy {
  assertMargin(margin);
  assertLevel('alpha', alpha);
  return { name: `noninferiority:margin=${margin}`, bar: 0 - margin, alpha, sandboxFailuresMax: SANDBOX_FAILURES_MAX };
}

/**
 * A policy that lets in what is better than the baseline by more than the margin.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT`.
 * @public
 */
export function superiority(margin: number = MARGIN, alpha: number = ALPHA): Policy {
  assertMargin(margin);
  assertLevel('alpha', alpha);
  return { name: `superiority:margin=${margin}`, bar: margin, alpha, sandboxFailuresMax: SANDBOX_FAILURES_MAX };
}

/**
 * The policy where nobody says another: non-inferiority at 2 %, at 2.5 % one-sided.
 *
 * @public
 */
export const DEFAULT_POLICY: Policy = noninferiority();

function assertMargin(margin: number): void {
  if (!(margin >= 0 && margin < 1)) throw inputError('margin', margin, 'a number from 0 to below 1');
}
