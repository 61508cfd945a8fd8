import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSuccessRate } from '../monitors/success-rate.ts';
import { createPolicy, noninferiority } from '../decision/policy.ts';
import type { Report } from '../report/report.ts';
import { openCaseFile } from './case-journal.ts';
import { evaluate } from './evaluate.ts';
import type { EvaluateRequest } from './evaluate-options.ts';
import { CLOCK, RIGHT, SUM, openBench, type Bench } from './evaluate.fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

type Asked = Partial<EvaluateRequest>;

async function evaluated(candidate: string, asked: Asked = {}, baseline = RIGHT) {
  const sides = { baseline: await bench.implement(baseline), candidate: await bench.implement(candidate) };
  try {
    return await evaluate({ task: SUM, seed: 7, n: 40, ...sides, ...asked }, CLOCK);
  } finally {
    await Promise.all([sides.baseline, sides.candidate].map(async ({ executor }) => executor.close?.()));
  }
}

const WRONG_FOR_FIVES = `${RIGHT.replace('solve', 'right')}
export const solve = (list: number[]) => (list.includes(5) ? right(list) + 1 : right(list));`;

/** What two runs of one seed share: all but times, the digest of cases with their times, where it ran, and its id. */
function comparable(report: Report): object {
  const { timing, environment, job_metadata, replay, ...rest } = report;
  void [timing, environment, job_metadata];
  return { ...rest, replay: { ...replay, cases_sha256: null } };
}

test('identical outputs are adopted after 266 cases at the default policy, and not after 265', async () => {
  const [enough, fewer] = [
    await evaluated(RIGHT, { n: 266, parallel: 2 }),
    await evaluated(RIGHT, { n: 265, parallel: 2 }),
  ];
  expect(enough.decision).toMatchObject({ verdict: 'adopt', adopt: true });
  expect(enough.pairs).toMatchObject({ both: 266, only_baseline: 0 });
  expect(fewer.decision).toMatchObject({ verdict: 'inconclusive', adopt: false, cases_needed: 1 });
});

test('a candidate that breaks what the baseline keeps is rejected, with the cases, and a smaller one that breaks the same', async () => {
  const report = await evaluated(WRONG_FOR_FIVES);
  expect(report.decision.verdict).toBe('reject');
  expect(report.decision.reason).toMatch(
    /^the candidate breaks what the baseline keeps: property "is_sum" on case-\d+/,
  );
  expect(report.regressions[0]).toMatchObject({ kind: 'property', broken: 'is_sum', smallest: '[[5]]' });
  expect(report.flips[0]).toMatchObject({ kind: 'pass_to_fail', broken: expect.arrayContaining(['is_sum']) });
  expect(report.regressions.length).toBe(report.pairs.only_baseline);
});

test('the same seed gives the same report but for times, whatever runs at once', async () => {
  const reports = [];
  for (const parallel of [1, 2, 4]) {
    reports.push(comparable(await evaluated(WRONG_FOR_FIVES, { parallel, monitors: [createSuccessRate()] })));
  }
  expect(reports[1]).toEqual(reports[0]);
  expect(reports[2]).toEqual(reports[0]);
  expect(comparable(await evaluated(WRONG_FOR_FIVES, { seed: 8 }))).not.toEqual(reports[0]);
});

test('which side is first is drawn for each case', async () => {
  const path = join(bench.folder, 'order.ndjson');
  const journal = openCaseFile(path);
  await evaluated(RIGHT, { n: 100, journal });
  await journal.close();
  const lines = (await readFile(path, 'utf8')).trim().split('\n').slice(1);
  const first = lines.map((line) => (JSON.parse(line) as { first: string }).first);
  expect(first.length).toBe(100);
  const candidates = first.filter((role) => role === 'candidate').length;
  expect(candidates).toBe(47); // Of this seed.
});

test('an evaluation that was cancelled goes on where it was, and ends with the report of one that was not', async () => {
  const path = join(bench.folder, 'resumed.ndjson');
  const cancelling = new AbortController();
  const first = openCaseFile(path);
  const cancelled = evaluated(WRONG_FOR_FIVES, {
    journal: first,
    signal: cancelling.signal,
    onProgress: ({ done }) => {
      if (done === 11) cancelling.abort();
    },
  });
  await expect(cancelled).rejects.toMatchObject({ code: 'EVALUATION_CANCELLED' });
  await first.close();
  const kept = (await readFile(path, 'utf8')).trim().split('\n').length - 1;
  expect(kept).toBeGreaterThanOrEqual(11);
  expect(kept).toBeLessThan(40);
  const done: number[] = [];
  const second = openCaseFile(path);
  const resumed = await evaluated(WRONG_FOR_FIVES, {
    journal: second,
    onProgress: (progress) => done.push(progress.done),
  });
  await second.close();
  const file = createHash('sha256').update(await readFile(path));
  expect(resumed.replay.cases_sha256).toBe(file.digest('hex'));
  expect(done).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(comparable(resumed)).toEqual(comparable(await evaluated(WRONG_FOR_FIVES)));
});

test('a report has the digest of its cases, though no file of them is kept [X002-16]', async () => {
  const { replay } = await evaluated(RIGHT, { n: 3 });
  expect(replay).toMatchObject({ cases_file: null, cases_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('one that fails a case in another way each time it is asked breaks it as one that fails alike', async () => {
  const otherwise = `${RIGHT.replace('solve', 'right')}
let calls = 0;
export const solve: any = (list: number[]) => {
  if (!list.includes(5)) return right(list);
  calls += 1;
  if (calls % 2 === 0) throw new Error('another way');
  return right(list) + 1;
};`;
  const report = await evaluated(otherwise);
  expect(report.decision.verdict).toBe('reject');
  expect(report.regressions.length).toBe(report.pairs.only_baseline);
  expect(report.flaky).toEqual([]);
});

test('a sequential evaluation ends when the policy is decided', async () => {
  const report = await evaluated(RIGHT, { n: 400, mode: 'sequential' });
  expect(report.decision.verdict).toBe('adopt');
  expect(report.pairs.both).toBe(266);
  expect(report.sequential).toMatchObject({ cases_done: 266, stopped_for: 'the policy was decided: adopt' });
});

test('a policy that plans looks is looked at when it says, and its bounds are those of its design [X002-7]', async () => {
  const policy = createPolicy({ kind: 'evidence', name: 'by looks', bar: -0.05, looks: { kind: 'pocock', looks: 4 } });
  const report = await evaluated(RIGHT, { n: 400, parallel: 2, policy });
  expect(report.decision).toMatchObject({ verdict: 'adopt', provenance: { looks: 2 } });
  expect(report.sequential).toMatchObject({ kind: 'pocock', planned: true, cases_at: [100, 200], cases_done: 200 });
});

test('cases that fail by chance are flaky: they count in the rate, and are no regression', async () => {
  const flaky = `let calls = 0;
export const solve = (list: number[]) => { calls += 1; return list.reduce((sum, item) => sum + item, 0) + (calls % 7 === 0 ? 1 : 0); };`;
  const report = await evaluated(flaky, { policy: noninferiority(0.02) });
  expect(report.pairs.only_baseline).toBeGreaterThan(0);
  expect(report.flaky.length).toBeGreaterThan(0);
  expect(report.regressions.length + report.flaky.length).toBeGreaterThanOrEqual(report.pairs.only_baseline);
});

test('a monitor that throws costs its own summary alone', async () => {
  const broken = {
    start: () => undefined,
    record: () => {
      throw new Error('no such field');
    },
    finalize: () => ({ id: 'broken', summary: {}, alerts: [] }),
    identifier: () => 'broken',
  };
  const report = await evaluated(RIGHT, { monitors: [broken, createSuccessRate()] });
  expect(report.monitors).toMatchObject([
    { id: 'broken', failed: 'no such field' },
    { id: 'success_rate', alerts: [] },
  ]);
});

test('where nobody can run anything it ends after the first cases, with why', async () => {
  let asked = 0;
  const absent = {
    execute: async () => {
      asked += 1;
      const error = 'no backend "local" is enabled';
      return { success: false, error, error_type: 'unavailable', duration_ms: 0, stdout: '', stderr: '' };
    },
  };
  const baseline = { filePath: 'x', text: 'x', executor: absent, executorName: 'llm' };
  const report = await evaluated(RIGHT, { baseline });
  expect(report.decision).toMatchObject({ verdict: 'inconclusive', adopt: false });
  expect(report.sequential?.stopped_for).toBe('none of the first 5 cases could be run: no backend "local" is enabled');
  expect(asked).toBeLessThanOrEqual(3 * 8);
});

test('different executors for each side work, relations included', async () => {
  const asked: string[] = [];
  const right = {
    execute: async (_path: string, _func: string, [list]: readonly unknown[]) => {
      asked.push(JSON.stringify(list));
      const result = (list as number[]).reduce((sum, item) => sum + item, 0);
      return { success: true, result, duration_ms: 1, stdout: '', stderr: '' };
    },
  };
  const baseline = { filePath: 'add them up', text: 'add them up', executor: right, executorName: 'mine' };
  const report = await evaluated(RIGHT, { baseline });
  expect(report.config.executor).toEqual({ baseline: 'mine', candidate: 'local' });
  expect(report.pairs.both).toBe(40);
  expect(asked.length).toBeGreaterThan(40);
});

test.each([
  ['parallel', { parallel: 0 }],
  ['repeats', { repeats: 1.5 }],
  ['timeoutS', { timeoutS: 0 }],
  ['no case', { cases: [] }],
])('%s that cannot be is refused', async (what, asked) => {
  await expect(evaluated(RIGHT, asked)).rejects.toMatchObject({
    code: 'EVALUATION_INVALID',
    message: expect.stringContaining(what),
  });
});
