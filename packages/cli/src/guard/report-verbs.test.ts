/**
 * Verbs that read what evaluations left behind, and those that begin something, as they are typed.
 */
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, type Ended, type Folder } from '../cli-fixture.ts';

const WRONG = `export const solve = (list) => (list.includes(7) ? [7] : [...new Set(list)].sort((a, b) => a - b));`;

let folder: Folder;
/** Paths of reports: of the candidate that `init` makes, and of one that is wrong. */
let [right, wrong] = ['', ''];

beforeAll(async () => {
  folder = await makeFolder();
  await run(['guard', 'init'], { cwd: folder.path });
  await writeFile(join(folder.path, 'guard', 'wrong.js'), WRONG);
  const line = 'evaluate --n 60 --policy noninferiority:margin=0.1 --json';
  right = reportOf(await guard(`${line} --report-dir right`));
  wrong = reportOf(await guard(`${line} --report-dir wrong --candidate wrong.js`));
}, 120_000);
afterAll(() => folder[Symbol.asyncDispose]());

function guard(line: string): Promise<Ended> {
  return run(['guard', ...line.split(' ')], { cwd: join(folder.path, 'guard') });
}

function answerOf({ stdout }: Ended): Readonly<Record<string, unknown>> {
  return JSON.parse(stdout);
}

function reportOf(ended: Ended): string {
  return String(answerOf(ended)['report']);
}

test('a trace lists the cases that differ, and shows one of them in full [X002-17]', async () => {
  const listed = answerOf(await guard(`trace ${wrong} --json`))['cases'] as readonly { readonly case_id: string }[];
  expect(listed[0]).toMatchObject({ baseline: 'passed', candidate: 'failed', args: expect.stringContaining('7') });
  const id = listed[0]?.case_id ?? '';
  const shown = await guard(`trace ${wrong} ${id}`);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(new RegExp(`^${id} \\(case \\d+\\)\n`));
  expect(shown.stdout).toMatch(/\nbaseline {2}passed\n {2}answered {3}\[.*\n(.*\n)*candidate {2}failed\n/);
  expect(shown.stdout).toMatch(/property +same_numbers: violated/);
  expect(answerOf(await guard(`trace ${wrong} ${id} --json`))).toMatchObject({ case_id: id });
  expect((await guard(`trace ${right}`)).stderr).toContain('both sides passed all 60 cases');
  expect(await guard(`trace ${right} case-9999`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no case'),
  });
});

test('the risk of a candidate is told in failures of a thousand calls [X002-17]', async () => {
  const [none, some] = [answerOf(await guard(`risk ${right} --json`)), answerOf(await guard(`risk ${wrong} --json`))];
  expect(none).toMatchObject({ calls: 1_000, candidate: { failures: 0 }, more_failures: 0, regressions: 0 });
  expect(Number(some['more_failures'])).toBeGreaterThan(0);
  expect(Number(some['regressions'])).toBeGreaterThan(0);
  const { stdout } = await guard(`risk ${wrong}`);
  expect(stdout).toMatch(/adopting it: [\d.]+ more failures of 1000 calls/);
  expect(stdout).toMatch(/pass rate of the candidate to that of the baseline: 0\.\d+ \(0\./);
});

test('a candidate is judged against a side that was kept, case by case [X002-17]', async () => {
  expect(answerOf(await guard(`compare-baseline ${right} ${wrong} --json`))).toMatchObject({
    ...{ verdict: 'adopt', cases: 60, left_out: 0, worse: [] },
    pairs: { both: 60, only_baseline: 0 },
  });
  const worse = await guard(`compare-baseline ${wrong} ${right} --side candidate`);
  expect([1, 3]).toContain(worse.code);
  expect(worse.stdout).toMatch(/\n {2}worse {2}case-/);
  const better = answerOf(await guard(`compare-baseline ${right} ${wrong} --side candidate --json`));
  expect(better['better']).not.toEqual([]);
});

test('reports of other tasks, and those without their cases, are not compared [X002-17]', async () => {
  const report = JSON.parse(await readFile(right, 'utf8'));
  const alone = join(folder.path, 'alone.json');
  await writeFile(alone, JSON.stringify({ ...report, spec_fingerprint: 'of another' }));
  expect(await guard(`compare-baseline ${right} ${alone}`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('different tasks'),
  });
  await writeFile(alone, JSON.stringify(report));
  expect(await guard(`compare-baseline ${right} ${alone}`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('not beside it'),
  });
});

test('a difference of provenance is one of what was asked, not of what came out [X002-17]', async () => {
  const found = await guard(`provenance-diff ${right} ${wrong} --json`);
  expect(found.code).toBe(1);
  const figures = (answerOf(found)['differences'] as readonly { readonly figure: string }[]).map(
    ({ figure }) => figure,
  );
  expect(figures).toEqual(['candidate sha256', 'provenance candidate', 'command']);
  expect(await guard(`provenance-diff ${right} ${right}`)).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'no difference\n',
  });
});

test('a profile has a row for each case, with times of both sides [X002-17]', async () => {
  const [head = '', ...rows] = (await guard(`export-profile ${right}`)).stdout.trimEnd().split('\r\n');
  expect(head).toMatch(/^case_index,case_id,first,baseline_grade,baseline_ms,/);
  expect(rows).toHaveLength(60);
  expect(rows[0]).toMatch(/^0,case-0-\w+,(baseline|candidate),passed,[\d.]+,/);
  const written = await guard(`export-profile ${right} --format ndjson --out profile.ndjson`);
  expect(written).toMatchObject({ code: 0, stdout: '', stderr: 'wrote 60 cases to profile.ndjson\n' });
  const [first = ''] = (await readFile(join(folder.path, 'guard', 'profile.ndjson'), 'utf8')).split('\n');
  expect(JSON.parse(first)).toMatchObject({
    case_index: 0,
    candidate_grade: 'passed',
    candidate_ms: expect.any(Number),
  });
});

test('the tail of the audit log is shown while the log is whole [X002-17]', async () => {
  expect(answerOf(await guard('audit tail right --json'))).toMatchObject({ whole: true, lines: [{ sequence: 1 }] });
  expect((await guard('audit tail right --n 5')).stdout).toMatch(/^LINE +AT +EVENT +OF\n1 +\d{4}-/);
  await appendFile(join(folder.path, 'guard', 'wrong', 'audit.log'), '{"event":"\\u001b[31mforged"}\n');
  const forged = await guard('audit tail wrong');
  expect(forged).toMatchObject({ code: 1, stderr: expect.stringContaining('line 2 is not as it was written') });
  expect(forged.stdout).not.toContain('\u001B');
  expect((await guard('audit tail nowhere')).code).toBe(2);
});

test('relations are asked of an implementation, and ordered by what they found [X002-17]', async () => {
  const holds = await guard('relations validate --n 20 --json');
  expect(holds.code).toBe(0);
  expect(answerOf(holds)).toMatchObject({ valid: true, relations: [{ violated: 0 }, { violated: 0 }] });
  await writeFile(join(folder.path, 'guard', 'first.js'), 'export const solve = (list) => list.slice(0, 1);');
  const broken = await guard('mr validate --n 20 --implementation first.js');
  expect(broken).toMatchObject({ code: 1, stdout: expect.stringMatching(/permute_input .*case-/) });
  const ranked = answerOf(await guard(`mr prioritize ${right} ${wrong} --json`));
  expect(ranked).toMatchObject({ reports: 2, relations: [{ asked: expect.any(Number) }, {}] });
  expect((await guard('mr discover --help')).code).toBe(0);
});

test('what may be named without a file is listed [X002-17]', async () => {
  expect(answerOf(await guard('catalog --json'))).toMatchObject({
    tasks: expect.arrayContaining(['top_k', 'sort']),
    monitors: expect.arrayContaining(['latency', 'composite']),
    executors: expect.arrayContaining(['local', 'docker']),
    policies: expect.arrayContaining(['noninferiority', 'strict']),
    relations: expect.arrayContaining(['permute_input']),
  });
});

test('a plugin that was scaffolded passes its checks as it stands [X002-14] [X002-17]', async () => {
  for (const kind of ['executor', 'monitor']) {
    const made = await run(['guard', 'scaffold-plugin', `my-${kind}`, '--kind', kind], { cwd: folder.path });
    expect(made).toMatchObject({ code: 0, stdout: `my-${kind}\n` });
    expect((await run(['check', `my-${kind}`], { cwd: folder.path })).code).toBe(0);
  }
});

test('a demonstration ends with adopt and with reject, and leaves nothing behind [X002-17]', async () => {
  const shown = await run(['guard', 'demo'], { cwd: folder.path, env: { TMPDIR: folder.path } });
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/Adopt: distinct_sorted[^]*Reject: distinct_sorted/);
  expect((await readdir(folder.path)).filter((name) => name.includes('demo'))).toEqual([]);
});

test.each([
  ...['trace', 'risk', 'compare-baseline', 'provenance-diff', 'export-profile', 'audit tail', 'relations validate'],
  ...['relations prioritize', 'catalog', 'scaffold-plugin', 'demo'],
])('%s says how it is used, with examples [X002-17]', async (verb) => {
  const shown = await guard(`${verb} --help`);
  expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Examples:\n') });
  expect(shown.stdout).toContain(`$ bulkhead guard ${verb}`);
});
