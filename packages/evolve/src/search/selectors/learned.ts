/**
 * What selectors learn of programs, as JSON and back: numbers under the id of each.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';

/** Numbers of one program, always as many as the selector keeps. */
export type Tally = readonly number[];

/** The tallies as JSON: pairs of an id and its numbers, in the order in which programs were first met. */
export function writeTallies(tallies: ReadonlyMap<string, Tally>): JsonValue {
  return [...tallies].map(([id, tally]) => [id, [...tally]]);
}

/** @throws {EvolveError} `CHECKPOINT_INVALID` where it is not what {@link writeTallies} wrote with so many numbers each. */
export function readTallies(state: JsonObject, key: string, width: number): Map<string, Tally> {
  const list = state[key];
  if (!Array.isArray(list)) throw stateError(key, list, 'a list');
  return new Map(list.map((item): [string, Tally] => readTally(item, key, width)));
}

/** @throws {EvolveError} `CHECKPOINT_INVALID` where it is no finite number in the range. */
export function readNumber(state: JsonObject, key: string, [least, most]: readonly [number, number]): number {
  const value = state[key];
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw stateError(key, value, `a number from ${least} to ${most}`);
}

/** Says what of a state cannot have been written by a selector. */
export function stateError(key: string, value: unknown, expected: string): EvolveError {
  const text = JSON.stringify(value)?.slice(0, 80) ?? 'missing';
  return new EvolveError('CHECKPOINT_INVALID', `${key} of a selector's state is ${text}; expected ${expected}`);
}

function readTally(item: JsonValue, key: string, width: number): [string, Tally] {
  if (Array.isArray(item)) {
    const [id, numbers] = item;
    if (typeof id === 'string' && Array.isArray(numbers) && numbers.length === width) {
      const tally = numbers.filter((number) => typeof number === 'number');
      if (tally.length === width) return [id, tally];
    }
  }
  throw stateError(key, item, `an id and ${width} numbers`);
}
