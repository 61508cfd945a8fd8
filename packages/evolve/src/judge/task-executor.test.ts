/**
 * Runs as tasks, done by the handler that comes with the command, in its own sandbox.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defineTask, generateCases, type Execution } from '@bulkhead/guard';
import { createHost, type Host } from '@bulkhead/host';
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { createGuardEvaluator } from './guard-evaluator.ts';
import { createTaskExecutor, type AskedTask, type DoTask, type TaskEnd } from './task-executor.ts';

let host: Host;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-tasks-'));
  host = await createHost({ spareCount: 0 });
  await host.install(resolve(import.meta.dirname, '../../../../plugins/execute'), { grant: ['children'] });
});
afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

/** As a worker does it; `asked` are the tasks that came. */
function workerOf(asked: AskedTask[] = []): DoTask {
  return async (task) => {
    asked.push(task);
    const whole = { ...task, id: '0123456789abcdef', attempts: 0, created_at: '2026-01-01T00:00:00Z', schema_v: 1 };
    const entry = { group: 'task_handlers', name: 'execute', method: 'handle' } as const;
    const outcome = await host.callEntry({ plugin: 'execute', ...entry, args: [whole], tenant: 'default' });
    if (!outcome.ok) throw new Error(outcome.error.message);
    const result = outcome.value as { readonly status: string; readonly data: JsonObject }; // Made by the SDK's Result.
    return { state: result.status === 'ok' ? 'done' : 'dead', result };
  };
}

async function fileOf(name: string, source: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, source);
  return path;
}

function runAll(file: string, all: readonly JsonValue[], doTask: DoTask): Promise<readonly Execution[]> {
  const executor = createTaskExecutor(doTask);
  return Promise.all(all.map((one) => executor.execute(file, 'solve', [one], 2, 128)));
}

test('what is asked for at once is one task, whose answers come back in their order', async () => {
  const asked: AskedTask[] = [];
  const file = await fileOf(
    'half.ts',
    'export const solve = (n: number) => { if (n < 0) throw new RangeError("below"); return n / 2; };',
  );
  const [two, below, six] = await runAll(file, [4, -1, 12], workerOf(asked));
  expect(two).toMatchObject({ success: true, result: 2 });
  expect(below).toMatchObject({ success: false, error_type: 'exception', error: 'RangeError: below' });
  expect(six).toMatchObject({ success: true, result: 6 });
  expect(two?.peak_rss_bytes).toBeGreaterThan(20 * 1024 * 1024);
  expect(asked).toMatchObject([
    { kind: 'execute', requires: ['cpu', 'node'], payload: { lang: 'ts', cases: [[4], [-1], [12]], memory_mb: 128 } },
  ]);
});

test('follow-ups are a task of their own, so that no state of a process carries an answer over', async () => {
  const asked: AskedTask[] = [];
  const executor = createTaskExecutor(workerOf(asked));
  const file = await fileOf('count.js', 'let calls = 0; export const solve = () => (calls += 1);');
  const runs = [false, false, true].map((isFollowUp) => executor.execute(file, 'solve', [], 2, 128, { isFollowUp }));
  expect((await Promise.all(runs)).map(({ result }) => result)).toEqual([1, 2, 1]);
  expect(asked).toHaveLength(2);
});

test('a program that ends its process for one run fails that one; each of the others has its answer', async () => {
  const asked: AskedTask[] = [];
  const file = await fileOf('exits.js', 'export const solve = (n) => { if (n === 2) process.exit(0); return n; };');
  const [one, two, three] = await runAll(file, [1, 2, 3], workerOf(asked));
  expect([one?.result, three?.result]).toEqual([1, 3]);
  expect(two).toMatchObject({ success: false, error_type: 'process_exit' });
  expect(asked.map(({ payload }) => (payload['cases'] as JsonValue[]).length)).toEqual([3, 1, 1, 1]);
});

test('one that hangs is ended at its time, and one that takes too much memory by that', async () => {
  const hangs = await fileOf('hangs.js', 'export const solve = () => { for (;;); };');
  const [hung] = await runAll(hangs, [0], workerOf());
  expect(hung).toMatchObject({ success: false, error_type: 'timeout', error_code: 'SANDBOX_TIMEOUT' });
  const hoards = await fileOf(
    'hoards.js',
    'export const solve = () => { const all = []; for (;;) all.push({ a: 1, b: [1, 2, 3] }); };',
  );
  const executor = createTaskExecutor(workerOf());
  // Node ends itself where its heap is full.
  expect(await executor.execute(hoards, 'solve', [], 30, 128)).toMatchObject({
    success: false,
    error_type: 'process_exit',
    error: 'the candidate was ended by SIGABRT',
  });
});

test('a task is at most 100 runs and half a megabyte of arguments', async () => {
  const asked: AskedTask[] = [];
  const file = await fileOf('length.js', 'export const solve = (text) => text.length;');
  const answers = await runAll(
    file,
    Array.from({ length: 101 }, (_, at) => 'x'.repeat(at)),
    workerOf(asked),
  );
  expect(answers.map(({ result }) => result)).toEqual(Array.from({ length: 101 }, (_, at) => at));
  await runAll(file, ['x'.repeat(300_000), 'y'.repeat(300_000)], workerOf(asked));
  expect(asked.map(({ payload }) => (payload['cases'] as JsonValue[]).length)).toEqual([100, 1, 1, 1]);
});

const ENDS: readonly (readonly [what: string, end: TaskEnd])[] = [
  ['that was cancelled', { state: 'cancelled' }],
  [
    'of a worker without a sandbox',
    { state: 'dead', result: { data: { message: 'SANDBOX_TOO_WEAK: …', retryable: false } } },
  ],
];

test.each(ENDS)('a task %s says nothing of the program, and is an error', async (_what, end) => {
  const file = await fileOf('fine.js', 'export const solve = () => 1;');
  const running = runAll(file, [1, 2], async () => end);
  await expect(running).rejects.toEqual(coded('EVALUATION_FAILED', 'no worker could run a program'));
});

test('a program that ended its workers again and again has failed', async () => {
  const file = await fileOf('poison.js', 'export const solve = () => 1;');
  const [poison] = await runAll(file, [1], async () => ({ state: 'dead', reason: 'its lease ended 5 times' }));
  expect(poison).toMatchObject({ error_type: 'process_exit', error: 'its lease ended 5 times' });
});

test('a file of another language is refused', async () => {
  const file = await fileOf('sort.py', 'def solve(): return 1');
  await expect(runAll(file, [1], workerOf())).rejects.toEqual(coded('EVOLVE_INVALID', 'workers run no ".py"'));
});

const DOUBLE = defineTask<[n: number], number>({
  name: 'double',
  arbitraries: [fc.integer({ min: 1, max: 99 })],
  properties: [{ name: 'twice', mode: 'hard', check: (out, n) => out === 2 * n }],
  relations: [{ name: 'one more is two more', transform: ([n]) => [n + 1], relate: (out, [next]) => next === out + 2 }],
});

function evaluatorOf(doTask: DoTask | undefined, kind: 'pass_rate' | 'speed' = 'pass_rate') {
  return createGuardEvaluator({
    ...{ host, task: DOUBLE, cases: generateCases(DOUBLE, { n: 12, seed: 3 }), entryName: 'solve', ending: '.ts' },
    ...{ folder, seed: 3, objective: { kind }, cascade: [{ cases: 4, passes: 1 }] },
    ...(doTask !== undefined && { runs: { open: () => createTaskExecutor(doTask), casesAtOnce: 100 } }),
  });
}

const request = (source: string) => ({ id: 'c', source, evalIndex: 1, measurement: 0, seed: 's' });
const NEVER = new AbortController().signal;

test.each([
  ['right', 'export const solve = (n: number) => 2 * n;'],
  ['right below sixty', 'export const solve = (n: number) => (n < 60 ? 2 * n : n);'],
  [
    'right and without memory of what it was asked',
    'let last = 0; export const solve = (n: number) => (last = n) + n;',
  ],
])('the judge gives a program that is %s the score that it has on this machine', async (_what, source) => {
  const asked: AskedTask[] = [];
  const seen = async (doTask?: DoTask): Promise<unknown> => {
    const evaluated = await evaluatorOf(doTask).evaluate(request(source), NEVER);
    return evaluated.kind === 'measured' ? [evaluated.values, evaluated.cases] : evaluated;
  };
  expect(await seen(workerOf(asked))).toEqual(await seen());
  // Four cases and their follow-ups, then eight and theirs.
  expect(asked).toHaveLength(4);
});

test('what is given up is not asked for any more, and where speed counts workers are refused', async () => {
  const asked: AskedTask[] = [];
  const wrong = await evaluatorOf(workerOf(asked)).evaluate(request('export const solve = () => -1;'), NEVER);
  expect(wrong).toMatchObject({ kind: 'failed', reason: expect.stringContaining('twice') });
  expect(asked.flatMap(({ payload }) => payload['cases'] as JsonValue[]).length).toBeLessThanOrEqual(8);
  expect(() => evaluatorOf(workerOf(), 'speed')).toThrow(/objective is "speed"/);
});
