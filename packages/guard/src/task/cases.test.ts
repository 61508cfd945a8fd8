import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryValue, casesFromJsonLines, casesFromRecords, generateCases, withArgs } from './cases.ts';
import { defineTask } from './define-task.ts';

const LISTS = defineTask<[number[], number], number>({
  name: 'lists',
  arbitraries: [fc.array(fc.integer()), fc.nat(5)],
});
const ANY = defineTask({ name: 'any', generate: () => [] });

test('the same seed gives the same cases, and another gives others', () => {
  const cases = generateCases(LISTS, { n: 30, seed: 7 });
  expect(generateCases(LISTS, { n: 30, seed: 7 })).toEqual(cases);
  expect(generateCases(LISTS, { n: 30, seed: 8 })).not.toEqual(cases);
});

test('with arbitraries a case is the same whatever their number is', () => {
  const seeds = fc.tuple(fc.integer(), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }));
  fc.assert(
    fc.property(seeds, ([seed, few, more]) => {
      const all = generateCases(LISTS, { n: few + more, seed });
      expect(generateCases(LISTS, { n: few, seed })).toEqual(all.slice(0, few));
    }),
    { numRuns: 20 },
  );
});

test('a seed fixes the cases for good', () => {
  expect(generateCases(LISTS, { n: 3, seed: 42 }).map(({ id }) => id)).toMatchInlineSnapshot(`
    [
      "case-0-c14f100a",
      "case-1-1038158a",
      "case-2-8fbf441e",
    ]
  `);
});

test('ids are of index and arguments, whatever the order of keys; a case is its own cluster', () => {
  const [one, other] = casesFromRecords(ANY, [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }]]);
  expect(one?.id).toMatch(/^case-0-[0-9a-f]{8}$/);
  expect(other?.id).toBe(one?.id.replace('case-0', 'case-1'));
  expect(one?.cluster).toBe(one?.id);
});

test('one arbitrary may make all arguments together', () => {
  const task = defineTask<[number[], number], number>({
    name: 'index',
    arbitraries: fc
      .array(fc.integer(), { minLength: 1 })
      .chain((list) => fc.tuple(fc.constant(list), fc.nat(list.length - 1))),
  });
  const cases = generateCases(task, { n: 50, seed: 1 });
  expect(cases.every(({ args: [list, index] }) => index < list.length)).toBe(true);
});

test('clusters come from the task', () => {
  const task = defineTask<[number], number>({
    name: 'parity',
    generate: (n) => Array.from({ length: n }, (_, index) => [index]),
    clusterKey: (value) => (value % 2 === 0 ? 'even' : 'odd'),
  });
  expect(generateCases(task, { n: 3, seed: 1 }).map(({ cluster }) => cluster)).toEqual(['even', 'odd', 'even']);
});

test('a cluster key that is no text is a fault of the task', () => {
  const task = defineTask<[number], number>({
    name: 'numbered',
    generate: () => [[1]],
    clusterKey: ((value: number) => value) as never,
  });
  expect(() => generateCases(task, { n: 1, seed: 1 })).toThrow(
    expect.objectContaining({
      code: 'TASK_FAULT',
      message: expect.stringMatching(/^clusterKey for case-0-.* answered a number; expected a text$/) as string,
    }),
  );
});

test('a generator gets n and seed, and may be endless', () => {
  const task = defineTask<[number], number>({
    name: 'endless',
    *generate(n, seed) {
      for (;;) yield [n * 100 + seed];
    },
  });
  expect(generateCases(task, { n: 2, seed: 5 }).map(({ args }) => args)).toEqual([[205], [205]]);
});

test('arguments arrive as behind a wall of JSON, frozen and on their own', () => {
  const given = [[-0, { deep: [1] }]];
  const [one] = casesFromRecords(ANY, [given]);
  given[0]?.push(7);
  expect(one?.args).toEqual([[0, { deep: [1] }]]);
  expect(Object.isFrozen(one?.args[0])).toBe(true);
});

const bad = (args: unknown) => defineTask({ name: 'bad', generate: () => [[1], args] as never });
const itself: unknown[] = [];
itself.push(itself);

test.each([
  ['NaN', [1, [0, { x: Number.NaN }]], 'case 1: args[1][1].x is NaN'],
  ['undefined', [undefined], 'case 1: args[0] is undefined'],
  ['a function', [() => 1], 'case 1: args[0] is a function'],
  ['a date', [new Date(0)], 'case 1: args[0] is not a plain object'],
  ['a hole', [Array.from({ length: 1 })], 'case 1: args[0][0] is undefined'],
  ['a list in itself', itself, 'is nested more than 64 levels deep'],
  ['no list', 7, 'case 1 is no list; expected the list of arguments'],
])('%s among the arguments is refused with its place', (_name, args, place) => {
  expect(() => generateCases(bad(args), { n: 2, seed: 1 })).toThrow(
    expect.objectContaining({ code: 'CASES_INVALID', message: expect.stringContaining(place) as string }),
  );
});

test('objects without a prototype, which fast-check makes, are JSON', () => {
  const task = defineTask({ name: 'record', arbitraries: [fc.record({ a: fc.nat() })] });
  expect(generateCases(task, { n: 20, seed: 1 })).toHaveLength(20);
});

test.each([
  ['too few cases', () => generateCases(ANY, { n: 3, seed: 1 }), 'task "any" generates 0 cases; expected at least 3'],
  ['no case', () => generateCases(LISTS, { n: 0, seed: 1 }), 'n is 0; expected a whole number from 1 to 1000000'],
  ['no seed', () => generateCases(LISTS, { n: 1, seed: Number.NaN }), 'seed is NaN; expected a finite number'],
  [
    'a number in place of a list',
    () => generateCases(defineTask({ name: 'one', generate: () => 7 as never }), { n: 3, seed: 1 }),
    'generate(3, 1) of task "one" gives a value of type number; expected a list of arguments',
  ],
  [
    'bad lines',
    () => casesFromJsonLines(ANY, '[1]\n\n{"a":1}\n[2\n[3]'),
    'line 3, 4: expected one JSON list of arguments on each line',
  ],
  [
    'a record that is none',
    () => casesFromRecords(ANY, [[1], 2]),
    'record 2 is no list; expected the list of arguments',
  ],
])('%s: refused', (_name, make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: 'CASES_INVALID', message }));
});

test('a generator that throws is a fault of the task', () => {
  const task = defineTask({
    name: 'throws',
    generate: () => {
      throw new Error('no more');
    },
  });
  expect(() => generateCases(task, { n: 1, seed: 1 })).toThrow(
    expect.objectContaining({ code: 'TASK_FAULT', message: 'generate(1, 1) of the task threw: no more' }),
  );
});

test('JSON lines are cases in their order, and blank lines are passed over', () => {
  const cases = casesFromJsonLines(ANY, '[1,"a"]\r\n\n[2,"b"]\n');
  expect(cases.map(({ index, args }) => [index, args])).toEqual([
    [0, [1, 'a']],
    [1, [2, 'b']],
  ]);
});

test('one case is made again by its index, and with other arguments keeps its index', () => {
  const cases = generateCases(LISTS, { n: 10, seed: 3 });
  const { source } = LISTS;
  expect(source.kind).toBe('arbitrary');
  if (source.kind !== 'arbitrary') return;
  for (const { index, args } of cases) expect(arbitraryValue(source, { seed: 3, index }).value).toEqual(args);
  const [one] = cases;
  expect(one && withArgs(one, [[1], 1])).toEqual({ ...one, args: [[1], 1] });
});
