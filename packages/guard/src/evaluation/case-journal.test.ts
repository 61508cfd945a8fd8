import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCaseFile, type JournalHead } from './case-journal.ts';
import type { EvaluatedPair, EvaluatedSide } from './evaluated-pair.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guard-cases-'));
});
afterAll(() => rm(folder, { recursive: true }));

const HEAD: JournalHead = {
  kind: 'bulkhead.guard.cases',
  schema_version: 1,
  spec_fingerprint: 'f',
  task: 'sort',
  seed: 42,
};

function pairAt(index: number): EvaluatedPair {
  const side: EvaluatedSide = {
    ...{ grade: 'passed', pass_share: 1, result: { success: true, result: index }, duration_ms: 1, checks: 'hh' },
    ...{ violations: [], violation_count: 0, run_failures: [], faults: [] },
    ...{ executions: 1, sandbox_failures: 0, metrics: {} },
  };
  return {
    ...{ case_index: index, case_id: `case-${index}`, cluster: `case-${index}`, args: '["ä\\n"]', first: 'baseline' },
    ...{ baseline: side, candidate: side, flaky: [], regression: null },
  };
}

async function write(path: string, indexes: readonly number[]): Promise<void> {
  const file = openCaseFile(path);
  await file.begin(HEAD);
  for (const index of indexes) await file.add(pairAt(index));
  await file.close();
}

async function resumed(path: string, head: JournalHead = HEAD): Promise<readonly EvaluatedPair[]> {
  const file = openCaseFile(path);
  try {
    const pairs: EvaluatedPair[] = [];
    for await (const pair of await file.begin(head)) pairs.push(pair);
    return pairs;
  } finally {
    await file.close();
  }
}

test('cases that were kept are there when it goes on, and later ones come behind them', async () => {
  const path = join(folder, 'on.ndjson');
  await write(path, [0, 1]);
  expect(await resumed(path)).toEqual([pairAt(0), pairAt(1)]);
  await write(path, [2]);
  expect((await resumed(path)).map((pair) => pair.case_index)).toEqual([0, 1, 2]);
});

test('cases after those that counted are let go of, and what is added comes behind the last that counted', async () => {
  const path = join(folder, 'cut.ndjson');
  await write(path, [0, 1, 2, 3]);
  const file = openCaseFile(path);
  for await (const pair of await file.begin(HEAD)) if (pair.case_index === 1) break;
  await file.cutAfter(2);
  await file.add(pairAt(9));
  await file.close();
  expect((await resumed(path)).map((pair) => pair.case_index)).toEqual([0, 1, 9]);
});

test('a line that was cut off is written anew, whichever byte it was cut at', async () => {
  const path = join(folder, 'torn.ndjson');
  await write(path, [0, 1]);
  const whole = await readFile(path);
  const lastLine = whole.subarray(0, -1).lastIndexOf(10) + 1;
  for (const cut of [lastLine + 1, whole.length - 7, whole.length - 1]) {
    await writeFile(path, whole);
    await truncate(path, cut);
    await write(path, [1]);
    expect(await readFile(path)).toEqual(whole);
  }
});

test('a file whose first line was cut off begins anew', async () => {
  const path = join(folder, 'head.ndjson');
  await writeFile(path, '{"kind":"bulkhead.gu');
  await write(path, [0]);
  expect(await resumed(path)).toEqual([pairAt(0)]);
});

test('what is behind a line that is no JSON is not believed', async () => {
  const path = join(folder, 'broken.ndjson');
  await write(path, [0]);
  await appendFile(path, 'nonsense\n');
  await appendFile(path, `${JSON.stringify(pairAt(1))}\n`);
  expect(await resumed(path)).toEqual([pairAt(0)]);
});

test('cases of another evaluation are refused, and it says in what they differ', async () => {
  const path = join(folder, 'other.ndjson');
  await write(path, [0]);
  const other = resumed(path, { ...HEAD, seed: 43 });
  await expect(other).rejects.toMatchObject({
    code: 'RESUME_MISMATCH',
    message: expect.stringContaining('seed differ (seed is 42 there and 43 here)'),
  });
});

test('a case is in the file soon after it was added, whole, though nobody closes the file and more are added', async () => {
  const path = join(folder, 'soon.ndjson');
  const file = openCaseFile(path);
  await file.begin(HEAD);
  for (const index of [0, 1, 2]) await file.add(pairAt(index));
  await expect.poll(async () => (await readFile(path, 'utf8')).split('\n').length - 1, { timeout: 30_000 }).toBe(4);
  for (let index = 3; index < 2_000; index += 1) await file.add(pairAt(index));
  await file.close();
  expect((await resumed(path)).map(({ case_index }) => case_index)).toEqual(
    Array.from({ length: 2_000 }, (_, at) => at),
  );
});
