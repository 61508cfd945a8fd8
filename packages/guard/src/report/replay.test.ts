import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { superiority } from '../decision/policy.ts';
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { policyToJson } from '../policy/policy-files.ts';
import { parseReport } from './parse-report.ts';
import { replayDecision } from './replay.ts';
import type { Report } from './report.ts';
import { brokenSide, pairOf, pairsOf, reportOf } from './report.fixture.ts';

function linesOf(pairs: readonly EvaluatedPair[]): string {
  return pairs.map((pair) => `${JSON.stringify(pair)}\n`).join('');
}

/** A report of these cases that names their file. */
function reportedOf(pairs: readonly EvaluatedPair[]): { readonly report: Report; readonly casesText: string } {
  const casesText = linesOf(pairs);
  const cases_sha256 = createHash('sha256').update(casesText).digest('hex');
  const report = reportOf({ pairs }, { replay: { cases_file: 'cases.ndjson', cases_sha256, command: null } });
  return { report: parseReport(JSON.stringify(report)), casesText };
}

test.each([
  ['one that is let in', pairsOf(400), 'adopt'],
  [
    'one that is not',
    Array.from({ length: 200 }, (_, index) => pairOf(index, index % 3 === 0 ? { candidate: brokenSide() } : {})),
    'reject',
  ],
  ['one of too few cases', pairsOf(20), 'inconclusive'],
  ['one without cases', [], 'inconclusive'],
])(
  'the decision of %s comes out the same from its report alone and from its cases [X002-16]',
  (_name, pairs, verdict) => {
    const { report, casesText } = reportedOf(pairs);
    const alone = replayDecision(report);
    expect(alone).toMatchObject({ same: true, recounted: null, differences: [], decision: { verdict } });
    const recounted = replayDecision(report, { casesText });
    expect(recounted).toMatchObject({ same: true, recounted: pairs.length, differences: [], decision: { verdict } });
  },
);

test('a verdict that the figures do not bear out is told with both', () => {
  const report = reportOf();
  const forged: Report = { ...report, decision: { ...report.decision, verdict: 'reject', adopt: false } };
  const { same, differences, decision } = replayDecision(forged);
  expect([same, decision.verdict]).toEqual([false, 'adopt']);
  expect(differences).toEqual([
    { path: '$.decision.verdict', reported: 'reject', recounted: 'adopt' },
    { path: '$.decision.adopt', reported: false, recounted: true },
  ]);
});

test('another policy decides otherwise', () => {
  const report = { ...reportOf(), policy: policyToJson(superiority(0.1)) };
  expect(replayDecision(report).same).toBe(false);
});

test('a case that was changed is found: by the digest of the file and by every figure that it moves', () => {
  const pairs = pairsOf(400);
  const { report } = reportedOf(pairs);
  const casesText = linesOf(pairs.with(7, pairOf(7, { candidate: brokenSide() })));
  const { same, differences } = replayDecision(report, { casesText });
  const paths = differences.map(({ path }) => path);
  expect(same).toBe(false);
  for (const path of [
    '$.replay.cases_sha256',
    '$.pairs.both',
    '$.pairs.only_baseline',
    '$.candidate.passes',
    '$.delta_ci[0]',
    '$.flip_count',
    '$.relation_coverage[0].candidate.held',
    '$.statistics.log_e',
  ])
    expect(paths).toContain(path);
  expect(differences.find(({ path }) => path === '$.pairs.both')).toEqual({
    path: '$.pairs.both',
    reported: 388,
    recounted: 387,
  });
});

test('figures of the report that were changed are found without the file’s digest being wrong', () => {
  const { report, casesText } = reportedOf(pairsOf(300));
  const forged = { ...report, pairs: { ...report.pairs, only_baseline: 0 }, flips: report.flips.slice(1) };
  const paths = replayDecision(forged, { casesText }).differences.map(({ path }) => path);
  expect(paths).toContain('$.pairs.only_baseline');
  expect(paths.some((path) => path.startsWith('$.flips'))).toBe(true);
  expect(paths).not.toContain('$.replay.cases_sha256');
});

test('a file of other cases differs everywhere, and a hundred differences are listed', () => {
  const { report } = reportedOf(pairsOf(400));
  const casesText = linesOf(pairsOf(300, { worse: 30, better: 0 }));
  expect(replayDecision(report, { casesText }).differences).toHaveLength(100);
});

test('a line that is no case is told by its number', () => {
  const { report, casesText } = reportedOf(pairsOf(3));
  expect(() => replayDecision(report, { casesText: `${casesText}{}\n` })).toThrow(
    'line 4 of the file of cases does not fit',
  );
});
