import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { parseReport, type Report } from '@bulkhead/guard';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, start, type Ended, type Folder, type Surroundings } from './cli-fixture.ts';

const RIGHT = 'export const solve = (list) => list.reduce((sum, item) => sum + item, 0);';
const WRONG = 'export const solve = (list) => list.slice(0, 3).reduce((sum, item) => sum + item, 0);';
/** A plain object, without an import. */
const PLAIN = `export const SUM = {
  name: 'sum',
  generate: (n, seed) => Array.from({ length: n }, (_, at) => [[at, seed % 7, 1, 2]]),
  properties: [{ name: 'is_sum', check: (out, list) => out === list.reduce((sum, item) => sum + item, 0) }],
};
export const NUMBER = 3;`;
/** TypeScript that imports what its folder has not installed. */
const IMPORTING = `import { defineTask, permute } from '@bulkhead/guard';
import { createRandom } from '@bulkhead/guard/statistics';
import fc from 'fast-check';
export default defineTask<[number[]], number>({
  name: createRandom(1).below(1) === 0 ? 'imported_sum' : '',
  arbitraries: fc.tuple(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 6 })),
  properties: [{ name: 'is_sum', check: (out: number, list: number[]) => out === list.reduce((sum, item) => sum + item, 0) }],
  relations: [permute()],
});`;
const THROWING = 'export const solve = () => { throw new Error("is_sum"); };';
const SLOW = `export const solve = async (list) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return list.reduce((sum, item) => sum + item, 0);
};`;

let folder: Folder;
let adopted: Ended;
beforeAll(async () => {
  folder = await makeFolder();
  const files = {
    'right.js': RIGHT,
    'wrong.js': WRONG,
    'slow.js': SLOW,
    'throwing-solve.js': THROWING,
    'plain.js': PLAIN,
    'importing.ts': IMPORTING,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  adopted = await evaluate('--task importing.ts --candidate right.js --report-dir reports --json');
});
afterAll(() => folder[Symbol.asyncDispose]());

/** 51 identical cases are enough for a margin of ten points. */
const QUICK = '--baseline right.js --n 60 --policy noninferiority:margin=0.1';

function evaluate(line: string, surroundings: Surroundings = {}): Promise<Ended> {
  return run(['guard', 'evaluate', ...`${QUICK} ${line}`.split(' ')], { cwd: folder.path, ...surroundings });
}

function verdictOf({ stdout }: Ended): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

async function reportIn(ended: Ended): Promise<{ readonly path: string; readonly report: Report }> {
  const { report: path } = verdictOf(ended) as { readonly report: string };
  return { path, report: parseReport(await readFile(path, 'utf8')) };
}

test('a task in TypeScript that imports guard and fast-check is judged outside the repository, and adopt ends with 0', () => {
  expect(adopted.stderr).toBe('');
  expect(adopted.code).toBe(0);
  expect(adopted.stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(verdictOf(adopted)).toEqual({
    verdict: 'adopt',
    adopt: true,
    reasons: [expect.stringContaining('60 cases')],
    report: expect.stringMatching(/reports\/report_\d{8}_\d{6}\.json$/),
  });
});

test('the report is there in every form with its cases, and a replay comes to the same [X002-16]', async () => {
  const { path, report } = await reportIn(adopted);
  const name = basename(path, '.json');
  const forms = ['.html', '.json', '.junit.xml', '.md', '_cases.ndjson'];
  expect(await readdir(join(folder.path, 'reports'))).toEqual(expect.arrayContaining(forms.map((form) => name + form)));
  expect(report.replay).toEqual({
    cases_file: `${name}_cases.ndjson`,
    cases_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    command: `bulkhead guard evaluate --task importing.ts --baseline right.js --candidate right.js --n 60 --policy noninferiority:margin=0.1`,
  });
  const replayed = await run(['guard', 'replay', path, '--json']);
  expect(replayed.code).toBe(0);
  expect(verdictOf(replayed)).toMatchObject({ same: true, verdict: 'adopt', recounted: 60, differences: [] });
});

test('a report that was changed is replayed to something else, which ends with 1', async () => {
  const { path, report } = await reportIn(adopted);
  const changed = join(folder.path, 'reports', 'changed.json');
  await writeFile(changed, JSON.stringify({ ...report, decision: { ...report.decision, verdict: 'reject' } }));
  const replayed = await run(['guard', 'replay', changed]);
  expect(replayed.code).toBe(1);
  expect(replayed.stdout).toContain('$.decision.verdict  reported "reject", is "adopt"');
  const compared = await run(['guard', 'compare', path, changed, '--json']);
  expect(compared.code).toBe(1);
  expect(verdictOf(compared)).toMatchObject({ differences: [{ figure: 'verdict', before: 'adopt', after: 'reject' }] });
  expect((await run(['guard', 'replay', join(folder.path, 'right.js')])).code).toBe(2);
});

test('the same seed gives the same report but for times', async () => {
  const again = await evaluate('--task importing.ts --candidate right.js --report-dir again --json');
  const [first, second] = [(await reportIn(adopted)).report, (await reportIn(again)).report];
  const lasting = (report: Report): object => {
    const { cases_file: _file, cases_sha256: _digest, ...replay } = report.replay;
    return { ...report, replay, timing: null, job_metadata: null };
  };
  expect(lasting(second)).toEqual(lasting(first));
});

test('a candidate that breaks what the baseline keeps is rejected with 1, in plain text without escape codes', async () => {
  const ended = await evaluate('--task plain.js#SUM --candidate wrong.js');
  expect(ended.code).toBe(1);
  expect(ended.stdout).toMatch(/^✕ Reject: sum\n/);
  expect(ended.stdout + ended.stderr).not.toContain('\u001B');
});

test('too few cases are inconclusive with 3, and for a regression guard 0 with a warning', async () => {
  const line = '--baseline right.js --candidate right.js --task plain.js --n 5 --json';
  const ended = await run(['guard', 'evaluate', ...line.split(' ')], { cwd: folder.path });
  expect(ended.code).toBe(3);
  expect(verdictOf(ended)).toMatchObject({ verdict: 'inconclusive', adopt: false, report: null });
  const guarded = await run(['guard', 'regression-guard', ...line.split(' ')], { cwd: folder.path });
  expect(guarded).toMatchObject({ code: 0, stderr: expect.stringContaining('no regression was shown') });
});

test.each([
  ['plain.js#NUMBER', /plain\.js#NUMBER is no task/],
  ['plain.js#NONE', /exports no NONE\nIt exports/],
  ['absent.ts', /absent\.ts is no file/],
  ['top_j', /no task of that name\n.*top_k/],
])('a task that is none, %s, ends with 2 and says what to do', async (task, message) => {
  const ended = await evaluate(`--task ${task} --candidate right.js --json`);
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
});

test('a task that throws or does not parse is told with its file and line', async () => {
  await writeFile(join(folder.path, 'throwing.js'), `\nexport const x = (() => { throw new Error('oops'); })();`);
  await writeFile(join(folder.path, 'broken.ts'), 'const a = 1;\n\nconst b: = 2;\n');
  const thrown = await evaluate('--task throwing.js --candidate right.js');
  expect(thrown).toMatchObject({ code: 2, stderr: expect.stringMatching(/throwing\.js:2 .*Error: oops/) });
  const broken = await evaluate('--task broken.ts --candidate right.js');
  expect(broken).toMatchObject({ code: 2, stderr: expect.stringMatching(/broken\.ts:3 .*SyntaxError/) });
});

test('what guard or a package throws at a task is told with the line of the task, and so is what does not parse or link', async () => {
  const files = {
    'mistaken.ts': `import { defineTask } from '@bulkhead/guard';\n\nexport const T = defineTask({ name: 'x', generate: 7 } as never);\n`,
    'foreign.ts': `import fc from 'fast-check';\n\nexport const T = fc.integer({ min: 2, max: 1 });\n`,
    'through.ts': `import { make } from './making.ts';\nexport const T = make();\n`,
    'making.ts': `import { defineTask } from '@bulkhead/guard';\nconst wrong: object = {};\nexport const make = () =>\n  defineTask(wrong as never);\n`,
    'typed.ts': 'const a: number = 1;\n\nexport const b = {;\n',
    'parsing.js': `\nexport const T = JSON.parse('{');\n`,
    'unlinked.ts': `\nimport { defineTusk } from '@bulkhead/guard';\nexport const T: number = defineTusk(1);\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  const lines = ['mistaken.ts:3', 'foreign.ts:3', 'making.ts:4', 'typed.ts:3', 'parsing.js:2', 'unlinked.ts:2'];
  for (const [index, task] of Object.keys(files)
    .filter((name) => name !== 'making.ts')
    .entries()) {
    const { code, stderr } = await evaluate(`--task ${task} --candidate right.js`);
    const place = join(folder.path, lines[index] ?? '');
    expect([task, code, stderr]).toEqual([task, 2, expect.stringContaining(`--task: ${place} cannot be imported: `)]);
  }
});

test.each([
  ['--policy noninferiority:margins=1', 'margin'],
  ['--executor lokal', 'local'],
  ['--monitor latenzy', 'latency'],
  ['--resume', '--report-dir'],
  ['--alert-webhook http://example.com/', 'https'],
  ['--redact (a+)+$', 'REDACTION_INVALID'],
  ['--cases nowhere.ndjson', 'nowhere.ndjson'],
])('%s is refused with 2', async (typed, message) => {
  const ended = await evaluate(`--task plain.js --candidate right.js ${typed}`);
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});

test('an evaluation that was interrupted goes on from its cases', async () => {
  const line = `${QUICK} --task plain.js --candidate slow.js --report-dir resumed --parallel 1`.split(' ');
  const running = start(['guard', 'evaluate', ...line, '--n', '3000'], { cwd: folder.path });
  const cases = async (): Promise<number> => {
    const [file] = await readdir(join(folder.path, 'resumed')).catch(() => []);
    return file === undefined ? 0 : (await readFile(join(folder.path, 'resumed', file))).length;
  };
  while ((await cases()) < 1_000) await new Promise((resolve) => setTimeout(resolve, 50));
  running.child.kill('SIGINT');
  const stopped = await running.ended;
  expect(stopped).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('--resume goes on') });
  const again = await run(['guard', 'evaluate', ...line, '--n', '3000', '--resume', '--sequential', '--json'], {
    cwd: folder.path,
  });
  expect(again).toMatchObject({ code: 0, stderr: expect.stringMatching(/^\d+ cases were there already$/m) });
  const { path } = await reportIn(again);
  expect((await run(['guard', 'replay', path])).code).toBe(0);
});

test('of an evaluation whose process is killed, the cases that were taken are there to go on from', async () => {
  const line = `${QUICK} --task plain.js --candidate slow.js --report-dir killed --parallel 1`.split(' ');
  const running = start(['guard', 'evaluate', ...line, '--n', '3000'], { cwd: folder.path });
  const lines = async (): Promise<number> => {
    const [file] = await readdir(join(folder.path, 'killed')).catch(() => []);
    return file === undefined ? 0 : (await readFile(join(folder.path, 'killed', file), 'utf8')).split('\n').length - 1;
  };
  // The first line says what the cases are of. Three of them are far below what a buffer would hold back.
  await expect.poll(lines, { timeout: 30_000 }).toBeGreaterThanOrEqual(4);
  running.child.kill('SIGKILL');
  expect((await running.ended).signal).toBe('SIGKILL');
  const kept = (await lines()) - 1;
  const again = await run(['guard', 'evaluate', ...line, '--n', '3000', '--resume', '--sequential', '--json'], {
    cwd: folder.path,
  });
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(`${kept} cases were there already\n`) });
});

test('alerts are sent to the webhook, secrets are taken out, and the summary is written [X002-10] [X002-13]', async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ended = await evaluate(
    `--task plain.js --candidate throwing-solve.js --monitor success_rate --alert-webhook http://127.0.0.1:${port}/ --report-dir secret --json`,
    { env: { METAMORPHIC_GUARD_REDACT: 'is_s[u]m', GITHUB_STEP_SUMMARY: join(folder.path, 'summary.md') } },
  ).finally(() => server.close());
  expect(ended.code).toBe(1);
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
    task: 'sum',
    verdict: 'reject',
    alerts: [{ monitor: 'success_rate' }],
  });
  const { path } = await reportIn(ended);
  expect(await readFile(path, 'utf8')).not.toContain('is_sum');
  expect(await readFile(join(folder.path, 'summary.md'), 'utf8')).toContain('Reject');
});

test('a prompt is judged by a scripted model', async () => {
  await writeFile(join(folder.path, 'prompt.txt'), 'Answer with one label: {{0}}');
  await writeFile(join(folder.path, 'answers.json'), JSON.stringify([{ match: '', text: 'other' }]));
  const line =
    '--task prompt_pair --baseline prompt.txt --candidate prompt.txt --executor llm --backend scripted:answers.json';
  const ended = await run(
    ['guard', 'evaluate', ...line.split(' '), '--n', '60', '--policy', 'noninferiority:margin=0.1', '--json'],
    { cwd: folder.path },
  );
  expect(ended.stderr).toBe('');
  expect(verdictOf(ended)).toMatchObject({ verdict: 'adopt' });
});

test('a prompt that no language model could answer is refused before a case is tried', async () => {
  await writeFile(join(folder.path, 'prompt.txt'), 'Answer with one label: {{0}}');
  await writeFile(join(folder.path, 'answers.json'), JSON.stringify([{ match: '', text: 'other' }]));
  const ask = (more: string): Promise<Ended> => {
    const line = `--task prompt_pair --baseline prompt.txt --candidate prompt.txt --report-dir unasked ${more}`;
    return run(['guard', 'evaluate', ...line.split(' ')], { cwd: folder.path });
  };
  const none = await ask('--executor llm');
  expect(none).toMatchObject({
    ...{ code: 2, stdout: '' },
    stderr:
      'bulkhead: the executor "llm" has nobody to ask: no plugin here offers a language model\n' +
      'Name who answers with --backend scripted:FILE, or the folder of a plugin that offers a model with --plugins.\n',
  });
  const named = await ask('--executor llm:backend=absent --backend scripted:answers.json');
  expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('no backend "absent"; there is mock')]);
  await expect(readdir(join(folder.path, 'unasked'))).rejects.toMatchObject({ code: 'ENOENT' });
});
