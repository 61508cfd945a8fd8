/**
 * The shrinking challenge: properties that are wrong, with how small a case that breaks them can be. Each claim is a function on its
 * own, which uses nothing around it, so that its text can run elsewhere; the same goes for what it throws away: it answers true there.
 *
 * @see github.com/jlink/shrinking-challenge; MacIver and Donaldson 2020, "Test-case reduction via test-case generation", ECOOP.
 */
import type { JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';
import { defineTask } from '../define-task.ts';
import type { JsonArgs } from '../json.ts';
import type { Task } from '../task.ts';

/**
 * One challenge. `task` makes the cases; `source` is an implementation whose `solve` answers whether the property holds; `smallest` are the arguments that
 * nothing smaller breaks.
 */
export type Challenge = {
  readonly name: string;
  readonly task: Task;
  readonly source: string;
  readonly smallest: JsonArgs;
  readonly holds: (args: JsonArgs) => boolean;
};

const INTEGER = fc.integer({ min: -100_000, max: 100_000 });
const LIST = fc.array(INTEGER, { maxLength: 30 });
const LISTS = fc.array(fc.array(INTEGER, { maxLength: 20 }), { maxLength: 20 });
const WORD = fc.integer({ min: -32_768, max: 32_767 });
const PAIR: [fc.Arbitrary<number>, fc.Arbitrary<number>] = [fc.nat(1_000), fc.nat(1_000)];

/** All of them. */
export const CHALLENGES: readonly Challenge[] = [
  challenge({
    name: 'bound5',
    arbitraries: [fc.tuple(...Array.from({ length: 5 }, () => fc.array(WORD, { maxLength: 10 })))],
    smallest: [[[], [], [], [-1], [-32_768]]],
    holds: (lists: number[][]) => {
      const sum = (list: number[]) => list.reduce((so, value) => ((so + value) << 16) >> 16, 0);
      return lists.some((list) => sum(list) >= 256) || sum(lists.flat()) < 5 * 256;
    },
  }),
  challenge({
    name: 'large_union_list',
    arbitraries: [LISTS],
    smallest: [[[0, 1, -1, 2, -2]]],
    holds: (lists: number[][]) => new Set(lists.flat()).size <= 4,
  }),
  challenge({
    name: 'reverse',
    arbitraries: [LIST],
    smallest: [[0, 1]],
    holds: (list: number[]) => list.every((value, at) => value === list[list.length - 1 - at]),
  }),
  challenge({
    name: 'calculator',
    arbitraries: [expressions()],
    smallest: [['/', 0, ['+', 0, 0]]],
    holds: (expression: JsonValue) => {
      type Term = number | [string, Term, Term];
      const dividesByZero = (term: Term): boolean =>
        typeof term !== 'number' &&
        ((term[0] === '/' && term[2] === 0) || dividesByZero(term[1]) || dividesByZero(term[2]));
      const value = (term: Term): number => {
        if (typeof term === 'number') return term;
        const [one, other] = [value(term[1]), value(term[2])];
        if (term[0] === '+') return one + other;
        return other === 0 ? Number.NaN : Math.trunc(one / other);
      };
      return dividesByZero(expression as Term) || !Number.isNaN(value(expression as Term));
    },
  }),
  challenge({
    name: 'lengthlist',
    arbitraries: [
      fc
        .integer({ min: 1, max: 100 })
        .chain((length) => fc.array(fc.nat(1_000), { minLength: length, maxLength: length })),
    ],
    smallest: [[900]],
    holds: (list: number[]) => Math.max(...list) < 900,
  }),
  challenge({
    name: 'difference_not_zero',
    arbitraries: PAIR,
    smallest: [10, 10],
    holds: (one: number, other: number) => one < 10 || one !== other,
  }),
  challenge({
    name: 'difference_not_small',
    arbitraries: PAIR,
    smallest: [10, 6],
    holds: (one: number, other: number) => one < 10 || Math.abs(one - other) < 1 || Math.abs(one - other) > 4,
  }),
  challenge({
    name: 'difference_not_one',
    arbitraries: PAIR,
    smallest: [10, 9],
    holds: (one: number, other: number) => one < 10 || Math.abs(one - other) !== 1,
  }),
  challenge({
    name: 'deletion',
    arbitraries: [fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }), fc.nat(19)],
    smallest: [[0, 0], 0],
    holds: (list: number[], at: number) => at >= list.length || !list.toSpliced(at, 1).includes(list[at] ?? -1),
  }),
  challenge({
    name: 'distinct',
    arbitraries: [LIST],
    smallest: [[0, 1, -1]],
    holds: (list: number[]) => new Set(list).size < 3,
  }),
  challenge({
    name: 'nestedlists',
    arbitraries: [LISTS],
    smallest: [[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]],
    holds: (lists: number[][]) => lists.flat().length <= 10,
  }),
  challenge({
    name: 'coupling',
    arbitraries: [fc.array(fc.nat(10), { maxLength: 10 })],
    smallest: [[1, 0]],
    holds: (list: number[]) => {
      if (list.some((value) => value >= list.length)) return true;
      return list.every((value, at) => value === at || list[value] !== at);
    },
  }),
];

/** A challenge; what `holds` takes is what the arbitraries make. */
function challenge({
  name,
  arbitraries,
  smallest,
  holds,
}: {
  readonly name: string;
  readonly arbitraries: readonly fc.Arbitrary<JsonValue>[];
  readonly smallest: JsonArgs;
  readonly holds: (...args: never[]) => boolean;
}): Challenge {
  return {
    name,
    task: defineTask({ name, arbitraries: fc.tuple(...arbitraries) }),
    source: `export const solve = ${holds.toString()};\n`,
    smallest,
    holds: (args) => holds(...(args as never[])), // The arbitraries' types are the function's.
  };
}

/** Numbers, sums and quotients of them. */
function expressions(): fc.Arbitrary<JsonValue> {
  const { term } = fc.letrec<{ term: JsonValue; sum: JsonValue; quotient: JsonValue }>((tie) => ({
    term: fc.oneof({ depthSize: 'small', maxDepth: 5 }, INTEGER, tie('sum'), tie('quotient')),
    sum: fc.tuple(fc.constant('+'), tie('term'), tie('term')),
    quotient: fc.tuple(fc.constant('/'), tie('term'), tie('term')),
  }));
  return term;
}
