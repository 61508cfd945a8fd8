import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryValue, casesFromRecords, generateCases, type Case } from './cases.ts';
import { defineTask } from './define-task.ts';
import { type JsonArgs } from './json.ts';
import { judgeCase, type RunCase } from './judge-case.ts';
import { permute } from './relation-library.ts';
import { shrinkCase, stillBreaks } from './shrink.ts';
import type { Task } from './task.ts';

const EVEN = defineTask<[number[]], number>({
  name: 'even',
  arbitraries: [
    fc.array(
      fc.nat(1_000).map((half) => half * 2),
      { minLength: 2 },
    ),
  ],
});
const ANY = defineTask({ name: 'any', generate: () => [] });
const numbers = (args: JsonArgs): number[] => args[0] as number[];
const failing = (task: Task, fails: (args: JsonArgs) => boolean): Case => {
  const found = generateCases(task, { n: 200, seed: 1 }).find(({ args }) => fails(args));
  if (found === undefined) throw new Error('no case of 200 fails');
  return found;
};
const record = (...args: JsonValue[]): Case => {
  const [one] = casesFromRecords(ANY, [args]);
  if (one === undefined) throw new Error('one record is one case');
  return one;
};

test('a case of arbitraries shrinks to the smallest of them that fails, and every one asked is one of them', async () => {
  const fails = (args: JsonArgs): boolean => numbers(args).some((value) => value >= 100);
  const asked: JsonArgs[] = [];
  const shrunk = await shrinkCase(EVEN, failing(EVEN, fails), {
    seed: 1,
    stillFails: (args) => {
      asked.push(args);
      return Promise.resolve(fails(args));
    },
  });
  expect(shrunk).toMatchObject({ kind: 'smallest', args: [[100, 0]] });
  expect(asked.every((args) => numbers(args).length >= 2 && numbers(args).every((value) => value % 2 === 0))).toBe(
    true,
  );
  expect(asked).toHaveLength(shrunk.runs);
});

test.each<[string, Case, (args: JsonArgs) => boolean, JsonArgs]>([
  [
    'a list and a number',
    record([5, 17, 300, 9], 40),
    (args) => numbers(args).some((value) => value > 10) && Number(args[1]) >= 3,
    [[11], 3],
  ],
  ['a negative number', record([-400.5]), (args) => numbers(args).some((value) => value <= -7), [[-7]]],
  ['a text', record('hello world'), (args) => canonicalJson(args).includes('w'), ['w']],
  [
    'an object',
    record({ a: [1, 2], b: { c: true, d: 'x' }, e: null }),
    (args) => canonicalJson(args).includes('"c"'),
    [{ c: false }],
  ],
  ['nothing to take away', record(null, false, 0, '', []), () => true, [null, false, 0, '', []]],
])('any other case is shrunk as JSON: %s', async (_name, one, fails, smallest) => {
  const shrunk = await shrinkCase(ANY, one, { seed: 1, stillFails: (args) => Promise.resolve(fails(args)) });
  expect(shrunk).toMatchObject({ kind: 'smallest', args: smallest });
});

test('what comes out fails, whatever JSON goes in, within the bound of runs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.integer({ min: 2, max: 60 }), async (value, runsMax) => {
      const one = record(value as JsonValue, [1e300, -1e300, 7]);
      const fails = (args: JsonArgs): boolean => canonicalJson(args).includes('7');
      const shrunk = await shrinkCase(ANY, one, {
        seed: 1,
        runsMax,
        stillFails: (args) => Promise.resolve(fails(args)),
      });
      expect(fails(shrunk.args)).toBe(true);
      expect(shrunk.runs).toBeLessThanOrEqual(runsMax);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['never again', [false], 1],
  ['once, and then not', [true, false], 2],
])('a case that fails %s is flaky, and is as it was', async (_name, answers, runs) => {
  const left = [...answers];
  const one = record([1, 2, 3]);
  const shrunk = await shrinkCase(ANY, one, { seed: 1, stillFails: () => Promise.resolve(left.shift() ?? true) });
  expect(shrunk).toEqual({ kind: 'flaky', args: one.args, runs, steps: 0 });
});

test('500 runs are the bound, and what was reached by then is told', async () => {
  const long = record(Array.from({ length: 2_000 }, (_, index) => index));
  const shrunk = await shrinkCase(ANY, long, {
    seed: 1,
    stillFails: (args) => Promise.resolve(numbers(args).length > 1_000),
  });
  expect(shrunk).toMatchObject({ kind: 'bounded', runs: 500 });
  expect(numbers(shrunk.args).length).toBeLessThan(2_000);
});

test('shrinking respects relations: what is smaller still breaks the same one', async () => {
  const task = defineTask<[number[]], number>({
    name: 'highest',
    arbitraries: [fc.array(fc.nat(1_000), { minLength: 1, maxLength: 12 })],
    properties: [{ name: 'never', mode: 'soft', check: () => false }],
    relations: [permute()],
  });
  const run: RunCase = (args) => Promise.resolve({ ok: true, value: numbers(args)[0] ?? 0, durationMs: 1 });
  const options = { run, seed: 5 };
  const cases = generateCases(task, { n: 20, seed: 5 });
  const judged = await Promise.all(cases.map((one) => judgeCase(task, one, options)));
  const broken = { kind: 'relation', name: 'permute_input' } as const;
  const index = judged.findIndex(({ violations }) => violations.some(({ name }) => name === broken.name));
  const one = cases[index];
  if (one === undefined) throw new Error('the first item is not the same in every order');
  const stillFails = stillBreaks({ task, one, broken }, options);
  const shrunk = await shrinkCase(task, one, { seed: 5, stillFails });
  expect(shrunk.kind).toBe('smallest');
  expect(await stillFails(shrunk.args)).toBe(true);
  expect(numbers(shrunk.args).length).toBeLessThanOrEqual(numbers(one.args).length);
  // Two that differ, as small as they can be: 0 and 1.
  expect(Math.max(...numbers(shrunk.args))).toBe(1);
});

test('what an arbitrary makes on its way down and is no JSON is passed over', async () => {
  const task = defineTask({ name: 'nines', arbitraries: [fc.constantFrom(Number.NaN, 9)] });
  const seed = [1, 2, 3, 4, 5, 6, 7, 8].find((tried) => made(task, tried) === 9) ?? 0;
  const shrunk = await shrinkCase(task, record(9), { seed, stillFails: () => Promise.resolve(true) });
  expect(made(task, seed)).toBe(9);
  expect(shrunk).toEqual({ kind: 'smallest', args: [9], runs: 2, steps: 0 });
});

test('a given case of a task with arbitraries is shrunk as JSON: it is none of theirs', async () => {
  const fails = (args: JsonArgs): boolean => numbers(args).some((value) => value % 2 === 1);
  const shrunk = await shrinkCase(EVEN, record([4, 33, 8]), {
    seed: 1,
    stillFails: (args) => Promise.resolve(fails(args)),
  });
  expect(shrunk).toMatchObject({ kind: 'smallest', args: [[1]] });
});

/** The first argument of the first case, before anybody asks whether it is JSON. */
function made({ source }: Task, seed: number): unknown {
  return source.kind === 'arbitrary' ? arbitraryValue(source, { seed, index: 0 }).value[0] : undefined;
}
