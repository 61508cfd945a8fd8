/**
 * Which relations hold for an implementation that is trusted, such as the baseline: they are worth adding to its task. That one
 * held on every case is no proof, so that each comes with the share of cases that it holds for at least.
 */
import { clopperPearsonInterval } from '../statistics/proportions/proportions.ts';
import type { Case } from './cases.ts';
import { filledRelation } from './define-task.ts';
import { judgeCase, type RunCase } from './judge-case.ts';
import type { Check } from './judged.ts';
import { libraryRelations } from './relation-library.ts';
import type { Relation } from './relations.ts';
import type { Task } from './task.ts';

/**
 * What is tried, those of the library where not given, and on how: `confidence`, 0.95 where not given, is of the lower bound.
 *
 * @public
 */
export type SuggestOptions = {
  readonly run: RunCase;
  readonly seed: number;
  readonly relations?: readonly Relation[];
  readonly confidence?: number;
};

/**
 * What was seen of one relation. `applicable` counts cases on which it was asked and answered, `held` those of them where it held;
 * a follow-up whose run fails is one where it does not. `lowerBound` is of the share of applicable cases that it holds for, one-sided, by
 * Clopper and Pearson; 0 where there is none.
 *
 * @public
 */
export type RelationSuggestion = {
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly applicable: number;
  readonly held: number;
  readonly lowerBound: number;
  readonly verdict: 'holds' | 'breaks' | 'not_applicable';
};

const CONFIDENCE = 0.95;

/**
 * Tries relations on an implementation, with the equivalence and properties of its task. A case on which the implementation itself fails, or on
 * which code of the task does, counts for no relation.
 *
 * @returns In the order of the relations.
 * @throws {StatisticsError} `STATISTICS_INPUT` where the confidence is not between 0.5 and 1.
 * @public
 */
export async function suggestRelations(
  task: Task,
  cases: readonly Case[],
  { run, seed, relations = libraryRelations(), confidence = CONFIDENCE }: SuggestOptions,
): Promise<readonly RelationSuggestion[]> {
  const tried: Task = { ...task, relations: relations.map((relation) => filledRelation(relation)) };
  const found: (readonly Check[])[] = [];
  for (const one of cases) {
    const { checks } = await judgeCase(tried, one, { run, seed });
    found.push(checks.filter(({ kind }) => kind === 'relation'));
  }
  return tried.relations.map(({ name, category, description }, index) => {
    const states = found.map((checks) => checks[index]?.state);
    const held = states.filter((state) => state === 'held').length;
    const applicable = held + states.filter((state) => state === 'violated' || state === 'run_failed').length;
    return { name, category, description, applicable, held, ...verdictOf({ applicable, held, confidence }) };
  });
}

function verdictOf({
  applicable,
  held,
  confidence,
}: {
  readonly applicable: number;
  readonly held: number;
  readonly confidence: number;
}): Pick<RelationSuggestion, 'lowerBound' | 'verdict'> {
  if (applicable === 0) return { lowerBound: 0, verdict: 'not_applicable' };
  // The lower end of a two-sided interval at 2c − 1 is a one-sided bound at c.
  const [lowerBound] = clopperPearsonInterval(held, applicable, 2 * confidence - 1);
  return { lowerBound, verdict: held === applicable ? 'holds' : 'breaks' };
}
