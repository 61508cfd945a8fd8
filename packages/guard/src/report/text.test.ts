import { expect, test } from 'vitest';
import { brokenSide, pairOf, poisoned, reportOf, sideOf, timedOutSide } from './report.fixture.ts';
import { renderText } from './text.ts';

test('the summary says the verdict first, then why, figures, what broke and how to replay', () => {
  expect(renderText(reportOf()).split('\n')).toEqual([
    '✓ Adopt: sort',
    '  after 400 cases the difference of pass rates is from -1.83 points to 4.18 points, above the bar of -2 points',
    '  baseline    98 % (96.1 % to 98.98 %)',
    '  candidate   99 % (97.46 % to 99.61 %)',
    '  difference  +1 points (−0.81 to +3.03 points)',
    '  cases       400, 12 flips, 4 of them from pass to fail',
    '  times       p95 baseline 130.9 ms, candidate 143.5 ms; 4.321 s in all',
    '  broken      sorted on case-00099: [[99,3,1]] gave [3,1]',
    '  broken      sorted on case-00199: [[199,3,1]] gave [3,1]',
    '  monitor     latency: warn: the candidate takes 1.21 times as long at the 95th percentile, more than 1.2',
    '  monitor     watch_dog: it stopped working: it did not answer within 10000 ms',
    '  replay      bulkhead guard replay report_20260304_050607.json',
    '',
  ]);
});

test('where it ended before its last case it says after how many, and why', () => {
  const looks = { planned: false, planned_cases: 400, cases_done: 39, cases_at: [] };
  const stopped = { ...looks, kind: 'once', stopped_for: '25 regressions were confirmed' } as const;
  const text = renderText(reportOf({ pairs: [pairOf(0)] }, { sequential: stopped }));
  expect(text).toContain('  cases       1 (ended after 39 of 400: 25 regressions were confirmed), 0 flips');
});

test('what failed runs said stands in it, how many there were on each side, and why cases could not be run', () => {
  const absent = sideOf({ grade: 'unrun', result: { success: false, error: 'no package "left-pad"' } });
  const pairs = [
    pairOf(0, { candidate: timedOutSide() }),
    pairOf(1, { baseline: timedOutSide(), candidate: timedOutSide() }),
    pairOf(2, { candidate: absent }),
  ];
  const text = renderText(reportOf({ pairs, monitors: [] }));
  expect(text).toContain('  failed runs baseline 1 timeout; candidate 2 timeout\n');
  expect(text).toContain('  broken      timeout on case-00000: [[0,3,1]] gave timeout: it took longer than 2 s\n');
  expect(text).toContain('  fault       candidate could not be run: no package "left-pad"\n');
});

test('why cases could not be run is shown as the report has it, and a longer fault is cut where a word ends', () => {
  const textOf = (fault: string): string => renderText({ ...reportOf(), monitors: [], faults: [fault] });
  const long = `candidate could not be run: ${'word '.repeat(90)}the useful part`;
  expect(textOf(long)).toContain(`  fault       ${long}\n`);
  const [line = ''] = /^ {2}fault .*$/mu.exec(textOf('somewhat '.repeat(200))) ?? [];
  expect(line).toMatch(/ somewhat… \(cut; 1,800 characters in all\)$/);
  expect(line.length).toBeGreaterThan(600);
  expect(textOf('x'.repeat(2_000))).toContain(`  fault       ${'x'.repeat(600)}… (cut;`);
});

test('the command that computes it again is whole, since half of one runs nothing', () => {
  const report = reportOf();
  const command = `bulkhead guard replay ${'folder/'.repeat(80)}report.json`;
  expect(renderText({ ...report, replay: { ...report.replay, command } })).toContain(`  replay      ${command}\n`);
});

test('nothing in it steers a terminal, and it stays short, whatever is in the report', () => {
  const pairs = Array.from({ length: 40 }, (_, index) => pairOf(index, { candidate: brokenSide() }));
  const text = renderText(poisoned(reportOf({ pairs }), `\u001B[2J\u009B31m\r\n\u202E${'x'.repeat(1_000_000)}`));
  expect(text).toMatch(/^(?:\n|[^\p{Cc}\u202E])*$/u);
  expect(text.split('\n').length).toBeLessThanOrEqual(17);
  expect(text.length).toBeLessThan(6_000);
});
