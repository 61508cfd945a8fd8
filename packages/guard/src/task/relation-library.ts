/**
 * Relations that many tasks can use as they are. Each works on one argument, the first where not said otherwise, and does not
 * apply where that argument is not what it needs, so that all of them can be tried on any task.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { Random } from '../statistics/random.ts';
import { isList, type JsonArgs } from './json.ts';
import type { FollowUps, Relation, TransformInput } from './relations.ts';

/**
 * Which argument a relation works on, from 0, and another name for it, where a task has it for more than one.
 *
 * @public
 */
export type ArgumentOption = { readonly argument?: number; readonly name?: string };

/**
 * And which argument, if any, says how many of the highest are asked for.
 *
 * @public
 */
export type CountOption = ArgumentOption & { readonly countArgument?: number };

/**
 * What is expected of a result where the input is moved or scaled: it stays the `same`, as positions do, or `follows`, as values
 * do: every number in it is moved or scaled alike.
 *
 * @public
 */
export type ResultOption = { readonly result?: 'same' | 'follows' };

/** X002-18. */
const SCALE_FACTOR = 1.05;
const NOISE_COUNT = 5;
/** Whole numbers below the lowest lie at most so far under it. */
const NOISE_REACH = 100;

/**
 * The order of a list is of no account: `permute_input` shuffles it.
 *
 * @public
 */
export function permute<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'permute_input',
}: ArgumentOption = {}): Relation<Args, Result> {
  return {
    name,
    category: 'permutation',
    description: 'the order of the list is of no account',
    priority: 0.7,
    expect: 'equal',
    transform: (args, { random }) => {
      const list = listAt(args, argument);
      return list === undefined || list.length < 2 ? undefined : replaced(args, argument, shuffled(list, random));
    },
  };
}

/**
 * A list read from its end gives the same: `reverse_input`.
 *
 * @public
 */
export function reverseInput<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'reverse_input',
}: ArgumentOption = {}): Relation<Args, Result> {
  return {
    name,
    category: 'permutation',
    description: 'the list reversed gives the same',
    expect: 'equal',
    transform: (args) => {
      const list = listAt(args, argument);
      return list === undefined || list.length < 2 ? undefined : replaced(args, argument, list.toReversed());
    },
  };
}

/**
 * Numbers below the lowest change nothing: `add_noise_below_min` appends five, and where an argument says how many are asked for, it
 * is lowered to the length that the list had.
 *
 * @public
 */
export function addNoiseBelowMin<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'add_noise_below_min',
  countArgument,
}: CountOption = {}): Relation<Args, Result> {
  return {
    name,
    category: 'noise',
    description: 'numbers below the lowest change nothing',
    priority: 0.8,
    expect: 'equal',
    transform: (args, { random }) => {
      const list = numbersAt(args, argument);
      if (list === undefined || list.length === 0) return undefined;
      const noise = Array.from({ length: NOISE_COUNT }, () => numberBelow(Math.min(...list), random));
      if (noise.includes(undefined)) return undefined;
      const noisy = replaced(args, argument, [...list, ...noise.filter((value) => value !== undefined)]);
      return countArgument === undefined ? noisy : cappedAt(noisy, countArgument, list.length);
    },
  };
}

/**
 * All numbers of a list by one factor above 0, 1.05 where not given: `scale_scores`.
 *
 * @public
 */
export function scale<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'scale_scores',
  factor = SCALE_FACTOR,
  result = 'same',
}: ArgumentOption & ResultOption & { readonly factor?: number } = {}): Relation<Args, Result> {
  return movedRelation(
    {
      name,
      category: 'scale',
      description: `numbers times ${factor}`,
      priority: 0.6,
      move: (value) => value * factor,
    },
    { argument, result },
  );
}

/**
 * The same number added to all of a list, 1 where not given: `shift_input`.
 *
 * @public
 */
export function shift<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'shift_input',
  by = 1,
  result = 'same',
}: ArgumentOption & ResultOption & { readonly by?: number } = {}): Relation<Args, Result> {
  return movedRelation(
    { name, category: 'scale', description: `numbers plus ${by}`, move: (value) => value + by },
    { argument, result },
  );
}

/**
 * The lowest number is of no account: `drop_low_confidence` takes it away. Where an argument says how many are asked for, it
 * applies only where that many are left.
 *
 * @public
 */
export function dropLowest<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'drop_low_confidence',
  countArgument,
}: CountOption = {}): Relation<Args, Result> {
  return {
    name,
    category: 'subset',
    description: 'without its lowest number the list gives the same',
    priority: 0.5,
    expect: 'equal',
    transform: (args) => {
      const list = numbersAt(args, argument);
      if (list === undefined || list.length < 2) return undefined;
      const asked = countArgument === undefined ? 0 : args[countArgument];
      if (typeof asked !== 'number' || asked > list.length - 1) return undefined;
      const lowest = list.indexOf(Math.min(...list));
      return replaced(args, argument, list.toSpliced(lowest, 1));
    },
  };
}

/**
 * A list twice over gives the same, as a set does: `duplicate_input`.
 *
 * @public
 */
export function duplicate<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'duplicate_input',
}: ArgumentOption = {}): Relation<Args, Result> {
  return {
    name,
    category: 'duplication',
    description: 'the list twice over gives the same',
    expect: 'equal',
    transform: (args) => {
      const list = listAt(args, argument);
      return list === undefined || list.length === 0 ? undefined : replaced(args, argument, [...list, ...list]);
    },
  };
}

/**
 * The highest number once more: `duplicate_top_k`. The properties hold for it where nothing else is expected.
 *
 * @public
 */
export function duplicateTop<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'duplicate_top_k',
  expect = 'properties_hold',
}: ArgumentOption & { readonly expect?: 'equal' | 'properties_hold' } = {}): Relation<Args, Result> {
  return {
    name,
    category: 'duplication',
    description: 'the highest number once more',
    priority: 0.4,
    expect,
    transform: (args) => {
      const list = numbersAt(args, argument);
      return list === undefined || list.length === 0
        ? undefined
        : replaced(args, argument, [...list, Math.max(...list)]);
    },
  };
}

/**
 * Done again to its own result it changes nothing, as sorting does: `idempotent`.
 *
 * @public
 */
export function idempotent<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'idempotent',
}: ArgumentOption = {}): Relation<Args, Result> {
  return {
    name,
    category: 'idempotence',
    description: 'the result, put in again, gives itself',
    readsResult: true,
    expect: 'equal',
    transform: (args, { out }) => (sameSort(args[argument], out) ? replaced(args, argument, out) : undefined),
  };
}

/**
 * What is done to the arguments can be undone on the result: `undo` of the follow-up's result is equivalent to the source's.
 *
 * @public
 */
export function inverse<Args extends JsonArgs, Result extends JsonValue>({
  name = 'inverse',
  transform,
  undo,
}: {
  readonly name?: string;
  readonly transform: (args: Args, given: TransformInput<Result>) => Args | FollowUps<Args> | undefined;
  readonly undo: (follow: Result, args: Args) => Result;
}): Relation<Args, Result> {
  return {
    name,
    category: 'inverse',
    description: 'what is done to the arguments can be undone on the result',
    transform,
    relate: (source, follow, { args, equivalent }) => follow.every((out) => equivalent(source, undo(out, args))),
  };
}

/**
 * Higher numbers in, none lower out: `monotone` raises one number of the argument, or the number that it is. `direction` `down`
 * expects none higher. Results are numbers, or lists of as many numbers.
 *
 * @public
 */
export function monotone<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'monotone',
  direction = 'up',
}: ArgumentOption & { readonly direction?: 'up' | 'down' } = {}): Relation<Args, Result> {
  return {
    name,
    category: 'monotonicity',
    description: `higher numbers in, none ${direction === 'up' ? 'lower' : 'higher'} out`,
    transform: (args, { random }) => {
      const given = args[argument];
      if (typeof given === 'number') return replaced(args, argument, raised(given, random));
      const list = numbersAt(args, argument);
      if (list === undefined || list.length === 0) return undefined;
      const place = random.below(list.length);
      return replaced(
        args,
        argument,
        list.map((value, index) => (index === place ? raised(value, random) : value)),
      );
    },
    relate: (source, follow) => follow.every((out) => isOrdered(source, out, direction)),
  };
}

/**
 * Some items say nothing, as 0 in a sum: `append_neutral` appends one.
 *
 * @public
 */
export function appendNeutral<Args extends JsonArgs, Result extends JsonValue>({
  argument = 0,
  name = 'append_neutral',
  neutral = 0,
}: ArgumentOption & { readonly neutral?: JsonValue } = {}): Relation<Args, Result> {
  return {
    name,
    category: 'noise',
    description: `one more ${JSON.stringify(neutral)} changes nothing`,
    expect: 'equal',
    transform: (args) => {
      const list = listAt(args, argument);
      return list === undefined ? undefined : replaced(args, argument, [...list, neutral]);
    },
  };
}

/**
 * Every relation of the library that needs no word about the task, for one argument, to be tried on an implementation.
 *
 * @public
 */
export function libraryRelations(options: Omit<CountOption, 'name'> = {}): readonly Relation[] {
  return [
    permute(options),
    addNoiseBelowMin(options),
    scale(options),
    dropLowest(options),
    duplicateTop(options),
    duplicate(options),
    reverseInput(options),
    shift(options),
    idempotent(options),
    monotone(options),
    appendNeutral(options),
  ];
}

type Moved = {
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly priority?: number;
  readonly move: (value: number) => number;
};

function movedRelation<Args extends JsonArgs, Result extends JsonValue>(
  { move, description, ...head }: Moved,
  { argument, result }: { readonly argument: number; readonly result: 'same' | 'follows' },
): Relation<Args, Result> {
  const expected = result === 'same' ? 'leave the result the same' : 'do the same to the result';
  return {
    ...head,
    description: `${description} ${expected}`,
    transform: (args) => {
      const moved = numbersAt(args, argument)?.map((value) => move(value));
      if (moved === undefined || moved.length === 0 || !moved.every((value) => Number.isFinite(value)))
        return undefined;
      return replaced(args, argument, moved);
    },
    relate: (source, follow, { equivalent }) => {
      // Of the sort that it was: only its numbers are others.
      const wanted = result === 'same' ? source : (mapNumbers(source, move) as Result);
      return follow.every((out) => equivalent(wanted, out));
    },
  };
}

function mapNumbers(value: JsonValue, move: (value: number) => number): JsonValue {
  if (typeof value === 'number') return move(value);
  if (isList(value)) return value.map((item) => mapNumbers(item, move));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapNumbers(member, move)]));
}

/** The arguments with another value in one place. */
function replaced<Args extends JsonArgs>(args: Args, index: number, value: JsonValue): Args {
  return args.with(index, value) as JsonArgs as Args; // Each relation puts in a value of the sort that it took out.
}

function cappedAt<Args extends JsonArgs>(args: Args, index: number, highest: number): Args | undefined {
  const count = args[index];
  return typeof count === 'number' ? replaced(args, index, Math.min(count, highest)) : undefined;
}

function listAt(args: JsonArgs, index: number): readonly JsonValue[] | undefined {
  const value = args[index];
  return value !== undefined && isList(value) ? value : undefined;
}

function numbersAt(args: JsonArgs, index: number): readonly number[] | undefined {
  const list = listAt(args, index);
  const numbers = list?.filter((item) => typeof item === 'number');
  return numbers?.length === list?.length ? numbers : undefined;
}

/** Fisher and Yates, from the end. */
function shuffled(list: readonly JsonValue[], random: Random): readonly JsonValue[] {
  const items = [...list];
  for (let last = items.length - 1; last > 0; last -= 1) {
    const chosen = random.below(last + 1);
    [items[last], items[chosen]] = [items[chosen] ?? null, items[last] ?? null];
  }
  return items;
}

/** A number strictly below, whole where that one is; undefined at the end of the doubles. */
function numberBelow(lowest: number, random: Random): number | undefined {
  const near = lowest - 1 - random.below(NOISE_REACH);
  const far = lowest - Math.abs(lowest) * (0.5 + random.next() / 2);
  const value = near < lowest ? near : far;
  return Number.isFinite(value) ? value : undefined;
}

function raised(value: number, random: Random): number {
  const higher = value + 1 + random.below(NOISE_REACH);
  return Number.isFinite(higher) ? higher : value;
}

function sameSort(argument: JsonValue | undefined, out: JsonValue): boolean {
  if (argument === undefined) return false;
  return typeof argument === typeof out && isList(argument) === isList(out) && (argument === null) === (out === null);
}

function isOrdered(source: JsonValue, follow: JsonValue, direction: 'up' | 'down'): boolean {
  const [low, high] = direction === 'up' ? [source, follow] : [follow, source];
  if (typeof low === 'number' && typeof high === 'number') return low <= high;
  if (!isList(low) || !isList(high) || low.length !== high.length) return false;
  return low.every((value, index) => isOrdered(value, high[index] ?? null, 'up'));
}
