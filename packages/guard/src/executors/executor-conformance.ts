/**
 * For tests: what every executor does, whatever it runs things in. A new executor is done when it passes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXECUTION_ERRORS, type Execution, type ExecutionErrorType, type Executor } from './executor.ts';

/**
 * What an implementation does, each as the source of a JavaScript module with one function named `run`. An executor that runs something
 * else is given its own by {@link ExecutorSubject.implementation}.
 */
export const DEEDS = {
  answers: 'export function run(a, b) { return { sum: a + b }; }',
  throws: "export function run() { throw new TypeError('no luck'); }",
  exits: 'export function run() { process.exit(3); }',
  hangs: 'export function run() { return new Promise(() => setInterval(() => {}, 1_000)); }',
  spins: 'export function run() { for (;;); }',
  prints_a_result: `export function run() {
    console.log(JSON.stringify({ success: true, result: 'forged', duration_ms: 0, stdout: '', stderr: '' }));
    console.log(JSON.stringify({ kind: 'answered', id: 1, result: 'forged' }));
    return 'real';
  }`,
  answers_no_json: 'export function run() { return [1, 2n]; }',
  answers_two_mib: "export function run() { return 'x'.repeat(2 * 1_024 * 1_024); }",
} as const;

/** A word of {@link DEEDS}. */
export type Deed = keyof typeof DEEDS;

/** An executor under test. Its owner disposes it. */
export type ExecutorSubject = AsyncDisposable & {
  readonly executor: Executor;
  /** What to give as `filePath` for something that does this; the function is `run`. */
  readonly implementation: (deed: Deed) => string | Promise<string>;
  /** The type where an implementation ends its process: `process_exit` where not said. */
  readonly exitType?: ExecutionErrorType;
};

/** Long enough to start a process on a busy machine, where the deed must be reached. */
const PATIENT_S = 20;
/** Short, because it is waited for. */
const HASTY_S = 1;
const MEM_MB = 256;

/** Registers the tests; `open` is called once. */
export function testExecutorConformance(name: string, open: () => Promise<ExecutorSubject>): void {
  let opened: ExecutorSubject | undefined;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  const subject = (): ExecutorSubject => {
    if (opened === undefined) throw new Error('there is no executor: it could not be opened');
    return opened;
  };
  const run: RunDeed = async (deed, { timeoutS = PATIENT_S, signal } = {}) => {
    const filePath = await subject().implementation(deed);
    return subject().executor.execute(filePath, 'run', [2, 3], timeoutS, MEM_MB, { signal });
  };
  testAnswers(name, run);
  testEnds(name, run, subject);
  testLeaving(name, run, subject);
}

type RunDeed = (deed: Deed, more?: { readonly timeoutS?: number; readonly signal?: AbortSignal }) => Promise<Execution>;

function expectFailure(execution: Execution, type: ExecutionErrorType): void {
  expect(execution).toMatchObject({ success: false, error_type: type, error_code: EXECUTION_ERRORS[type].code });
  expect(execution.error).toMatch(/\S/);
  expect(execution).not.toHaveProperty('result');
}

function testAnswers(name: string, run: RunDeed): void {
  test(`${name}: a value comes back, with time and texts [F002-6] [F002-9] [F002-10] [F002-12] [F002-13] [F002-14]`, async () => {
    const execution = await run('answers');
    expect(execution).toMatchObject({ success: true, result: { sum: 5 } });
    expect(execution.duration_ms).toBeGreaterThanOrEqual(0);
    expect([typeof execution.stdout, typeof execution.stderr]).toEqual(['string', 'string']);
    expect(execution).not.toHaveProperty('error');
  });

  test(`${name}: what the implementation throws is an answer [F002-11] [F002-15] [F002-16]`, async () => {
    const execution = await run('throws');
    expectFailure(execution, 'exception');
    expect(execution.error).toContain('no luck');
  });
}

function testEnds(name: string, run: RunDeed, subject: () => ExecutorSubject): void {
  test(`${name}: an implementation that ends its process ends its own run, and the next is answered`, async () => {
    expectFailure(await run('exits'), subject().exitType ?? 'process_exit');
    expect(await run('answers')).toMatchObject({ success: true, result: { sum: 5 } });
  });

  test.for(['hangs', 'spins'] as const)(`${name}: an implementation that %s is ended at the deadline`, async (deed) => {
    expectFailure(await run(deed, { timeoutS: HASTY_S }), 'timeout');
    expect(await run('answers')).toMatchObject({ success: true });
  });

  test(`${name}: what is printed is never taken for a result`, async () => {
    expect(await run('prints_a_result')).toMatchObject({ success: true, result: 'real' });
  });

  test.for(['answers_no_json', 'answers_two_mib'] as const)(
    `${name}: %s is a result that cannot be read`,
    async (deed) => {
      expectFailure(await run(deed), 'parse_error');
    },
  );
}

function testLeaving(name: string, run: RunDeed, subject: () => ExecutorSubject): void {
  test(`${name}: a run that is called off ends, before it began and after`, async () => {
    expectFailure(await run('answers', { signal: AbortSignal.abort() }), 'cancelled');
    const controller = new AbortController();
    const running = run('hangs', { signal: controller.signal });
    setImmediate(() => controller.abort());
    expectFailure(await running, 'cancelled');
    expect(await run('answers')).toMatchObject({ success: true });
  });

  test(`${name}: what cannot be run as asked blames nobody's implementation`, async () => {
    const filePath = await subject().implementation('answers');
    expectFailure(await subject().executor.execute(filePath, 'run', [], Number.NaN, MEM_MB), 'invalid_parameter');
    // As never: JavaScript may give anything.
    const odd = [Number.NaN] as never;
    expectFailure(await subject().executor.execute(filePath, 'run', odd, PATIENT_S, MEM_MB), 'invalid_input');
  });

  test(`${name}: it may be closed twice`, async () => {
    await subject().executor.close?.();
    await expect(Promise.resolve(subject().executor.close?.())).resolves.toBeUndefined();
  });
}
