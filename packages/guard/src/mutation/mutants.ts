/**
 * Mutants of an implementation: the same text with one small fault in it. A gate that lets them pass would let such faults of
 * anybody pass.
 *
 *   parse ─▶ every change that an operator knows at any place ─▶ in the order of a seed ─▶ those that parse and that no other equals
 *
 * A mutant may still do what the original does; no program can tell in general.
 */
import { createHash } from 'node:crypto';
import { createRandom, type Random } from '../statistics/random.ts';
import { GuardError } from '../guard-error.ts';
import { MUTATION_OPERATORS } from './operators.ts';
import type { Edit, MutationOperator } from './operators/operator.ts';
import { canParse, listPlaces } from './syntax-tree.ts';

/**
 * One mutant. `id` is of its operator, place and text, such as `off_by_one-3:17-1f0c55e2`; `line` and `column` count from 1, in UTF-16 units,
 * and say where the changed text starts; `before` and `after` are what was there and what is there now; `source` is the whole text.
 *
 * @public
 */
export type Mutant = {
  readonly id: string;
  readonly operator: string;
  readonly line: number;
  readonly column: number;
  readonly before: string;
  readonly after: string;
  readonly source: string;
};

/**
 * Which to take: at most `max`, from 1 to 10,000 (1,000 where not given), chosen by `seed`; `operators`, all of ours where not given.
 *
 * @public
 */
export type MutantOptions = {
  readonly seed: number;
  readonly max?: number;
  readonly operators?: readonly MutationOperator[];
};

const MUTANTS_MAX = 10_000;
const MUTANTS = 1_000;
const ID_DIGITS = 8;

/**
 * Makes mutants of a source: the same ones for the same source and seed, and with a lower `max` a part of them.
 *
 * @param source - TypeScript or JavaScript. Its imports, types and comments stand in every mutant as they are.
 * @returns In the order of the text.
 * @throws {GuardError} `SOURCE_INVALID` where the source cannot be parsed; `MUTANTS_INVALID` where `max` is out of range.
 * @public
 */
export function mutants(
  source: string,
  { seed, max = MUTANTS, operators = MUTATION_OPERATORS }: MutantOptions,
): readonly Mutant[] {
  if (!Number.isSafeInteger(max) || max < 1 || max > MUTANTS_MAX) {
    throw new GuardError('MUTANTS_INVALID', `max is ${max}; expected a whole number from 1 to ${MUTANTS_MAX}`);
  }
  const drawn = shuffled(changesOf(source, operators), createRandom(seed));
  const known = new Set([source]);
  const taken: (Change & { readonly mutated: string })[] = [];
  for (const change of drawn) {
    if (taken.length === max) break;
    const mutated = applied(source, change.edit);
    if (known.has(mutated)) continue;
    known.add(mutated);
    if (canParse(mutated)) taken.push({ ...change, mutated });
  }
  return taken.toSorted((one, other) => one.order - other.order).map((one) => mutantOf(source, one));
}

/** `order` is its place among all changes of the source. */
type Change = { readonly operator: string; readonly edit: Edit; readonly order: number };

function changesOf(source: string, operators: readonly MutationOperator[]): readonly Change[] {
  const changes = listPlaces(source).flatMap((place) =>
    operators.flatMap(({ name, edits }) => edits(place, source).map((edit) => ({ operator: name, edit }))),
  );
  return changes
    .toSorted((one, other) => one.edit.start - other.edit.start)
    .map((change, order) => ({ ...change, order }));
}

function applied(source: string, { start, end, text }: Edit): string {
  return `${source.slice(0, start)}${text}${source.slice(end)}`;
}

function mutantOf(source: string, { operator, edit, mutated }: Change & { readonly mutated: string }): Mutant {
  const ahead = source.slice(0, edit.start).split('\n');
  const [line, column] = [ahead.length, (ahead.at(-1)?.length ?? 0) + 1];
  const digest = createHash('sha256').update(mutated).digest('hex').slice(0, ID_DIGITS);
  return {
    id: `${operator}-${line}:${column}-${digest}`,
    operator,
    line,
    column,
    before: source.slice(edit.start, edit.end),
    after: edit.text,
    source: mutated,
  };
}

/** In the order of one draw for each. */
function shuffled(changes: readonly Change[], random: Random): readonly Change[] {
  const items = changes.map((change) => ({ change, key: random.next() }));
  return items.toSorted((one, other) => one.key - other.key).map(({ change }) => change);
}
