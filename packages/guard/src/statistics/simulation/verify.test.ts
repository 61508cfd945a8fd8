/**
 * The short form of tools/verify-statistics.ts: fewer runs, and bands that are wider by their Monte Carlo error.
 */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { formatJson, formatReport, holds, type Row } from './report.ts';
import { coverageRows, verifyStatistics } from './verify.ts';
import type { Estimator } from './estimators.ts';

const RUNS = 400;

function chanceOf(name: string): () => number {
  return createRandom(`short ${name}`).next;
}

const WALD: Estimator = {
  name: 'wald',
  bounds: 'candidate',
  cases: 'same',
  interval: ({ both, onlyCandidate, onlyBaseline, neither }) => {
    const n = both + onlyCandidate + onlyBaseline + neither;
    const share = (both + onlyCandidate) / n;
    const half = 1.96 * Math.sqrt((share * (1 - share)) / n);
    return [share - half, share + half];
  },
};

describe('the statistics in worlds whose truth is known', () => {
  const rows = verifyStatistics({ runs: RUNS, chanceOf });

  test('keep every promise', () => {
    expect(rows.filter((row) => !holds(row))).toEqual([]);
  });

  test('are tried in every row of the tables', () => {
    const count = (figure: Row['figure'], estimator?: string): number =>
      rows.filter((row) => row.figure === figure && (estimator === undefined || row.estimator === estimator)).length;
    expect(count('coverage', 'wilson')).toBe(7);
    expect(count('coverage', 'confidence sequence')).toBe(4);
    expect(count('false promotions', 'e-process')).toBe(5);
    expect(count('mean pairs', 'e-process')).toBe(4);
    expect(count('false alarms')).toBe(6);
  });

  test('naive peeking, which keeps none, is caught in each of the five', () => {
    const naive = rows.filter((row) => row.estimator === 'naive peeking');
    const ePromise = rows.find((row) => row.estimator === 'e-process')?.band[1] ?? Number.NaN;
    expect(naive.map(({ found }) => found > ePromise)).toEqual([true, true, true, true, true]);
  });

  test('an interval that is too narrow is caught', () => {
    const wald = coverageRows({ runs: RUNS, chanceOf, estimators: [WALD] });
    expect(wald.filter((row) => !holds(row)).length).toBeGreaterThanOrEqual(2);
  });
});

const ROWS: readonly Row[] = [
  { estimator: 'wilson', scenario: 'n=100', figure: 'coverage', found: 0.95, band: [0.93, 0.97] },
  { estimator: 'e-process', scenario: 'better', figure: 'mean pairs', found: 533.21, band: [100, 200] },
];

describe('the report', () => {
  test('is a table with a last line that counts', () => {
    expect(formatReport(ROWS).split('\n')).toEqual([
      'estimator  scenario  figure      found   band              holds',
      'wilson     n=100     coverage    0.9500  0.9300 to 0.9700  yes',
      'e-process  better    mean pairs  533.2   100.0 to 200.0    NO',
      '',
      '1 of 2 figures are in their band',
    ]);
  });

  test('is one JSON object a line for programs', () => {
    const lines = formatJson(ROWS).split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...ROWS[0], holds: true },
      { ...ROWS[1], holds: false },
    ]);
  });

  test('holds a figure at the ends of its band, and none that is no number', () => {
    const of = (found: number): Row => ({ estimator: 'e', scenario: 's', figure: 'power', found, band: [0.5, 0.6] });
    expect([0.5, 0.6, 0.61, 0.49, Number.NaN].map((found) => holds(of(found)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
