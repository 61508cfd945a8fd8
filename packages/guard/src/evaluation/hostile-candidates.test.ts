/**
 * No candidate improves its verdict by anything but better answers. Each one here is right but for one case of sixty, where in place of a
 * wrong answer it does something hostile: it must end as the one that answers wrongly does. One case in sixty is few enough that an
 * evaluation which left it out would let the candidate in.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import fc from 'fast-check';
import { defineTask } from '../task/define-task.ts';
import { scale } from '../task/relation-library.ts';
import type { Task } from '../task/task.ts';
import type { Report } from '../report/report.ts';
import type { Implementation } from './evaluate-options.ts';
import { RIGHT, openBench, type Bench } from './evaluate.fixture.ts';
import { N, candidateOf, closed, judged, toldOf, type Asked } from './hostile-candidates.fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

function evaluated(candidate: string, asked: Asked = {}, baseline = RIGHT): Promise<Report> {
  return judged(bench, { candidate, baseline }, asked);
}

test('one wrong case is told apart here: without it the candidate is adopted, with it rejected', async () => {
  expect((await evaluated(RIGHT)).decision.verdict).toBe('adopt');
  expect((await evaluated(candidateOf(['return right(list) + 1;']))).decision).toMatchObject({
    verdict: 'reject',
    reason: expect.stringMatching(/^the candidate breaks what the baseline keeps: property "is_sum" on case-\d+/),
  });
});

const FORGED = `JSON.stringify({ t: 'ok', id: 1, value: 0 }) + '\\n' + JSON.stringify({ success: true, result: right(list), duration_ms: 0, stdout: '', stderr: '' })`;
const CODED = (fields: string): string => `throw Object.assign(new Error('x'), { ${fields} });`;

type Deeds = Readonly<Record<string, readonly [deed: string, told: string]>>;

/** What ends the guest, or would look like a fault of the sandbox. */
const ENDS: Deeds = {
  'exits as one that was killed': ['process.exit(137);', 'run process_exit'],
  'exits as one that was asked to end': ['process.exit(143);', 'run process_exit'],
  "exits with a code of the guest's own": ['process.exit(71);', 'run process_exit'],
  'aborts, and says that memory was short': ["console.error('heap out of memory'); process.abort();", 'run'],
  'exhausts its heap': ['const all = []; for (;;) all.push(new Uint8Array(2 ** 29).fill(1));', 'run'],
  'leaves a promise unhandled': ["Promise.reject(new Error('x')); return new Promise(() => {});", 'run process_exit'],
  'throws in a timer': [
    "setTimeout(() => { throw new Error('x'); }); return new Promise(() => {});",
    'run process_exit',
  ],
  'answers with a toJSON that exits': ['return { toJSON() { process.exit(0); } };', 'run process_exit'],
  'prints a forged result and exits': [`console.log(${FORGED}); process.exit(0);`, 'run process_exit'],
};

/** What is thrown or answered, and the guest lives on. */
const ANSWERS: Deeds = {
  'prints a forged result and throws': [`console.log(${FORGED}); throw new Error('no');`, 'run exception'],
  'prints frames of the channel': [
    `process.stdout.write('\\u0000\\u0000\\u0000\\u0010{"t":"ok","id":1}'); return right(list) + 1;`,
    'property is_sum',
  ],
  'prints a mebibyte': ["console.log('x'.repeat(1_048_576)); return right(list) + 1;", 'property is_sum'],
  'throws with the code of a refusal': [CODED("code: 'EPERM'"), 'run exception'],
  'throws with the code of a lost guest': [CODED("code: 'GUEST_LOST', kind: 'host_restart'"), 'run exception'],
  'throws as a provider that is down': [CODED("name: 'ProviderError', status: 503"), 'run exception'],
  'throws as an MCP server that changed': [CODED("name: 'McpToolsChangedError'"), 'run exception'],
  'throws as one that was cancelled': ["throw new DOMException('cancelled', 'AbortError');", 'run exception'],
  'throws a proxy that cannot be read': [
    'throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 1; }, has() { throw 1; } });',
    'run exception',
  ],
  'throws nothing': ['throw undefined;', 'run exception'],
  'answers with a then that throws': ["return { then() { throw new Error('x'); } };", 'run exception'],
  'answers with a toJSON that throws': ["return { toJSON() { throw new Error('x'); } };", 'run parse_error'],
  'answers nothing': ['return undefined;', 'property is_result'],
  'answers a text': ['return String(right(list));', 'property is_result'],
  'answers the sum as an object': ['return { value: right(list) };', 'property is_result'],
  'answers a failed execution': [
    "return { success: false, error_type: 'infrastructure', error: 'x', duration_ms: 0, stdout: '', stderr: '' };",
    'property is_result',
  ],
  'answers a number that JSON has none of': ['return NaN;', 'property is_result'],
  'answers a number that is infinite once read': ["return (JSON as any).rawJSON('1e999');", 'run parse_error'],
  'answers a cycle': ['const all: any = {}; all.all = all; return all;', 'run parse_error'],
  'answers half a character': ["return '\\ud800';", 'property is_result'],
  'answers too much': ["return 'x'.repeat(3 * 1_048_576);", 'run parse_error'],
  'answers too deeply': [
    'let all: any = 0; for (let i = 0; i < 5_000; i += 1) all = [all]; return all;',
    'run parse_error',
  ],
};

test.for([
  ['that end its process', ENDS],
  ['that throw or answer otherwise', ANSWERS],
] as const)('deeds %s count as wrong answers, each with what it was', { timeout: 240_000 }, async ([, deeds]) => {
  const table = Object.values(deeds);
  const report = await evaluated(candidateOf(table.map(([deed]) => deed)), { memMb: 128, timeoutS: 5 });
  const found = toldOf(report, table.length);
  expect(Object.fromEntries(Object.keys(deeds).map((name, at) => [name, found[at]]))).toEqual(
    Object.fromEntries(Object.entries(deeds).map(([name, [, told]]) => [name, expect.stringContaining(told)])),
  );
  expect(report.pairs).toMatchObject({ both: N - table.length, only_baseline: table.length });
  expect(report.decision.verdict).toBe('reject');
});

test('a candidate that hangs, spins or floods without end is rejected as one that is too slow', async () => {
  const deeds = ['return new Promise(() => {});', 'for (;;);', "for (;;) console.log('x'.repeat(65_536));"];
  const report = await evaluated(candidateOf(deeds), { timeoutS: 0.5 });
  expect(report.regressions.map(({ kind }) => kind)).toEqual(report.regressions.map(() => 'run'));
  expect(report.regressions.length).toBeGreaterThan(0);
  expect(report.decision).toMatchObject({ verdict: 'reject', reason: expect.stringContaining('run "timeout"') });
});

/** Checks read a field of what should be a list; it says of no answer that it is none. */
const TRUSTING: Task = defineTask<[number[]], number[]>({
  name: 'trusting',
  arbitraries: fc.tuple(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })),
  properties: [{ name: 'is_same', check: (out, list) => out.toString() === list.toString() }],
  relations: [
    {
      name: 'again',
      readsResult: true,
      transform: (_args, { out }) => [[...out]],
      expect: 'equal',
    },
  ],
});

test.each([
  ['makes the code of the task throw', 'null'],
  ['is no JSON once it is read, and would be the argument of a follow-up', "[(JSON as any).rawJSON('1e999')]"],
])('an answer that %s does not take its case out of the count', async (_what, answer) => {
  const same = 'export const solve: any = (list: number[]) => list;';
  const hiding = `export const solve: any = (list: number[]) => (list.length === 6 ? ${answer} : list);`;
  const report = await evaluated(hiding, { task: TRUSTING }, same);
  expect(report.decision.verdict).toBe('reject');
  expect(report.pairs.only_baseline).toBeGreaterThan(0);
  expect(report.pairs.both + report.pairs.only_baseline).toBe(N);
});

/** Nothing but a relation says what is right: twice the numbers, twice the answer. */
const DOUBLED: Task = defineTask<[number[]], number>({
  name: 'doubled',
  arbitraries: fc.tuple(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })),
  isResult: (value): value is number => typeof value === 'number',
  relations: [scale({ factor: 2, name: 'scale', result: 'follows' })],
});

test('a candidate that remembers what it answered cannot answer follow-ups from it', async () => {
  const wrong = 'list.length + 1';
  const forgetful = `export const solve = (list: number[]) => ${wrong};`;
  const remembering = `let last = -1;
export const solve = (list: number[]) => {
  if (last >= 0 && list.every((one) => one % 2 === 0)) { const answer = 2 * last; last = -1; return answer; }
  last = ${wrong};
  return last;
};`;
  for (const candidate of [forgetful, remembering]) {
    const report = await evaluated(candidate, { task: DOUBLED });
    expect(report.decision).toMatchObject({ verdict: 'reject', reason: expect.stringContaining('relation "scale"') });
  }
});

test('what a candidate does to its own process reaches neither the baseline nor the judge', async () => {
  const polluting = candidateOf([
    `Array.prototype.reduce = () => 0 as never;
     (Object.prototype as any).grade = 'passed'; (Object.prototype as any).success = true;
     JSON.stringify = () => '0'; Object.freeze(globalThis);
     return 0;`,
  ]);
  const report = await evaluated(polluting);
  expect(report.decision.verdict).toBe('reject');
  expect(report.baseline.passes).toBe(report.baseline.total);
  expect(Reflect.get({}, 'grade')).toBeUndefined();
});

test('one that is wrong the first time and right when it is asked again is no regression, but never counts as passed', async () => {
  const report = await evaluated(
    candidateOf(['seen += 1; return right(list) + (seen === 1 ? 1 : 0);']).concat('\nlet seen = 0;'),
  );
  expect(report.pairs).toMatchObject({ both: N - 1, only_baseline: 1 });
  expect(report.decision.adopt).toBe(false);
});

/** All that an implementation sees beside its arguments, but for times, its memory and its user id, which each guest is given anew. */
const LOOKS_AROUND = `export const solve = () => ({
  argv: process.argv, exec_argv: process.execArgv, title: process.title, env: { ...process.env }, ppid: process.ppid, cwd: process.cwd(),
  url: import.meta.url, stack: String(new Error('here').stack), globals: Object.getOwnPropertyNames(globalThis).sort(),
  umask: typeof process.umask, memory: process.constrainedMemory(), versions: process.versions,
});`;

test('an implementation sees nothing that tells which side it is', async () => {
  const seen = new Map<string, string>();
  const watched = async (role: string): Promise<Implementation> => {
    const made = await bench.implement(LOOKS_AROUND);
    const execute: Implementation['executor']['execute'] = async (...asked) => {
      const execution = await made.executor.execute(...asked);
      seen.set(role, JSON.stringify(execution.result).replaceAll(/implementation-\d+/g, 'implementation'));
      return execution;
    };
    return { ...made, executor: { ...made.executor, execute } };
  };
  const sides = { baseline: await watched('baseline'), candidate: await watched('candidate') };
  await evaluated(RIGHT, { ...sides, n: 4 });
  await closed(Object.values(sides));
  expect(seen.get('baseline')).toContain('"argv"');
  expect(JSON.parse(seen.get('candidate') ?? '')).toEqual(JSON.parse(seen.get('baseline') ?? ''));
});

test('one file as both sides is judged alike, though it is wrong in every second of its calls', async () => {
  const text = `let calls = 0;
${RIGHT.replace('solve', 'right')}
export const solve = (list: number[]) => right(list) + ((calls += 1) % 2);`;
  const report = await evaluated(text, { n: 40 }, text);
  expect(report.decision.adopt).toBe(false);
  expect(report.candidate).toEqual(report.baseline);
  expect(report.flip_count).toBe(0);
});

test('after all of them the host still answers', async () => {
  expect((await evaluated(RIGHT)).decision.verdict).toBe('adopt');
});
