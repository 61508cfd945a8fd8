import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyAudit } from './audit-log.ts';
import { parsePair, parseReport } from './parse-report.ts';
import { brokenSide, pairOf, reportOf } from './report.fixture.ts';
import { reportName, writeReport } from './write-report.ts';

const NOW = Date.UTC(2026, 2, 4, 5, 6, 7);
const DAY_MS = 24 * 60 * 60 * 1_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-report-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a report is written in every form under the name of its second, and nothing else is left [X002-16]', async () => {
  const report = reportOf();
  const written = await writeReport(report, { folder, now: NOW });
  expect((await readdir(folder)).toSorted()).toEqual([
    'audit.key',
    'audit.log',
    'report_20260304_050607.html',
    'report_20260304_050607.json',
    'report_20260304_050607.junit.xml',
    'report_20260304_050607.md',
  ]);
  expect(parseReport(await readFile(written.json, 'utf8'))).toEqual(report);
  expect(await readFile(written.html, 'utf8')).toMatch(/^<!doctype html>/);
  expect(await readFile(written.junit, 'utf8')).toMatch(/^<\?xml/);
  expect(await readFile(written.markdown, 'utf8')).toMatch(/^### /);
});

test('reports of one second get names of their own', async () => {
  const write = (): Promise<{ readonly json: string }> =>
    writeReport(reportOf(), { folder, now: NOW, auditKey: Buffer.alloc(32) });
  const first = await write();
  const [second, third] = [await write(), await write()];
  expect([first, second, third].map(({ json }) => basename(json))).toEqual([
    'report_20260304_050607.json',
    'report_20260304_050607_2.json',
    'report_20260304_050607_3.json',
  ]);
  expect(reportName(NOW)).toBe('report_20260304_050607');
});

test('a report has the name that it is given, which its file of cases may have already', async () => {
  const { json } = await writeReport(reportOf(), { folder, now: NOW, name: 'report_of_mine' });
  expect(basename(json)).toBe('report_of_mine.json');
});

test('the audit log says what was written, with its digest [X002-16]', async () => {
  const { json } = await writeReport(reportOf(), { folder, now: NOW });
  await writeReport(reportOf(), { folder, now: NOW + 1_000 });
  expect(await verifyAudit(folder)).toEqual({ ok: true, lines: 2 });
  const [line = ''] = (await readFile(join(folder, 'audit.log'), 'utf8')).split('\n');
  expect(JSON.parse(line)).toMatchObject({
    at: '2026-03-04T05:06:07.000Z',
    event: 'report_written',
    report: 'report_20260304_050607.json',
    report_sha256: createHash('sha256')
      .update(await readFile(json))
      .digest('hex'),
    verdict: 'adopt',
    run_id: 'run-1',
  });
});

test('failed cases are kept as artifacts, the first fifty of them', async () => {
  const failures = Array.from({ length: 60 }, (_, index) => pairOf(index, { candidate: brokenSide() }));
  const written = await writeReport(reportOf(), { folder, now: NOW, failures });
  expect(written.failures).toHaveLength(50);
  expect(await readdir(join(folder, 'failures'))).toHaveLength(50);
  expect(parsePair(await readFile(written.failures[3] ?? '', 'utf8'), 'artifact')).toEqual(failures[3]);
});

test.each(['../../escape', '/etc/passwd', '', 'a/b', '.hidden', 'x'.repeat(300), 'nul\u0000'])(
  'the case named %j is written inside the folder',
  async (case_id) => {
    const { failures } = await writeReport(reportOf(), { folder, now: NOW, failures: [pairOf(0, { case_id })] });
    expect(failures).toEqual([expect.stringMatching(/\/failures\/case-[0-9a-f]{32}\.json$/)]);
    expect(await readdir(join(folder, 'failures'))).toHaveLength(1);
  },
);

test('artifacts that are older than thirty days are removed, and younger ones and others’ files stay', async () => {
  const failures = join(folder, 'failures');
  await mkdir(failures);
  const put = async (name: string, days: number): Promise<void> => {
    await writeFile(join(failures, name), '{}');
    await utimes(join(failures, name), new Date(NOW - days * DAY_MS), new Date(NOW - days * DAY_MS));
  };
  await put('old.json', 31);
  await put('young.json', 29);
  await put('old.txt', 400);
  await writeReport(reportOf(), { folder, now: NOW });
  expect((await readdir(failures)).toSorted()).toEqual(['old.txt', 'young.json']);
  await writeReport(reportOf(), { folder, now: NOW + 1_000, keptMs: DAY_MS });
  expect(await readdir(failures)).toEqual(['old.txt']);
});

test('a folder that takes no file is told with what to do', async () => {
  await writeFile(join(folder, 'file'), '');
  const write = writeReport(reportOf(), { folder: join(folder, 'file', 'reports'), now: NOW });
  await expect(write).rejects.toMatchObject({ name: 'GuardError', code: 'REPORT_UNWRITABLE' });
  await expect(write).rejects.toThrow('name a folder that you may write in');
});
