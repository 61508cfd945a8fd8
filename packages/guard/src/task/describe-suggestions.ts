/**
 * What `suggestRelations` found, in words and in an order to read it in: for each relation how many cases it was asked on, and the
 * line that puts it into a task.
 */
import type { RelationSuggestion } from './suggest-relations.ts';

/**
 * Options that the relations were made with, which go into the lines to paste: the argument that they work on, 0 where not given,
 * and which one says how many are asked for.
 *
 * @public
 */
export type DescribeOptions = { readonly argument?: number; readonly countArgument?: number };

/**
 * One relation. `text` is a sentence without a line break; `code` a line for the list `relations` of a task, undefined where the relation does not hold or
 * is none of the library.
 *
 * @public
 */
export type DescribedRelation = Pick<RelationSuggestion, 'name' | 'verdict'> & {
  readonly text: string;
  readonly code: string | undefined;
};

/**
 * The relations of one category, and how many of them hold.
 *
 * @public
 */
export type DescribedCategory = {
  readonly category: string;
  readonly holding: number;
  readonly relations: readonly DescribedRelation[];
};

/** Function of the library for each name that it gives, and whether it takes the argument that counts. */
const LIBRARY: Readonly<Record<string, { readonly call: string; readonly counts?: true }>> = {
  permute_input: { call: 'permute' },
  add_noise_below_min: { call: 'addNoiseBelowMin', counts: true },
  scale_scores: { call: 'scale' },
  drop_low_confidence: { call: 'dropLowest', counts: true },
  duplicate_top_k: { call: 'duplicateTop' },
  duplicate_input: { call: 'duplicate' },
  reverse_input: { call: 'reverseInput' },
  shift_input: { call: 'shift' },
  idempotent: { call: 'idempotent' },
  monotone: { call: 'monotone' },
  append_neutral: { call: 'appendNeutral' },
};
const VERDICTS: readonly RelationSuggestion['verdict'][] = ['holds', 'breaks', 'not_applicable'];

/**
 * Describes what was found, by category: first the one with the highest lower bound of a relation that holds. In a category
 * those that hold come first, the surest at the top, then those that break, then those that do not apply; ties by name.
 *
 * @public
 */
export function describeSuggestions(
  suggestions: readonly RelationSuggestion[],
  options: DescribeOptions = {},
): readonly DescribedCategory[] {
  const ranked = suggestions.toSorted(
    (one, other) =>
      VERDICTS.indexOf(one.verdict) - VERDICTS.indexOf(other.verdict) ||
      other.lowerBound - one.lowerBound ||
      compareTexts(one.name, other.name),
  );
  // A category stands where its first relation does.
  const categories = [...new Set(ranked.map(({ category }) => category))];
  return categories.map((category) => {
    const relations = ranked.filter((one) => one.category === category);
    return {
      category,
      holding: relations.filter(({ verdict }) => verdict === 'holds').length,
      relations: relations.map((one) => describedRelation(one, options)),
    };
  });
}

function describedRelation(suggestion: RelationSuggestion, options: DescribeOptions): DescribedRelation {
  const { name, verdict } = suggestion;
  return { name, verdict, text: textOf(suggestion), code: verdict === 'holds' ? codeOf(name, options) : undefined };
}

function textOf({ name, description, applicable, held, lowerBound, verdict }: RelationSuggestion): string {
  const head = `${name} (${description}):`;
  if (verdict === 'not_applicable') return `${head} applied to no case`;
  const asked = `held on ${held} of ${applicable} cases that it was asked on`;
  // Down, as it is a bound.
  const share = (Math.floor(lowerBound * 1_000) / 10).toFixed(1);
  return verdict === 'holds' ? `${head} ${asked}, so that it holds for at least ${share} %` : `${head} ${asked}`;
}

function codeOf(name: string, { argument = 0, countArgument }: DescribeOptions): string | undefined {
  const entry = Object.hasOwn(LIBRARY, name) ? LIBRARY[name] : undefined;
  if (entry === undefined) return undefined;
  const options = [
    ...(argument === 0 ? [] : [`argument: ${argument}`]),
    ...(entry.counts === undefined || countArgument === undefined ? [] : [`countArgument: ${countArgument}`]),
  ];
  return `${entry.call}(${options.length === 0 ? '' : `{ ${options.join(', ')} }`}),`;
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
