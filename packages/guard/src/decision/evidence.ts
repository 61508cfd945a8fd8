/**
 * What an evaluation has found, as far as a decision looks at it: counts and names, no inputs and no outputs.
 */
import type { PairedTable } from '../statistics/pairs.ts';
import { assertShare } from '../statistics/proportions/proportions.ts';
import type { ClassicEvidence } from './classic-gate.ts';
import type { Objectives } from './objectives.ts';

/**
 * A case on which the candidate breaks a hard property or a relation that the baseline keeps, or fails to answer where the baseline
 * does, seen again in every repeat.
 *
 * @public
 */
export type HardRegression = {
  readonly caseId: string;
  readonly kind: 'property' | 'relation' | 'run';
  /** Name of the property or relation, or the type of the failure. */
  readonly broken: string;
};

/**
 * What a monitor says against the candidate; only `block` stops it.
 *
 * @public
 */
export type RailAlert = {
  readonly monitor: string;
  readonly severity: 'info' | 'warn' | 'block';
  readonly message: string;
};

/**
 * A case of which the two sides differ.
 *
 * @public
 */
export type Flip = { readonly caseId: string; readonly kind: 'pass_to_fail' | 'fail_to_pass' };

/**
 * Counts that the classical gate asks for. `deltaLower` is the lower bound of candidate − baseline; where it is not given, Tango's of
 * the cases is taken, at the policy's alpha.
 *
 * @public
 */
export type Totals = Omit<ClassicEvidence, 'deltaLower'> & { readonly deltaLower?: number | undefined };

/**
 * Which of the planned looks this is: how many cases had counted at each so far, this one last, of how many that are planned.
 *
 * @public
 */
export type LooksTaken = { readonly plannedCases: number; readonly casesAt: readonly number[] };

/**
 * All of it. `cases` are those that were judged: one that was given up for reasons of the sandbox is in no cell. `executions` counts runs of both roles after retries, `sandboxFailures` those of them that ended for no reason of the
 * code that ran.
 *
 * `isInterim` says that more cases are to come: limits on figures that may still move do not reject before the end. `clusters` are mean
 * differences of the candidate to the baseline, one a cluster, from −1 to 1, in place of `cases` where cases depend on each other; cases are then counted only to be told.
 *
 * @public
 */
export type Evidence = {
  readonly cases: PairedTable;
  readonly executions: number;
  readonly sandboxFailures: number;
  readonly hardRegressions: readonly HardRegression[];
  readonly alerts: readonly RailAlert[];
  readonly isInterim?: boolean | undefined;
  /** Named in reasons; how many there are is in `cases`. */
  readonly flips?: readonly Flip[] | undefined;
  readonly clusters?: readonly number[] | undefined;
  readonly looks?: LooksTaken | undefined;
  readonly totals?: Totals | undefined;
  readonly objectives?: Partial<MeasuredObjectives> | undefined;
};

/**
 * What was measured of objectives; those on quality come from `totals` and `cases`.
 *
 * @public
 */
export type MeasuredObjectives = Omit<Objectives, 'violations' | 'passRate' | 'delta'>;

/** Cases that count. */
export function casesOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): number {
  return both + onlyCandidate + onlyBaseline + neither;
}

/**
 * Pass rate of the candidate over them.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where totals have no case, or more passes than cases.
 */
export function passRateOf({ cases, totals }: Evidence): number {
  if (totals === undefined) return (cases.both + cases.onlyCandidate) / casesOf(cases);
  assertShare(totals.passes, totals.cases);
  return totals.passes / totals.cases;
}

/**
 * Flips in the order in which one reads them: from pass to fail first, each kind as it came (EVIDENCE 2.13).
 *
 * @public
 */
export function orderFlips<F extends Pick<Flip, 'kind'>>(flips: readonly F[]): readonly F[] {
  const [lost, won] = [flips.filter(isLoss), flips.filter((flip) => !isLoss(flip))];
  return [...lost, ...won];
}

function isLoss({ kind }: Pick<Flip, 'kind'>): boolean {
  return kind === 'pass_to_fail';
}
