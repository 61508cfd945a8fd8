/**
 * What a candidate that never answers costs: each of its runs takes its whole time, so that runs are counted here. The executor is a
 * stand-in that ends every run at its deadline without waiting for it.
 */
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { failed, type Execution, type ExecutionErrorType, type Executor } from '../executors/executor.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import { replayDecision } from '../report/replay.ts';
import { defineTask } from '../task/define-task.ts';
import { permute } from '../task/relation-library.ts';
import { CLOCK } from './evaluate.fixture.ts';
import { evaluate } from './evaluate.ts';
import { createHoldBack } from './hold-back.ts';

const TASK = defineTask<[number[]], number[]>({
  name: 'sort',
  arbitraries: fc.tuple(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 20 })),
  isResult: (value): value is number[] => Array.isArray(value),
  relations: [permute()],
});

function executorOf(execute: (args: readonly unknown[]) => Execution): Executor & { readonly runs: () => number } {
  let runs = 0;
  return {
    about: { name: 'stand_in', config: {}, isDeterministic: false },
    execute: async (...[, , args]) => {
      runs += 1;
      return execute(args);
    },
    runs: () => runs,
  };
}

const sorting = () =>
  executorOf(([list]) => ({
    ...{ success: true, duration_ms: 1, stdout: '', stderr: '' },
    result: (list as number[]).toSorted((one, other) => one - other), // Cases of the task have a list.
  }));

const sidesOf = (candidate: Executor) => ({
  baseline: { filePath: 'baseline.ts', text: 'baseline', executor: sorting(), executorName: 'stand_in' },
  candidate: { filePath: 'candidate.ts', text: 'candidate', executor: candidate, executorName: 'stand_in' },
});

test.each<[ExecutionErrorType, number]>([
  ['timeout', 2_000],
  ['out_of_memory', 2_000],
])('a candidate of which every run ends as %s is known after 3 cases and 25 runs', async (type, durationMs) => {
  const candidate = executorOf(() => failed(type, 'it ended at its limit', { durationMs }));
  const report = await evaluate({ task: TASK, n: 400, seed: 1, parallel: 2, ...sidesOf(candidate) }, CLOCK);
  expect(report.decision.verdict).toBe('reject');
  expect(report.candidate).toMatchObject({ passes: 0, total: 3, run_failures: { [type]: 3 } });
  expect(report.sequential?.stopped_for).toContain('on 3 cases that the baseline answers');
  expect(candidate.runs()).toBeLessThanOrEqual(25);
});

const late = () => failed('timeout', 'it ended at its limit', { durationMs: 2_000 });

test.each([
  ['the default', undefined],
  ['classic', parsePolicy('classic')],
  ['a least pass rate', parsePolicy('noninferiority:min_pass_rate=0.8')],
  ['looks from 50 cases on', parsePolicy('noninferiority:looks=adaptive:50:50')],
])(
  'where neither side ever answers it ends after 5 cases and is inconclusive, with the policy %s',
  async (_name, policy) => {
    const [baseline, candidate] = [executorOf(late), executorOf(late)];
    const sides = sidesOf(candidate);
    const asked = {
      ...{ task: TASK, n: 400, seed: 1, parallel: 2, ...(policy !== undefined && { policy }) },
      ...sides,
    };
    const report = await evaluate({ ...asked, baseline: { ...sides.baseline, executor: baseline } }, CLOCK);
    expect(report.decision).toMatchObject({ verdict: 'inconclusive', adopt: false });
    expect(report.decision).toMatchObject({
      reasons: [expect.stringContaining('neither side passes any of the 5 cases')],
    });
    expect(report.decision.cases_needed).toBeNull();
    expect(report.baseline).toMatchObject({ passes: 0, total: 5 });
    expect(report.candidate).toMatchObject({ passes: 0, total: 5, run_failures: { timeout: 5 } });
    const looks = report.sequential ?? report.adaptive;
    expect(looks?.stopped_for).toBe(
      'neither side answered any of the first 5 cases within its time and memory; give them more where the task needs it',
    );
    expect(baseline.runs() + candidate.runs()).toBeLessThanOrEqual(40);
    expect(replayDecision(report)).toMatchObject({ same: true });
  },
);

test('where one of the first cases is answered it goes on to the last', async () => {
  const sides = sidesOf(executorOf(late));
  const baseline = executorOf(([list]) => {
    const numbers = list as number[]; // Cases of the task have a list.
    return numbers.length > 10 ? late() : { success: true, duration_ms: 1, stdout: '', stderr: '', result: numbers };
  });
  const asked = { task: TASK, n: 12, seed: 1, parallel: 2, ...sides };
  const policy = parsePolicy('noninferiority:hard=count');
  const report = await evaluate({ ...asked, policy, baseline: { ...sides.baseline, executor: baseline } }, CLOCK);
  expect(report.candidate).toMatchObject({ passes: 0, total: 12 });
  expect(report.sequential).toBeNull();
});

test('an evaluation that is cancelled while cases are held back ends, and begins none of them', async () => {
  const cancelled = new AbortController();
  const candidate = executorOf(() => {
    if (candidate.runs() === 4) cancelled.abort();
    return failed('timeout', 'it ended at its limit', { durationMs: 2_000 });
  });
  const { signal } = cancelled;
  const asked = { task: TASK, n: 400, seed: 1, parallel: 2, signal, ...sidesOf(candidate) };
  await expect(evaluate(asked, CLOCK)).rejects.toMatchObject({ code: 'EVALUATION_CANCELLED' });
  expect(candidate.runs()).toBeLessThanOrEqual(6);
});

test('a case is held back until what was slow is taken, and is turned away once there is nothing more to take', async () => {
  const holdBack = createHoldBack();
  await holdBack.turn();
  holdBack.wasSlow(3);
  let hasBegun = false;
  const turn = holdBack.turn().then(() => (hasBegun = true));
  holdBack.taken(2);
  await Promise.resolve();
  expect(hasBegun).toBe(false);
  holdBack.taken(3);
  await turn;
  holdBack.wasSlow(4);
  const late = holdBack.turn();
  holdBack.end();
  await expect(late).rejects.toThrow('the evaluation has ended');
  await expect(holdBack.turn()).rejects.toThrow('the evaluation has ended');
});
