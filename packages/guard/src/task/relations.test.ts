import { expect, test } from 'vitest';
import { createRandom } from '../statistics/random.ts';
import { composeRelations, followUpsOf, relationRandom, type Relation } from './relations.ts';

type NumbersRelation = Relation<[number[]], number[]>;

const PLACE = { seed: 42, caseIndex: 3, relationIndex: 1, name: 'permute_input' };
const given = (out: number[] = []) => ({ random: createRandom(1), out });
const append = (value: number): NumbersRelation => ({
  name: `append_${value}`,
  expect: 'equal',
  transform: ([list]) => [[...list, value]],
});
const unlessEmpty: NumbersRelation = {
  name: 'unless_empty',
  expect: 'properties_hold',
  transform: ([list]) => (list.length === 0 ? undefined : { followUps: [[list], [list.toReversed()]] }),
};
const changes: NumbersRelation = { name: 'changes', expect: 'not_equal', transform: (args) => args };

test('[X002-4] the stream of a relation is that of the text seed:case:relation_index:name', () => {
  expect(relationRandom(PLACE).next()).toBe(createRandom('42:3:1:permute_input').next());
});

test.each([{ seed: 43 }, { caseIndex: 4 }, { relationIndex: 0 }, { name: 'permute' }])(
  '[X002-4] another place has another stream: %o',
  (other) => {
    expect(relationRandom({ ...PLACE, ...other }).next()).not.toBe(relationRandom(PLACE).next());
  },
);

test('follow-ups are a list however they were given, and none where it does not apply', () => {
  expect(followUpsOf([[1, 2]])).toEqual([[[1, 2]]]);
  expect(followUpsOf({ followUps: [[1], [2]] })).toEqual([[1], [2]]);
  expect(followUpsOf({ followUps: [] })).toBeUndefined();
  expect(followUpsOf(undefined)).toBeUndefined();
});

test('a composition transforms what the first made', () => {
  const both = composeRelations(append(1), append(2));
  expect(both).toMatchObject({ name: 'append_1+append_2', expect: 'equal' });
  expect(followUpsOf(both.transform([[0]], given()))).toEqual([[[0, 1, 2]]]);
});

test('it has every follow-up of every follow-up, and does not apply where one of them does not', () => {
  const fan = composeRelations(unlessEmpty, append(9));
  expect(fan).toMatchObject({ expect: 'properties_hold' });
  expect(followUpsOf(fan.transform([[1, 2]], given()))).toEqual([[[1, 2, 9]], [[2, 1, 9]]]);
  expect(followUpsOf(fan.transform([[]], given()))).toBeUndefined();
  const never: NumbersRelation = { name: 'never', expect: 'equal', transform: () => undefined };
  expect(followUpsOf(composeRelations(append(1), never).transform([[0]], given()))).toBeUndefined();
});

test('where nothing follows for the two, a rule must be given', () => {
  expect(() => composeRelations(append(1), changes)).toThrow(
    expect.objectContaining({
      code: 'TASK_INVALID',
      message:
        'relations "append_1" and "changes" expect equal and not_equal; nothing follows for the two together, so pass a rule',
    }),
  );
  expect(composeRelations(append(1), changes, { expect: 'not_equal' })).toMatchObject({ expect: 'not_equal' });
});

test('one that reads a result cannot be second, as nothing ran before it', () => {
  const again: NumbersRelation = { ...append(1), name: 'again', readsResult: true };
  expect(() => composeRelations(append(2), again)).toThrow(expect.objectContaining({ code: 'TASK_INVALID' }));
  expect(composeRelations(again, append(2)).readsResult).toBe(true);
});
