/**
 * One search for the formula of a curve, through the loop that every search takes.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { evolve, type EvolveReport } from '@bulkhead/evolve';
import { createCurveEvaluator, type Problem } from './problems.ts';
import { createTreeMutator } from './tree-mutator.ts';
import { writeTree } from './trees.ts';

/** What is searched, by which seed, with how many evaluations; a control has the children of the first formula alone. */
export type Regression = {
  readonly problem: Problem;
  readonly seed: number;
  readonly evaluations: number;
  readonly isControl?: boolean;
};

/**
 * Eight islands that nobody travels between, each with niches of formulas that do the same, by their length; parents by epsilon-lexicase over the
 * points. One population settles on a formula that is nearly right, and stays there; of eight one mostly does not. A pool of 60: with the whole of
 * an island a choice takes longer than all else of an evaluation.
 */
const CONFIG: JsonObject = {
  selector: { epsilon_lexicase: { pool: 60 } },
  archive: {
    ...{ front_max: 1, islands: 8 },
    descriptors: [
      { name: 'nodes', least: 0, most: 25, bins: 25 },
      { name: 'niche', modulo: 40 },
    ],
  },
  novelty: { language: 'text', near_max: 0, resamples_max: 2 },
};

/** Searches; it has found the curve where the best score is 1. */
export function regress({ problem, seed, evaluations, isControl = false }: Regression): Promise<EvolveReport> {
  return evolve(
    {
      config: { ...CONFIG, evolve: { evaluations, seed, target: 1, window: 1, workers: 1, inspirations: 1 } },
      start: { source: writeTree(['x']), fileName: 'formula.txt', entryName: 'solve' },
    },
    { proposer: createTreeMutator(seed), evaluator: createCurveEvaluator(problem, seed), isControl },
  );
}
