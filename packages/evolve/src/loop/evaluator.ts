/**
 * The port to whoever measures programs. It is the judge: nothing of it is seen by a candidate or by whoever proposes one.
 */
import type { ProposalUsage } from '../mutation/proposer.ts';

/**
 * A program that is to be measured. `measurement` is 0, and higher where the same program is measured again; `seed` is of both.
 *
 * @public
 */
export type EvaluationRequest = {
  readonly id: string;
  readonly source: string;
  readonly evalIndex: number;
  readonly measurement: number;
  readonly seed: string;
};

/**
 * What was measured. `values` are measurements of the fitness, higher is better; `cases` are mean scores of cases, in an order that is
 * always the same; `measures` are what descriptors are made of. A program that does not work has a reason in place of a fitness.
 *
 * @public
 */
export type Evaluated =
  | {
      readonly kind: 'measured';
      readonly values: readonly number[];
      readonly cases: readonly number[];
      readonly measures: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Measures programs; several at once. What a candidate does wrong is `failed`, never a rejection.
 *
 * @public
 */
export interface Evaluator {
  readonly evaluate: (request: EvaluationRequest, signal: AbortSignal) => Promise<Evaluated>;
}

/**
 * What one model took of a proposal.
 *
 * @public
 */
export type ModelUse = { readonly name: string; readonly usage: ProposalUsage };

/**
 * What a proposal came to, as the journal keeps it. `models` are those that answered, the one that answered last at the end; they are left
 * out where nobody said who answers, and where a search chose the model itself.
 *
 * @public
 */
export type Proposed =
  | {
      readonly kind: 'mutated';
      readonly source: string;
      readonly diff: string;
      readonly usage: ProposalUsage;
      readonly models?: readonly ModelUse[];
      /** The program that it is a copy of or nearly, where it was let in all the same. */
      readonly like: string | null;
    }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly usage: ProposalUsage;
      readonly models?: readonly ModelUse[];
    };
