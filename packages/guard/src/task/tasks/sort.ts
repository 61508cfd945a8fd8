/**
 * A worked example: a list in ascending order. `solve(items)`; numbers by their size, records by their key in the order of UTF-16
 * units, and records of one key in the order in which they came.
 */
import fc from 'fast-check';
import { defineTask } from '../define-task.ts';
import { isList } from '../json.ts';
import { idempotent, permute } from '../relation-library.ts';
import type { Relation } from '../relations.ts';
import type { Task } from '../task.ts';

/**
 * A record to be sorted by `key`; `place` is its index in the list that it came in.
 *
 * @public
 */
export type KeyedItem = { readonly key: string; readonly place: number };

/**
 * What is sorted: numbers, or records.
 *
 * @public
 */
export type SortItems = readonly number[] | readonly KeyedItem[];

/**
 * Arguments of an implementation: the list.
 *
 * @public
 */
export type SortArgs = [items: SortItems];

const SHORT_MAX = 12;
/** From some 10 to 50 items on many sorts take another way. */
const LONG = { minLength: 40, maxLength: 120, size: 'max' } as const;
const KEYS = ['', 'a', 'b', 'B', 'ab', 'é', '9', '10'];

const FEW = fc.integer({ min: -3, max: 3 });
const WHOLE = fc.integer({ min: -1_000, max: 1_000 });
/** −0 becomes 0, as in JSON. */
const ANY = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const NUMBERS = fc.oneof(
  fc.array(FEW, { maxLength: SHORT_MAX }),
  fc.array(WHOLE, { maxLength: SHORT_MAX }),
  fc.array(ANY, { maxLength: SHORT_MAX }),
  fc.array(WHOLE, LONG),
  fc.array(WHOLE, { maxLength: SHORT_MAX }).map((items) => ascending(items)),
  fc.array(WHOLE, { maxLength: SHORT_MAX }).map((items) => ascending(items).toReversed()),
);
const RECORDS = fc
  .oneof(
    fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: SHORT_MAX }),
    fc.array(fc.constantFrom(...KEYS), LONG),
  )
  .map((keys) => keys.map((key, place) => ({ key, place })));

/**
 * The task: three hard properties, three relations; `group` is `numbers` or `records`.
 *
 * @public
 */
export const SORT: Task<SortArgs, SortItems> = defineTask<SortArgs, SortItems>({
  name: 'sort',
  arbitraries: [fc.oneof({ weight: 2, arbitrary: NUMBERS }, { weight: 1, arbitrary: RECORDS })],
  isResult: (value): value is SortItems =>
    isList(value) && (value.every((item) => typeof item === 'number') || value.every((item) => isKeyed(item))),
  properties: [
    {
      name: 'sorted',
      description: 'none is higher than the next',
      check: (out) => isAscending([...out].map((item) => rankOf(item))),
    },
    {
      name: 'permutation',
      description: 'the same items as often as before',
      check: (out, items) => countsOf(out) === countsOf(items) || `${out.length} items of ${items.length}, or others`,
    },
    {
      name: 'stable',
      description: 'records of one key stay in their order',
      pre: (items) => areRecords(items),
      check: (out) =>
        [...out].every((item, index) => {
          const next = out[index + 1];
          return !isKeyed(item) || !isKeyed(next) || item.key !== next.key || item.place < next.place;
        }),
    },
  ],
  relations: [numbersOnly(permute()), duplicateEach(), idempotent()],
  group: ([items]) => (areRecords(items) ? 'records' : 'numbers'),
});

/** Of records of one key the order counts: another order of the list gives another result. */
function numbersOnly(relation: Relation<SortArgs, SortItems>): Relation<SortArgs, SortItems> {
  return {
    ...relation,
    transform: (args, given) => (areRecords(args[0]) ? undefined : relation.transform(args, given)),
  };
}

/** Numbers twice over give each number of the result twice. */
function duplicateEach(): Relation<SortArgs, SortItems> {
  return {
    name: 'duplicate_each',
    category: 'duplication',
    description: 'the list twice over gives each item twice',
    transform: ([items]) => {
      const numbers = numbersOf(items);
      return numbers.length === 0 ? undefined : [[...numbers, ...numbers]];
    },
    relate: (source, follow, { equivalent }) => {
      const twice = numbersOf(source).flatMap((value) => [value, value]);
      return follow.every((out) => equivalent(twice, out));
    },
  };
}

function numbersOf(items: SortItems): readonly number[] {
  return [...items].filter((item) => typeof item === 'number');
}

function areRecords(items: SortItems): boolean {
  return typeof items[0] === 'object';
}

function isKeyed(item: unknown): item is KeyedItem {
  if (typeof item !== 'object' || item === null || !('key' in item) || !('place' in item)) return false;
  return typeof item.key === 'string' && typeof item.place === 'number';
}

function rankOf(item: number | KeyedItem): number | string {
  return typeof item === 'number' ? item : item.key;
}

function isAscending(ranks: readonly (number | string)[]): boolean {
  return ranks.every((rank, index) => index === 0 || rank >= (ranks[index - 1] ?? rank));
}

/** One text for each multiset. */
function countsOf(items: SortItems): string {
  const texts = [...items].map((item) =>
    typeof item === 'number' ? String(item) : JSON.stringify([item.key, item.place]),
  );
  return texts.toSorted().join('\n');
}

function ascending(items: readonly number[]): readonly number[] {
  return items.toSorted((one, other) => one - other);
}
