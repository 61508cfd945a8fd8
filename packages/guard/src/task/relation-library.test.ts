import type { JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../statistics/random.ts';
import { casesFromRecords } from './cases.ts';
import { defineTask } from './define-task.ts';
import { judgeCase } from './judge-case.ts';
import type { JsonArgs } from './json.ts';
import {
  addNoiseBelowMin,
  appendNeutral,
  dropLowest,
  duplicate,
  duplicateTop,
  idempotent,
  inverse,
  libraryRelations,
  monotone,
  permute,
  reverseInput,
  scale,
  shift,
} from './relation-library.ts';
import { followUpsOf, type Relation } from './relations.ts';

const numbers = (args: JsonArgs | undefined): readonly number[] => (args?.[0] ?? []) as number[];
const made = (relation: Relation, args: JsonArgs, out: JsonValue = null): JsonArgs | undefined =>
  followUpsOf(relation.transform(args, { random: createRandom(1), out }))?.[0];
const ascending = (list: readonly number[]): readonly number[] => list.toSorted((one, other) => one - other);

/** What a relation says of an implementation on one case. */
async function stateOf(relation: Relation, args: JsonArgs, solve: (...given: never[]) => JsonValue): Promise<string> {
  const task = defineTask({
    name: 'tried',
    generate: () => [],
    properties: [{ name: 'any', check: () => true }],
    relations: [relation],
  });
  const [one] = casesFromRecords(task, [[...args]]);
  if (one === undefined) throw new Error('one record is one case');
  const run = (given: JsonArgs) =>
    Promise.resolve({ ok: true as const, value: solve(...(given as never[])), durationMs: 1 });
  const { checks } = await judgeCase(task, one, { run, seed: 1 });
  return checks.find(({ kind }) => kind === 'relation')?.state ?? 'none';
}

const sum = (list: number[]): number => list.reduce((total, value) => total + value, 0);
const highest = (list: number[]): number => Math.max(...list);
const first = (list: number[]): number => list[0] ?? 0;
const sort = (list: number[]): number[] => list.toSorted((one, other) => one - other);
const reverse = (list: number[]): number[] => list.toReversed();
const indexOfHighest = (list: number[]): number => list.indexOf(Math.max(...list));

test('[X002-18] the five of the source system have their names and priorities', () => {
  const five = [permute(), addNoiseBelowMin(), scale(), dropLowest(), duplicateTop()];
  expect(five.map(({ name, priority }) => [name, priority])).toEqual([
    ['permute_input', 0.7],
    ['add_noise_below_min', 0.8],
    ['scale_scores', 0.6],
    ['drop_low_confidence', 0.5],
    ['duplicate_top_k', 0.4],
  ]);
});

test('every relation has its own name, a category and a description', () => {
  const all = libraryRelations();
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(all.filter(({ category, description }) => category === undefined || description === undefined)).toEqual([]);
});

const list = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2, maxLength: 20 });
const seeds = fc.integer();

test('permute_input keeps every item', () => {
  fc.assert(
    fc.property(list, seeds, (values, seed) => {
      const follow = followUpsOf(permute().transform([values], { random: createRandom(seed), out: null }))?.[0];
      expect(ascending(numbers(follow))).toEqual(ascending(values));
    }),
  );
});

test('permute_input makes every order of three', () => {
  const orders = Array.from({ length: 200 }, (_, seed) =>
    JSON.stringify(followUpsOf(permute().transform([[1, 2, 3]], { random: createRandom(seed), out: null }))),
  );
  expect(new Set(orders).size).toBe(6);
});

test('[X002-18] add_noise_below_min appends five numbers below the lowest, and k does not reach them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      fc.nat(40),
      (values, k) => {
        const follow = made(addNoiseBelowMin({ countArgument: 1 }), [values, k]);
        // Below the least double there is none.
        if (follow === undefined) {
          expect(Math.min(...values)).toBeLessThan(-Number.MAX_VALUE / 4);
          return;
        }
        expect(numbers(follow).slice(0, values.length)).toEqual(values);
        const noise = numbers(follow).slice(values.length);
        expect(noise).toHaveLength(5);
        expect(noise.every((value) => value < Math.min(...values))).toBe(true);
        expect(follow[1]).toBe(Math.min(k, values.length));
      },
    ),
  );
});

test.each<[string, Relation, JsonArgs, JsonArgs | undefined]>([
  ['reverse_input', reverseInput(), [[1, 2, 3]], [[3, 2, 1]]],
  ['scale_scores', scale(), [[100, -20]], [[105, -21]]],
  ['scale_scores beyond all doubles', scale({ factor: 2 }), [[Number.MAX_VALUE]], undefined],
  ['shift_input', shift({ by: 10 }), [[1, 2]], [[11, 12]]],
  ['drop_low_confidence', dropLowest(), [[3, 1, 2, 1]], [[3, 2, 1]]],
  ['drop_low_confidence with enough left', dropLowest({ countArgument: 1 }), [[3, 1, 2], 2], [[3, 2], 2]],
  ['drop_low_confidence with too few left', dropLowest({ countArgument: 1 }), [[3, 1, 2], 3], undefined],
  ['duplicate_input', duplicate(), [[1, 2]], [[1, 2, 1, 2]]],
  ['duplicate_top_k', duplicateTop(), [[1, 5, 2]], [[1, 5, 2, 5]]],
  ['append_neutral', appendNeutral({ neutral: '' }), [['a']], [['a', '']]],
  ['on another argument', reverseInput({ argument: 1 }), ['x', [1, 2]], ['x', [2, 1]]],
])('what it makes: %s', (_name, relation, args, follow) => {
  expect(made(relation, args)).toEqual(follow);
});

test.each(libraryRelations().map((relation) => [relation.name, relation] as const))(
  'it does not apply to what it is not for: %s',
  (_name, relation) => {
    for (const args of [[], ['text'], [null], [{ a: 1 }]]) expect(made(relation, args, [1])).toBeUndefined();
  },
);

test.each<[string, Relation, (...given: never[]) => JsonValue, (...given: never[]) => JsonValue]>([
  ['permute_input', permute(), sum, indexOfHighest],
  ['reverse_input', reverseInput(), sum, first],
  ['add_noise_below_min', addNoiseBelowMin(), highest, sum],
  ['scale_scores, same', scale(), indexOfHighest, sum],
  ['scale_scores, follows', scale({ result: 'follows', factor: 2 }), sort, indexOfHighest],
  ['shift_input, same', shift(), indexOfHighest, highest],
  ['shift_input, follows', shift({ result: 'follows' }), sort, sum],
  [
    'scale_scores, follows within an object',
    scale({ result: 'follows', factor: 2 }),
    (values: number[]) => ({ by: 'sum', sum: sum(values), parts: [values], none: null }),
    (values: number[]) => ({ by: 'count', count: values.length }),
  ],
  ['monotone, of lists', monotone(), sort, (values: number[]) => values.map((value) => -value)],
  ['drop_low_confidence', dropLowest(), highest, sum],
  ['duplicate_input', duplicate(), highest, sum],
  ['duplicate_top_k, equal', duplicateTop({ expect: 'equal' }), highest, sum],
  ['idempotent', idempotent(), sort, reverse],
  ['monotone', monotone(), sum, (values: number[]) => -sum(values)],
  ['monotone, down', monotone({ direction: 'down' }), (values: number[]) => -sum(values), sum],
  ['append_neutral', appendNeutral(), sum, sort],
  [
    'inverse',
    inverse<[number[]], number[]>({
      transform: ([values]) => [values.map((value) => value * 2)],
      undo: (follow) => follow.map((value) => value / 2),
    }),
    sort,
    (values: number[]) => values.map((value) => value * value),
  ],
])('it holds for what keeps it and breaks for what does not: %s', async (_name, relation, keeps, breaks) => {
  const args = [[2, 7, 3]];
  expect(await stateOf(relation, args, keeps)).toBe('held');
  expect(await stateOf(relation, args, breaks)).toBe('violated');
});

test('a relation for a second argument takes another name', () => {
  const two = [permute(), permute({ argument: 1, name: 'permute_others' })];
  expect(defineTask({ name: 'two', generate: () => [], relations: two }).relations.map(({ name }) => name)).toEqual([
    'permute_input',
    'permute_others',
  ]);
});

test('idempotent does not apply where the result is of another sort than the argument', async () => {
  expect(await stateOf(idempotent(), [[1, 2]], sum)).toBe('skipped');
});

test('monotone raises a number that is the argument itself', async () => {
  expect(await stateOf(monotone(), [3], (value: number) => value * 2)).toBe('held');
  expect(await stateOf(monotone(), [3], (value: number) => -value)).toBe('violated');
});
