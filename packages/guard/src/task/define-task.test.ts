import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defineTask, isTask } from './define-task.ts';
import type { Task, TaskSpec } from './task.ts';

const SPEC: TaskSpec<[number[]], number> = {
  name: 'sum',
  generate: (n) => Array.from({ length: n }, (_, index) => [[index]]),
};

/** As plain JavaScript would call it. */
function define(spec: unknown): Task {
  return defineTask(spec as TaskSpec);
}

test('[X002-1] every default is filled in', () => {
  const task = defineTask({
    ...SPEC,
    properties: [{ name: 'finite', check: (out) => Number.isFinite(out) }],
    relations: [{ name: 'same', expect: 'equal', transform: (args) => args }],
  });
  expect(task).toMatchObject({
    name: 'sum',
    properties: [{ name: 'finite', mode: 'hard', description: 'finite' }],
    relations: [{ name: 'same', category: 'other', description: 'same' }],
    metrics: [],
  });
  expect(task.properties[0]?.pre([1])).toBe(true);
  expect(task.clusterKey([1])).toBeUndefined();
  expect(task.group([[1]], 1)).toBeUndefined();
  expect(task.isResult('anything')).toBe(true);
  expect(task.format.args([[1, 2]])).toBe('[[1,2]]');
});

test('[X002-1] results are equivalent where they are equal as JSON, whatever the order of their keys', () => {
  const task = define({ name: 'object', generate: () => [] });
  expect(task.equivalence({ a: 1, b: [2, { c: 3, d: 4 }] }, { b: [2, { d: 4, c: 3 }], a: 1 })).toBe(true);
  expect(task.equivalence([1, 2], [2, 1])).toBe(false);
  expect(task.equivalence({ a: 1 }, { a: 1, b: null })).toBe(false);
  expect(task.equivalence(0, -0)).toBe(true);
});

test('[X002-2] a metric has the defaults of the source system', () => {
  const [metric] = define({ ...SPEC, metrics: [{ name: 'items', extract: (out: number) => out }] }).metrics;
  expect(metric).toMatchObject({
    kind: 'mean',
    higherIsBetter: true,
    ciMethod: 'bootstrap',
    bootstrapSamples: 500,
    alpha: 0.05,
    seed: undefined,
    memoize: false,
    memoizeKey: 'items',
    sampleRate: 1,
  });
  expect(metric?.extract(7, [[7]])).toBe(7);
});

test('methods of a class keep their object', () => {
  class AtLeast {
    readonly name = 'at_least';
    readonly lowest = 3;
    check(out: number): boolean {
      return out >= this.lowest;
    }
  }
  const [property] = defineTask({ ...SPEC, properties: [new AtLeast()] }).properties;
  expect([property?.check(3, []), property?.check(2, [])]).toEqual([true, false]);
});

test('a callback that forgets to answer does not fall back to the default', () => {
  const task = define({ ...SPEC, equivalence: () => undefined });
  expect(task.equivalence(1, 1)).toBeUndefined();
});

const RELATION = { name: 'r', expect: 'equal', transform: () => undefined };

test.each([
  ['no object', 7, 'the task is 7; expected an object'],
  ['no name', { generate: () => [] }, 'the task has no "name"'],
  ['a blank name', { ...SPEC, name: ' ' }, '"name" of the task is " "; expected a text of 1 to 100 characters'],
  ['no cases', { name: 'x' }, 'the task has neither of "generate" and "arbitraries"; expected one'],
  [
    'cases twice',
    { ...SPEC, arbitraries: [fc.nat()] },
    'the task has both of "generate" and "arbitraries"; expected one',
  ],
  [
    'arbitraries that are none',
    { name: 'x', arbitraries: [1] },
    '"arbitraries" of the task is a list; expected an arbitrary of fast-check, or a list of one for each argument',
  ],
  [
    'a field that nobody knows',
    { ...SPEC, relatons: [] },
    'the task has an unknown field "relatons"; known: name, generate, arbitraries, properties, relations, equivalence, isResult, metrics, clusterKey, group, format',
  ],
  [
    'an equivalence that is no function',
    { ...SPEC, equivalence: true },
    '"equivalence" of the task is true; expected a function',
  ],
  ['a property that is none', { ...SPEC, properties: [null] }, 'property 0 is null; expected an object'],
  ['a property without a check', { ...SPEC, properties: [{ name: 'p' }] }, 'property "p" has no "check"'],
  [
    'a mode that is none',
    { ...SPEC, properties: [{ name: 'p', mode: 'firm', check: () => true }] },
    '"mode" of property "p" is "firm"; expected hard or soft',
  ],
  [
    'a property under the name of the shape',
    { ...SPEC, properties: [{ name: 'is_result', check: () => true }] },
    'property "is_result" has the name that "isResult" is reported under',
  ],
  [
    'a name twice',
    { ...SPEC, relations: [RELATION, RELATION, RELATION] },
    'more than one relation is named "r"; expected names to be unique',
  ],
  [
    'a relation without an expectation',
    { ...SPEC, relations: [{ name: 'r', transform: () => undefined }] },
    'relation "r" has neither "expect" nor "relate"; expected one',
  ],
  [
    'a relation with two',
    { ...SPEC, relations: [{ ...RELATION, relate: () => true }] },
    'relation "r" has "relate" and expects "equal"; expected one',
  ],
  [
    'properties to hold where there are only soft ones',
    {
      ...SPEC,
      properties: [{ name: 'p', mode: 'soft', check: () => true }],
      relations: [{ ...RELATION, expect: 'properties_hold' }],
    },
    'relation "r" expects properties to hold, and the task has no hard one',
  ],
  [
    'a metric that looks at no case',
    { ...SPEC, metrics: [{ name: 'm', sampleRate: 0, extract: () => 1 }] },
    '"sampleRate" of metric "m" is 0; expected a number above 0, up to 1',
  ],
  [
    'a relation that says maybe',
    { ...SPEC, relations: [{ ...RELATION, readsResult: 'maybe', priority: 2 }] },
    '"priority" of relation "r" is 2; expected a number from 0 to 1; "readsResult" of relation "r" is "maybe"; expected true or false',
  ],
  [
    'a seed and samples that are none',
    { ...SPEC, metrics: [{ name: 'm', bootstrapSamples: 0, alpha: 1, seed: 'x', extract: () => 1 }] },
    '"bootstrapSamples" of metric "m" is 0; expected a whole number from 1 up; "alpha" of metric "m" is 1; expected a number between 0 and 1; "seed" of metric "m" is "x"; expected a finite number',
  ],
  [
    'a format of texts',
    { ...SPEC, format: { args: '%s' } },
    '"format" of the task is an object; expected an object of the functions "args" and "result"',
  ],
])('%s: refused, with the place and what was expected', (_name, spec, fault) => {
  expect(() => define(spec)).toThrow(
    expect.objectContaining({ code: 'TASK_INVALID', message: `${fault}; see "Tasks" in docs/guard.md` }),
  );
});

test('all faults are named at once', () => {
  expect(() => define({ name: '', properties: [{ check: 1 }], relations: 'none' })).toThrow(
    /"name" of the task.*"relations" of the task is "none".*neither of.*property 0 has no "name".*"check" of property 0 is 1/,
  );
});

test('a defined task is told from anything else', () => {
  expect(isTask(defineTask(SPEC))).toBe(true);
  expect([SPEC, null, 'task', { kind: 'task' }].map((value) => isTask(value))).toEqual([false, false, false, false]);
});
