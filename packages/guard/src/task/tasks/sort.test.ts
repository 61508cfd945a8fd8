import { expect, test } from 'vitest';
import { generateCases } from '../cases.ts';
import { brokenOf, failedOf, judgeAll, type Solve } from './judge-all.fixture.ts';
import { SORT, type KeyedItem } from './sort.ts';

type Item = number | KeyedItem;

const rank = (item: Item): number | string => (typeof item === 'number' ? item : item.key);
const compare = (one: Item, other: Item): number => {
  if (rank(one) === rank(other)) return 0;
  return rank(one) < rank(other) ? -1 : 1;
};
const sorted = (items: Item[]): Item[] => items.toSorted(compare);

test('cases are short and long, with ties, of numbers and of records, and the same for a seed', () => {
  const cases = generateCases(SORT, { n: 400, seed: 42 });
  const lists = cases.map(({ args }) => [...args[0]] as Item[]);
  expect(lists.some((list) => list.length === 0)).toBe(true);
  expect(lists.some((list) => list.length >= 40 && typeof list[0] === 'number')).toBe(true);
  expect(lists.some((list) => list.length >= 40 && typeof list[0] === 'object')).toBe(true);
  expect(lists.some((list) => new Set(list.map((item) => rank(item))).size < list.length)).toBe(true);
  expect(new Set(cases.map(({ args }) => SORT.group(args, [])))).toEqual(new Set(['numbers', 'records']));
  expect(generateCases(SORT, { n: 3, seed: 42 })).toEqual(cases.slice(0, 3));
});

test.each<[string, Solve, readonly string[]]>([
  [
    'as texts, as a sort without a comparison does',
    (items: Item[]) => items.toSorted((one, other) => asTexts(one, other)),
    ['sorted'],
  ],
  ['descending', (items: Item[]) => sorted(items).toReversed(), ['sorted']],
  ['ties in the reverse order', (items: Item[]) => sorted(items.toReversed()), ['stable']],
  [
    'equal ones are dropped',
    (items: Item[]) => sorted(items).filter((item, at, all) => rank(item) !== rank(all[at - 1] ?? Number.NaN)),
    ['permutation', 'duplicate_each'],
  ],
  ['the last one is forgotten', (items: Item[]) => [...sorted(items.slice(0, -1)), ...items.slice(-1)], ['sorted']],
  [
    'a long list is sorted in two halves that nobody merges',
    (items: Item[]) =>
      items.length < 64 ? sorted(items) : [...sorted(items.slice(0, 64)), ...sorted(items.slice(64))],
    ['sorted', 'permute_input', 'duplicate_each'],
  ],
  [
    'differences in a word of 32 bits',
    (items: Item[]) => items.toSorted((one, other) => difference(one, other)),
    ['sorted'],
  ],
  ['keys in any case', (items: Item[]) => items.toSorted((one, other) => folded(one, other)), ['sorted']],
  ['a null', () => null, ['is_result']],
])('a wrong one is found within 400 cases: %s', async (_name, solve, names) => {
  const judged = await judgeAll(SORT, solve);
  expect(failedOf(judged)).not.toEqual([]);
  expect(judged.flatMap(({ faults }) => faults)).toEqual([]);
  expect(brokenOf(judged)).toEqual(expect.arrayContaining([...names]));
});

function asTexts(one: Item, other: Item): number {
  return String(rank(one)) < String(rank(other)) ? -1 : Number(rank(one) !== rank(other));
}

function difference(one: Item, other: Item): number {
  return typeof one === 'number' && typeof other === 'number'
    ? (Math.trunc(one - other) % 2 ** 31) | 0
    : compare(one, other);
}

function folded(one: Item, other: Item): number {
  if (typeof one === 'number' || typeof other === 'number') return compare(one, other);
  return compare({ ...one, key: one.key.toLowerCase() }, { ...other, key: other.key.toLowerCase() });
}
