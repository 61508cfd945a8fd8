import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { casesFromRecords, type Case } from './cases.ts';
import { defineTask } from './define-task.ts';
import type { JsonArgs } from './json.ts';
import { judgeCase, type JudgedCase, type RunCase } from './judge-case.ts';
import type { TaskSpec } from './task.ts';

type Spec = TaskSpec<[number[]], number[]>;

const cut = {
  ok: false,
  kind: 'timeout',
  code: 'SANDBOX_TIMEOUT',
  message: 'took too long',
  durationMs: 2_000,
} as const;

/** Runs a function, and counts what it is asked. */
function runnerOf(solve: (list: number[]) => JsonValue): { readonly run: RunCase; readonly asked: JsonArgs[] } {
  const asked: JsonArgs[] = [];
  return {
    asked,
    run: (args) => {
      asked.push(args);
      return Promise.resolve({ ok: true, value: solve([...(args[0] as number[])]), durationMs: asked.length });
    },
  };
}

function taskOf(spec: Partial<Spec>) {
  const task = defineTask<[number[]], number[]>({ name: 'sort', generate: () => [], ...spec });
  const [one] = casesFromRecords(task, [[[3, 1, 2]]]);
  return { task, one: one as Case };
}

async function judged(spec: Partial<Spec>, run: RunCase, violationsMax?: number): Promise<JudgedCase> {
  const { task, one } = taskOf(spec);
  return judgeCase(task, one, { run, seed: 42, ...(violationsMax === undefined ? {} : { violationsMax }) });
}

const sort = runnerOf((list) => list.toSorted((one, other) => one - other));
const echo = runnerOf((list) => list);
const reversed = {
  name: 'reversed',
  expect: 'equal',
  transform: ([list]: [number[]]): [number[]] => [list.toReversed()],
} as const;

test('[X002-4] a case passes where the run, every property and every relation do', async () => {
  const answer = await judged(
    { properties: [{ name: 'ascending', check: (out) => out[0] === 1 }], relations: [reversed] },
    sort.run,
  );
  expect(answer).toMatchObject({
    caseIndex: 0,
    grade: 'passed',
    value: [1, 2, 3],
    violations: [],
    violationCount: 0,
    runFailures: [],
    faults: [],
    followUpCount: 1,
    runCount: 2,
  });
  expect(answer.checks).toEqual([
    { kind: 'property', name: 'ascending', mode: 'hard', state: 'held' },
    { kind: 'relation', name: 'reversed', mode: 'hard', state: 'held' },
  ]);
});

test('[X002-4] every property and every relation is asked, whatever the ones before have shown', async () => {
  const answer = await judged(
    {
      properties: [
        { name: 'first', check: () => false },
        { name: 'second', check: () => 'because of this' },
        { name: 'third', check: () => true },
      ],
      relations: [reversed, { ...reversed, name: 'once_more' }, { ...reversed, name: 'other', expect: 'not_equal' }],
    },
    echo.run,
  );
  expect(answer.checks.map(({ state }) => state)).toEqual([
    'violated',
    'violated',
    'held',
    'violated',
    'violated',
    'held',
  ]);
  expect(answer.violations.map(({ name, message }) => [name, message])).toEqual([
    ['first', 'first'],
    ['second', 'because of this'],
    ['reversed', 'results differ: [3,1,2] and, of the follow-up, [2,1,3]'],
    ['once_more', 'results differ: [3,1,2] and, of the follow-up, [2,1,3]'],
  ]);
  expect(answer).toMatchObject({ grade: 'failed', violationCount: 4 });
});

test('[X002-2] a soft property that is broken is reported, and the case passes', async () => {
  const answer = await judged({ properties: [{ name: 'nice', mode: 'soft', check: () => false }] }, sort.run);
  expect(answer).toMatchObject({ grade: 'passed', violationCount: 1, violations: [{ name: 'nice', mode: 'soft' }] });
});

test('a pre-condition that is false and a relation that does not apply are skips', async () => {
  const answer = await judged(
    {
      properties: [{ name: 'long', pre: (list) => list.length > 10, check: () => false }],
      relations: [{ name: 'never', expect: 'equal', transform: () => undefined }],
    },
    sort.run,
  );
  expect(answer).toMatchObject({ grade: 'passed', followUpCount: 0 });
  expect(answer.checks.map(({ state }) => state)).toEqual(['skipped', 'skipped']);
});

test('[X002-4] the same arguments are run once, however many relations ask', async () => {
  const counted = runnerOf((list) => list.length);
  const again = { name: 'again', expect: 'equal', transform: (args: [number[]]) => args } as const;
  const answer = await judged({ relations: [reversed, { ...reversed, name: 'twin' }, again] }, counted.run);
  expect(counted.asked).toEqual([[[3, 1, 2]], [[2, 1, 3]]]);
  expect(answer).toMatchObject({ followUpCount: 3, runCount: 2, grade: 'passed', durationMs: 1 });
});

test('[X002-4] a relation draws the same, however much the one before it draws', async () => {
  const drawn: number[] = [];
  const drawing = {
    name: 'drawing',
    expect: 'equal',
    transform: (args: [number[]], { random }: { random: { next: () => number } }) => {
      drawn.push(random.next());
      return args;
    },
  } as const;
  const greedy = {
    ...drawing,
    name: 'greedy',
    transform: (args: [number[]], { random }: { random: { next: () => number } }) => {
      random.next();
      return args;
    },
  };
  await judged({ relations: [reversed, drawing] }, sort.run);
  await judged({ relations: [greedy, drawing] }, sort.run);
  expect(drawn[0]).toBe(drawn[1]);
});

test('[X002-2] properties_hold asks the hard properties of the follow-up, with its arguments', async () => {
  const answer = await judged(
    {
      properties: [
        { name: 'as_given', check: (out, list) => list[0] !== 2 || `begins with ${String(out[0])}` },
        { name: 'soft', mode: 'soft', check: (_out, list) => list[0] !== 2 },
      ],
      relations: [{ ...reversed, expect: 'properties_hold' }],
    },
    echo.run,
  );
  expect(answer.violations).toEqual([
    {
      kind: 'relation',
      name: 'reversed',
      mode: 'hard',
      message: 'property "as_given" on the follow-up: begins with 2',
      args: '[[3,1,2]]',
      follow_args: ['[[2,1,3]]'],
    },
  ]);
});

test('[X002-2] a custom relation sees every follow-up, its arguments, and the equivalence', async () => {
  const answer = await judged(
    {
      equivalence: (one, other) => one.length === other.length,
      relations: [
        {
          name: 'shorter',
          transform: ([list]) => ({ followUps: [[list.slice(1)], [list.slice(2)]] }),
          relate: (source, follow, { args, followArgs, equivalent }) =>
            `${JSON.stringify({ source, follow, args, followArgs })} ${String(equivalent(source, [7, 8, 9]))}`,
        },
      ],
    },
    echo.run,
  );
  expect(answer.violations[0]?.message).toBe(
    '{"source":[3,1,2],"follow":[[1,2],[2]],"args":[[3,1,2]],"followArgs":[[[1,2]],[[2]]]} true',
  );
  expect(answer.followUpCount).toBe(2);
});

test('[X002-2] properties_hold is a skip where no hard property applies to the follow-up, and a fault where one is faulty', async () => {
  const relations = [{ ...reversed, expect: 'properties_hold' }] as const;
  const isSource = (list: readonly number[]): boolean => list[0] === 3;
  const skipped = await judged({ properties: [{ name: 'p', pre: isSource, check: () => true }], relations }, echo.run);
  expect(skipped).toMatchObject({ grade: 'passed', followUpCount: 1 });
  expect(skipped.checks.map(({ state }) => state)).toEqual(['held', 'skipped']);
  const faulty = await judged(
    { properties: [{ name: 'p', check: (_out, list) => isSource(list) || boom() }], relations },
    echo.run,
  );
  expect(faulty).toMatchObject({ grade: 'ungraded', faults: [{ kind: 'relation', name: 'reversed' }] });
});

test('[X002-2] not_equal is broken by a result that is equivalent', async () => {
  const answer = await judged({ relations: [{ ...reversed, expect: 'not_equal' }] }, sort.run);
  expect(answer.violations).toMatchObject([
    {
      name: 'reversed',
      message: 'results are equal: [1,2,3] and, of the follow-up, [1,2,3]',
      follow_args: ['[[2,1,3]]'],
    },
  ]);
});

test('a run that fails is a run failure and no violation; nothing else can be asked', async () => {
  const answer = await judged({ properties: [{ name: 'p', check: () => false }], relations: [reversed] }, () =>
    Promise.resolve(cut),
  );
  expect(answer).toMatchObject({
    grade: 'failed',
    value: undefined,
    violationCount: 0,
    durationMs: 2_000,
    runFailures: [{ relation: null, kind: 'timeout', code: 'SANDBOX_TIMEOUT', args: '[[3,1,2]]' }],
  });
  expect(answer.checks.map(({ state }) => state)).toEqual(['unreached', 'unreached']);
});

test('a follow-up whose run fails is one as well, under the name of its relation', async () => {
  const run: RunCase = (args) =>
    (args[0] as number[])[0] === 3 ? Promise.resolve({ ok: true, value: [1], durationMs: 1 }) : Promise.resolve(cut);
  const answer = await judged({ relations: [reversed] }, run);
  expect(answer).toMatchObject({
    grade: 'failed',
    violationCount: 0,
    runFailures: [{ relation: 'reversed', code: 'SANDBOX_TIMEOUT', args: '[[2,1,3]]' }],
  });
  expect(answer.checks[0]?.state).toBe('run_failed');
});

test('a value that is no result breaks is_result, and no other property is asked', async () => {
  const spec: Partial<Spec> = {
    isResult: (value): value is number[] => Array.isArray(value),
    properties: [{ name: 'first', check: (out) => out.length > 0 }],
  };
  const answer = await judged(spec, runnerOf(() => null).run);
  expect(answer).toMatchObject({ grade: 'failed', violations: [{ kind: 'property', name: 'is_result' }], faults: [] });
  expect(answer.checks.map(({ state }) => state)).toEqual(['violated', 'unreached']);
});

test('a follow-up’s value that is none breaks the relation', async () => {
  const spec: Partial<Spec> = { isResult: (value): value is number[] => Array.isArray(value), relations: [reversed] };
  const answer = await judged(spec, runnerOf((list) => (list[0] === 3 ? list : 'none')).run);
  expect(answer.violations).toMatchObject([
    { kind: 'relation', name: 'reversed', message: 'on the follow-up: the value is no result of this task' },
  ]);
});

const boom = (): never => {
  throw new Error('boom');
};

test.each<[string, Partial<Spec>, string]>([
  ['a property', { properties: [{ name: 'p', check: boom }] }, 'property "p" of task "sort" threw: boom'],
  [
    'a pre-condition',
    { properties: [{ name: 'p', pre: boom, check: () => true }] },
    'property "p" of task "sort" threw: boom',
  ],
  [
    'a transform',
    { relations: [{ name: 'r', expect: 'equal', transform: boom }] },
    'relation "r" of task "sort" threw: boom',
  ],
  [
    'relate',
    { relations: [{ name: 'r', transform: (args) => args, relate: boom }] },
    'relation "r" of task "sort" threw: boom',
  ],
  ['an equivalence', { relations: [reversed], equivalence: boom }, 'relation "reversed" of task "sort" threw: boom'],
  ['a test of results', { isResult: boom as never }, 'property "is_result" of task "sort" threw: boom'],
  [
    'a property that changes what it is given',
    { properties: [{ name: 'p', check: (out) => out.push(7) > 0 }] },
    'property "p" of task "sort" threw: Cannot add property 3, object is not extensible',
  ],
  [
    'a property that answers with a promise',
    { properties: [{ name: 'p', check: (() => Promise.resolve(true)) as never }] },
    'property "p" of task "sort" answered with a promise from check; expected true, false or a text',
  ],
  [
    'a property whose promise is rejected, which nobody waits for',
    { properties: [{ name: 'p', check: (() => Promise.reject(new Error('late'))) as never }] },
    'property "p" of task "sort" answered with a promise from check; expected true, false or a text',
  ],
  [
    'arguments that are no JSON',
    { relations: [{ name: 'r', expect: 'equal', transform: () => [[Number.NaN]] }] },
    'relation "r" of task "sort" made arguments that are no JSON: args[0][0] is NaN',
  ],
  [
    'a pre-condition that answers with a number',
    { properties: [{ name: 'p', pre: (() => 1) as never, check: () => true }] },
    'property "p" of task "sort" answered with a value of type number from pre; expected true, false or a text',
  ],
  [
    'an equivalence that forgets to answer',
    { relations: [reversed], equivalence: (() => undefined) as never },
    'relation "reversed" of task "sort" answered with a value of type undefined from equivalence; expected true, false or a text',
  ],
  [
    'a transform that makes no list',
    { relations: [{ name: 'r', expect: 'equal', transform: () => ({ followUps: ['text'] }) as never }] },
    'relation "r" of task "sort" made arguments that are no list; expected a list of them',
  ],
  [
    'more follow-ups than anybody runs',
    {
      relations: [
        { name: 'r', expect: 'equal', transform: (args) => ({ followUps: Array.from({ length: 101 }, () => args) }) },
      ],
    },
    'relation "r" of task "sort" made 101 follow-ups; expected at most 100',
  ],
])('what goes wrong in the task is held against nobody: %s', async (_name, spec, message) => {
  const answer = await judged(spec, echo.run);
  expect(answer).toMatchObject({ grade: 'ungraded', violationCount: 0, runFailures: [] });
  expect(answer.faults).toMatchObject([{ code: 'TASK_FAULT', message }]);
  expect(answer.checks.map(({ state }) => state)).toEqual(['fault']);
});

test('a fault beside a broken property does not excuse it', async () => {
  const answer = await judged(
    {
      properties: [
        { name: 'faulty', check: boom },
        { name: 'broken', check: () => false },
      ],
    },
    echo.run,
  );
  expect(answer).toMatchObject({ grade: 'failed', violationCount: 1, faults: [{ name: 'faulty' }] });
});

test('[X002-5] 25 violations are told in full, or as many as the caller says, and all are counted', async () => {
  const properties = Array.from({ length: 40 }, (_, index) => ({ name: `p${index}`, check: () => false }));
  const answer = await judged({ properties }, echo.run);
  expect(answer.violations).toHaveLength(25);
  expect(answer.violationCount).toBe(40);
  const few = await judged({ properties }, echo.run, 0);
  expect([few.violations.length, few.violationCount, few.grade]).toEqual([0, 40, 'failed']);
});

test('texts are cut at 500 characters', async () => {
  const answer = await judged({ properties: [{ name: 'p', check: () => 'x'.repeat(10_000) }] }, echo.run);
  expect(answer.violations[0]?.message).toHaveLength(500);
});

test('a format of the task is used, and costs no verdict where it throws', async () => {
  const properties = [{ name: 'p', check: () => false }];
  const shown = await judged({ properties, format: { args: ([list]) => list.join(' ') } }, echo.run);
  expect(shown.violations[0]?.args).toBe('3 1 2');
  const plain = await judged({ properties, relations: [reversed], format: { args: boom, result: boom } }, echo.run);
  expect(plain).toMatchObject({ grade: 'failed', faults: [] });
  expect(plain.violations.map(({ args, message }) => [args, message])).toEqual([
    ['[[3,1,2]]', 'p'],
    ['[[3,1,2]]', 'results differ: [3,1,2] and, of the follow-up, [2,1,3]'],
  ]);
});

test('a rejection of run is passed on: it is nobody’s verdict', async () => {
  await expect(judged({}, () => Promise.reject(new Error('host is closed')))).rejects.toThrow('host is closed');
});
