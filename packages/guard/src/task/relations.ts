/**
 * Metamorphic relations: what must hold between the result for some arguments and the results for arguments made of them. They
 * need no known right answer. Each draws from a stream of its own for each case, so that neither the order of cases nor another
 * relation changes what it draws.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import { createRandom, type Random } from '../statistics/random.ts';
import type { JsonArgs } from './json.ts';

/**
 * What a transform is given: its stream, and the result for the arguments it starts from.
 *
 * @public
 */
export type TransformInput<Result extends JsonValue = JsonValue> = { readonly random: Random; readonly out: Result };

/**
 * Several follow-ups of one case. A bare array would be arguments.
 *
 * @public
 */
export type FollowUps<Args extends JsonArgs = JsonArgs> = { readonly followUps: readonly Args[] };

/**
 * What a custom relation is given beside the results: the arguments, those of the follow-ups in the order of their results, and
 * the task's equivalence.
 *
 * @public
 */
export type RelateInput<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly args: Args;
  readonly followArgs: readonly Args[];
  equivalent(this: void, one: Result, other: Result): boolean;
};

/**
 * What every relation says of itself. `readsResult` says that `transform` looks at `out`. `priority`, from 0 to 1, is how soon
 * it is worth running. `transform` answers undefined where the relation says nothing about these arguments; it must not change
 * them, and they are frozen.
 *
 * @public
 */
export type RelationHead<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly name: string;
  readonly category?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly readsResult?: boolean;
  transform(args: Args, given: TransformInput<Result>): Args | FollowUps<Args> | undefined;
};

/**
 * What is expected: every follow-up's result is equivalent to the source's, none is, the hard properties hold for each, or what
 * `relate` says; it answers true, or false or a text where it does not hold (X002-2).
 *
 * @public
 */
export type RelationRule<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> =
  | { readonly expect: 'equal' }
  | { readonly expect: 'not_equal' }
  | { readonly expect: 'properties_hold' }
  | {
      readonly expect?: 'custom';
      relate(source: Result, follow: readonly Result[], given: RelateInput<Args, Result>): boolean | string;
    };

/**
 * A relation as a task's author writes it.
 *
 * @public
 */
export type Relation<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = RelationHead<
  Args,
  Result
> &
  RelationRule<Args, Result>;

/** Where a relation runs; a place has one stream. */
export type RelationPlace = {
  readonly seed: number;
  readonly caseIndex: number;
  readonly relationIndex: number;
  readonly name: string;
};

/** The stream of one relation on one case: the hash of `seed:case:relation_index:name` (X002-4). */
export function relationRandom({ seed, caseIndex, relationIndex, name }: RelationPlace): Random {
  return createRandom(`${seed}:${caseIndex}:${relationIndex}:${name}`);
}

/** The follow-ups as a list, however the transform gave them; undefined where the relation does not apply. */
export function followUpsOf<Args extends JsonArgs>(
  given: Args | FollowUps<Args> | undefined,
): readonly Args[] | undefined {
  if (given === undefined) return undefined;
  if (isFollowUps(given)) return given.followUps.length === 0 ? undefined : given.followUps;
  return [given];
}

/**
 * Two relations, one upon the other: the second transforms what the first made. It does not apply where one of them does not.
 *
 * Two that expect equality give one that does. One that expects equality and one that expects properties give one that expects
 * properties. For any others there is no telling, so that a rule of its own must be given.
 *
 * @param rule - What is expected of the end of the chain, compared with its start.
 * @throws {GuardError} `TASK_INVALID` where no expectation follows, or the second reads a result: nothing runs in between.
 * @public
 */
export function composeRelations<Args extends JsonArgs, Result extends JsonValue>(
  first: Relation<Args, Result>,
  second: Relation<Args, Result>,
  rule: RelationRule<Args, Result> = composedRule(first, second),
): Relation<Args, Result> {
  if (second.readsResult === true) {
    throw new GuardError(
      'TASK_INVALID',
      `relation "${second.name}" reads a result; expected it first in a composition, as nothing runs after "${first.name}"`,
    );
  }
  return {
    name: `${first.name}+${second.name}`,
    category: 'composed',
    description: `${first.description ?? first.name}, then ${second.description ?? second.name}`,
    readsResult: first.readsResult === true,
    transform: (args, { random, out }) => {
      const between = followUpsOf(first.transform(args, { random: random.fork('first'), out }));
      const ends = between?.map((made, index) =>
        followUpsOf(second.transform(made, { random: random.fork(`second:${index}`), out })),
      );
      return ends === undefined ? undefined : { followUps: ends.flatMap((list) => list ?? []) };
    },
    ...rule,
  };
}

function composedRule(first: Relation, second: Relation): { readonly expect: 'equal' | 'properties_hold' } {
  const expected = [first.expect, second.expect];
  if (expected.every((one) => one === 'equal')) return { expect: 'equal' };
  if (expected.every((one) => one === 'equal' || one === 'properties_hold')) return { expect: 'properties_hold' };
  throw new GuardError(
    'TASK_INVALID',
    `relations "${first.name}" and "${second.name}" expect ${expected.map((one) => one ?? 'custom').join(' and ')}; nothing follows for the two together, so pass a rule`,
  );
}

/** A list is arguments, whatever is in it. */
function isFollowUps<Args extends JsonArgs>(given: Args | FollowUps<Args>): given is FollowUps<Args> {
  return !Array.isArray(given);
}
