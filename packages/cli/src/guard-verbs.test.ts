import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, type Ended, type Folder } from './cli-fixture.ts';

let folder: Folder;
let made: Ended;
let evaluated: Ended;
beforeAll(async () => {
  folder = await makeFolder();
  made = await run(['guard', 'init'], { cwd: folder.path });
  evaluated = await guard('evaluate --n 60 --policy noninferiority:margin=0.1 --report-dir reports --json');
});
afterAll(() => folder[Symbol.asyncDispose]());

function guard(line: string): Promise<Ended> {
  return run(['guard', ...line.split(' ')], { cwd: join(folder.path, 'guard') });
}

function answerOf({ stdout }: Ended): unknown {
  return JSON.parse(stdout);
}

test('a folder that init made is evaluated as it stands, and is never written over', async () => {
  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('bulkhead guard evaluate') });
  expect(evaluated).toMatchObject({ code: 0, stdout: expect.stringContaining('"verdict":"adopt"') });
  expect(await readFile(join(folder.path, 'guard', 'README.md'), 'utf8')).toContain('regression-guard');
  const again = await run(['guard', 'init'], { cwd: folder.path });
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
});

test('a report is written in other forms [X002-16, X002-17]', async () => {
  const files = await readdir(join(folder.path, 'guard', 'reports'));
  const file = files.find((name) => name.endsWith('.json')) ?? '';
  const shown = await guard(`report reports/${file} --format markdown`);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^### /) });
  const kept = await guard(`report reports/${file} --format html --out page.html`);
  expect(kept).toMatchObject({ code: 0, stdout: '' });
  expect(await readFile(join(folder.path, 'guard', 'page.html'), 'utf8')).toMatch(/^<!doctype html>/);
});

test('the audit log is whole until somebody writes in it', async () => {
  expect(await guard('audit verify reports')).toMatchObject({ code: 0, stdout: 'whole: 1 lines\n' });
  await appendFile(join(folder.path, 'guard', 'reports', 'audit.log'), '{}\n');
  expect(await guard('audit verify reports')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^line 2 /) });
  expect((await guard('audit verify nowhere')).code).toBe(2);
});

test('power says that identical outputs are let in after 266 cases [X002-17]', async () => {
  const found = await guard('power --json');
  expect(found.code).toBe(0);
  expect(answerOf(found)).toMatchObject({
    cases: 312,
    identical_outputs: { margins: expect.arrayContaining([{ margin: 0.02, cases: 266 }]) },
  });
});

test('mutants that the gate lets in are shown', async () => {
  const found = await guard('quality --n 20 --mutants 3 --json');
  expect(found.code).toBe(0);
  const { total, killed, survived, timed_out, errors } = answerOf(found) as Readonly<Record<string, number & []>>;
  expect(total).toBe(3);
  expect(Number(killed) + Number(survived) + Number(timed_out)).toBe(3);
  expect(errors).toEqual([]);
});

test('an implementation that answers by chance is unstable, which ends with 1 [X002-17]', async () => {
  const chance =
    'export const solve = (list) => (Math.random() < 0.5 ? [99] : [...new Set(list)].sort((a, b) => a - b));';
  await writeFile(join(folder.path, 'guard', 'chance.js'), chance);
  const [steady, unsteady] = [
    await guard('stability --n 5 --repeats 2 --json'),
    await guard('stability --n 12 --repeats 3 --implementation chance.js --json'),
  ];
  expect(steady.code).toBe(0);
  expect(answerOf(steady)).toEqual({ stable: true, cases: 5, repeats: 2, unstable: [] });
  expect(unsteady.code).toBe(1);
  expect(answerOf(unsteady)).toMatchObject({ stable: false, unstable: expect.arrayContaining([expect.any(String)]) });
});

test('relations are listed and suggested [X002-17]', async () => {
  expect((await guard('relations list')).stdout).toContain('permute_input');
  expect((await guard('relations library --json')).stdout).toContain('"scale_scores"');
  const found = await guard('relations suggest --n 20');
  expect(found).toMatchObject({ code: 0, stdout: expect.stringMatching(/idempotent \(.*held on 20 of 20/) });
});

test('policies are signed, kept, and brought back [X002-9, X002-17]', async () => {
  const here = join(folder.path, 'guard');
  await run(['sign', '--new-key', 'key.pem'], { cwd: here });
  expect((await guard('policy sign noninferiority --key key.pem --out signed.json')).code).toBe(0);
  const verify = 'policy verify --signature signed.json --key key.pem.pub';
  expect((await guard(`${verify} noninferiority`)).code).toBe(0);
  expect((await guard(`${verify} superiority`)).code).toBe(1);
  expect((await guard('policy snapshot noninferiority --signature signed.json')).code).toBe(0);
  expect((await guard('policy snapshot superiority --signature signed.json')).code).toBe(2);
  expect((await guard('policy snapshot superiority')).code).toBe(0);
  expect((await guard('policy rollback 1')).stdout).toMatch(/^3 {2}noninferiority:margin=0\.02/);
  expect((await guard('policy list')).stdout).toMatch(/rollback to 1 .*ed25519:/);
  expect((await guard('policy show')).stdout).toContain('name = "noninferiority:margin=0.02"');
  expect((await guard('policy verify')).code).toBe(0);
});

test.each([
  'evaluate',
  'regression-guard',
  'replay',
  'compare',
  'report',
  'power',
  'stability',
  'quality',
  'relations suggest',
  'policy verify',
  'audit verify',
  'init',
])('%s says how it is used, with examples', async (verb) => {
  const shown = await guard(`${verb} --help`);
  expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Examples:\n') });
  expect(shown.stdout).toContain(`$ bulkhead guard ${verb}`);
});
