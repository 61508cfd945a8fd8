/**
 * A list of 2,000 numbers in ascending order: who judges a sort. What is counted is how long it takes.
 */
import { createSearchRandom } from '@bulkhead/evolve';
import { defineTask } from '@bulkhead/guard';

const LENGTH = 2_000;

/** Case i has numbers of its own, with some that are equal, whoever asks for how many. */
export const BAD_SORT = defineTask<[numbers: readonly number[]], number[]>({
  name: 'bad_sort',
  generate: (n, seed) => Array.from({ length: n }, (_, at): [number[]] => [numbersOf(`${seed}/${at}`)]),
  isResult: (value): value is number[] => Array.isArray(value) && value.every((item) => typeof item === 'number'),
  properties: [
    {
      name: 'the same numbers, ascending',
      check: (out, numbers) =>
        isEqual(
          out,
          numbers.toSorted((a, b) => a - b),
        ),
    },
  ],
});

function numbersOf(seed: string): number[] {
  const random = createSearchRandom(seed);
  const numbers = Array.from({ length: LENGTH }, () => 2_000 * random.next() - 1_000);
  return numbers.map((number, at) => (at % 10 === 9 ? (numbers[at - 1] ?? number) : number));
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}
