/**
 * A worked example (X002-18): the k highest of a list of numbers, the highest first. `solve(values, k)`; all of them where there
 * are fewer than k.
 */
import { createRandom, type Random } from '../../statistics/random.ts';
import { defineTask } from '../define-task.ts';
import { addNoiseBelowMin, dropLowest, duplicateTop, permute } from '../relation-library.ts';
import type { Task } from '../task.ts';

/**
 * Arguments of an implementation: the numbers, and how many are asked for.
 *
 * @public
 */
export type TopKArgs = [values: number[], k: number];

type Scenario = (random: Random) => TopKArgs;

const LONG_MAX = 200;

/** Case i is of scenario i modulo 12. */
const SCENARIOS: readonly Scenario[] = [
  /* empty */ (random) => [[], random.below(4)],
  /* single */ (random) => [[whole(random, 100)], 1],
  /* plain */ (random) => asked(listOf(random, 3 + random.below(10), 1_000), random),
  /* duplicates */ (random) => asked(listOf(random, 6 + random.below(10), 2), random),
  /* sorted */ (random) => asked(ascending(listOf(random, 4 + random.below(10), 50)), random),
  /* reversed */ (random) => asked(ascending(listOf(random, 4 + random.below(10), 50)).toReversed(), random),
  /* long */ (random) => asked(listOf(random, 50 + random.below(LONG_MAX - 49), 10_000), random),
  /* none asked for */ (random) => [listOf(random, 1 + random.below(10), 100), 0],
  /* more asked for than there are */ (random) => {
    const values = listOf(random, 1 + random.below(10), 100);
    return [values, values.length + 1 + random.below(5)];
  },
  /* negatives */ (random) => asked(belowZero(listOf(random, 3 + random.below(10), 1_000)), random),
  /* extremes */ (random) => asked([Number.MAX_SAFE_INTEGER, 0, 1e-9, ...listOf(random, 3, 10), -1e300, 1e300], random),
  /* all equal */ (random) => {
    const value = whole(random, 10);
    return asked(
      Array.from({ length: 2 + random.below(8) }, () => value),
      random,
    );
  },
];

/**
 * The task: three hard properties, four relations, and results that are equal as multisets.
 *
 * @public
 */
export const TOP_K: Task<TopKArgs, number[]> = defineTask<TopKArgs, number[]>({
  name: 'top_k',
  generate: (n, seed) => Array.from({ length: n }, (_, index) => scenarioArgs(index, createRandom(seed))),
  isResult: (value): value is number[] => Array.isArray(value) && value.every((item) => typeof item === 'number'),
  properties: [
    {
      name: 'length',
      description: 'as many as asked for, or all',
      check: (out, values, k) =>
        out.length === Math.min(k, values.length) || `${out.length} numbers, expected ${Math.min(k, values.length)}`,
    },
    {
      name: 'descending',
      description: 'the highest first',
      check: (out) => out.every((value, index) => index === 0 || value <= (out[index - 1] ?? value)),
    },
    {
      name: 'highest',
      description: 'each is of the list, and none that is left is higher',
      check: (out, values) => isHighestPart(out, values),
    },
  ],
  relations: [permute(), addNoiseBelowMin({ countArgument: 1 }), dropLowest({ countArgument: 1 }), duplicateTop()],
  equivalence: (one, other) => isSameMultiset(one, other),
});

/** The stream of a case depends on its index alone, so that case i is the same however many there are. */
function scenarioArgs(index: number, random: Random): TopKArgs {
  const scenario = SCENARIOS[index % SCENARIOS.length];
  return scenario === undefined ? [[], 0] : scenario(random.fork(String(index)));
}

function isHighestPart(out: readonly number[], values: readonly number[]): boolean {
  const left = [...values];
  for (const value of out) {
    const index = left.indexOf(value);
    if (index < 0) return false;
    left.splice(index, 1);
  }
  const lowest = Math.min(...out);
  return left.every((value) => value <= lowest);
}

function isSameMultiset(one: readonly number[], other: readonly number[]): boolean {
  const sorted = ascending(other);
  return one.length === other.length && ascending(one).every((value, index) => value === sorted[index]);
}

function asked(values: number[], random: Random): TopKArgs {
  return [values, 1 + random.below(values.length)];
}

function listOf(random: Random, length: number, reach: number): number[] {
  return Array.from({ length }, () => whole(random, reach));
}

/** A whole number from −reach to reach. */
function whole(random: Random, reach: number): number {
  return random.below(2 * reach + 1) - reach;
}

function belowZero(values: readonly number[]): number[] {
  return values.map((value) => -1 - Math.abs(value));
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}
