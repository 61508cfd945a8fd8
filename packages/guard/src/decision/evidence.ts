/**
 * What an evaluation has found, as far as a decision looks at it: counts and names, no inputs and no outputs.
 */
import type { PairedTable } from '../statistics/pairs.ts';

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
 * All of it. `cases` are those that were judged: one that was given up for reasons of the sandbox is in no cell. `executions` counts runs of both roles after retries, `sandboxFailures` those of them that ended for no reason of the
 * code that ran.
 *
 * @public
 */
export type Evidence = {
  readonly cases: PairedTable;
  readonly executions: number;
  readonly sandboxFailures: number;
  readonly hardRegressions: readonly HardRegression[];
  readonly alerts: readonly RailAlert[];
};

/** Cases that count. */
export function casesOf({ both, onlyCandidate, onlyBaseline, neither }: PairedTable): number {
  return both + onlyCandidate + onlyBaseline + neither;
}
