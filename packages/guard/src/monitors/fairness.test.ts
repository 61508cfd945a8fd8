import { expect, test } from 'vitest';
import { createFairness } from './fairness.ts';
import { judged, pairsOf, recordOf, type Side } from './records.fixture.ts';

/** Every other case is of group b; of its cases, one in `failing` fails. */
function half(failing: number): (index: number) => Side {
  return (index) => ({
    success: index % 2 === 0 || Math.floor(index / 2) % failing !== 0,
    result: { group: index % 2 === 0 ? 'a' : 'b' },
  });
}

const NEVER = Infinity;

test('[X002-10] a group that the candidate fails and the baseline did not is an alert that names both', () => {
  const { summary, alerts } = judged(createFairness({ severity: 'block' }), pairsOf(400, half(NEVER), half(3)));
  expect(summary).toMatchObject({ status: 'alert', comparisons: 1, threshold: 0.05 });
  expect(alerts).toEqual([
    expect.objectContaining({
      ...{ type: 'fairness_gap', severity: 'block', group_high: 'a', group_low: 'b', is_new: true, n: 400 },
    }),
  ]);
  expect(alerts[0]?.['gap']).toBeCloseTo(1 / 3, 2);
  expect(alerts[0]?.interval[0]).toBeGreaterThan(0.05);
  expect(alerts[0]?.p).toBeLessThan(0.01);
});

test('a gap that the baseline has as well is told, and not held against the candidate', () => {
  const { summary, alerts } = judged(createFairness({ severity: 'block' }), pairsOf(400, half(3), half(3)));
  expect(summary.status).toBe('warn');
  expect(alerts).toEqual([expect.objectContaining({ severity: 'info', is_new: false })]);
});

test('a gap that is borne, or that chance may make, is ok', () => {
  const records = pairsOf(400, half(NEVER), half(10));
  expect(judged(createFairness(), records)).toMatchObject({ summary: { status: 'ok' }, alerts: [] });
  const wide = pairsOf(400, half(NEVER), half(3));
  expect(judged(createFairness({ max_gap: 0.4 }), wide)).toMatchObject({ summary: { status: 'ok' }, alerts: [] });
});

test('a group of 29 cases is not compared, one of 30 is', () => {
  expect(judged(createFairness(), pairsOf(59, half(NEVER), half(1))).summary.status).toBe('nodata');
  expect(judged(createFairness(), pairsOf(60, half(NEVER), half(1))).summary.status).toBe('alert');
});

test('the group may stand in what the candidate answered, under another name, or be known of the baseline only', () => {
  const baseline = (index: number): Side => ({ result: { result: { region: index % 2 } } });
  const candidate = (index: number): Side => ({ success: index % 2 === 0 });
  const records = pairsOf(100, baseline, candidate);
  expect(judged(createFairness({ field: 'region' }), records).summary).toMatchObject({ status: 'alert', ungrouped: 0 });
  expect(judged(createFairness(), records).summary).toMatchObject({ status: 'nodata', ungrouped: 100 });
});

test('pairs of groups beyond the thirtieth are counted and left out', () => {
  const side = (index: number): Side => ({ result: { group: index % 40 } });
  const { summary } = judged(createFairness(), [...pairsOf(40 * 30, side, side), recordOf(0, 'baseline')]);
  expect(summary).toMatchObject({ status: 'ok', comparisons: 435, of_further_groups: 300, repeats: 1 });
});

test('with more groups the same gap has to be surer: Holm corrects p', () => {
  const groups = (count: number) => {
    const side =
      (failing: boolean) =>
      (index: number): Side => ({
        success: !failing || index % count !== 0 || Math.floor(index / count) % 4 !== 0,
        result: { group: index % count },
      });
    return judged(createFairness(), pairsOf(100 * count, side(false), side(true))).alerts[0]?.p ?? 1;
  };
  expect(groups(4)).toBeGreaterThan(3 * groups(2));
});

test.each([
  ['max_gap', { max_gap: 1 }],
  ['field', { field: '' }],
])('a wrong %s is refused', (_name, options) => {
  expect(() => createFairness(options)).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
});

test('the candidate can neither make groups nor put its cases into others', () => {
  const baseline = (index: number): Side => ({ result: { group: index % 2 } });
  const candidate = (index: number): Side => ({ success: index % 2 === 0, result: { group: `mine ${index}` } });
  const records = pairsOf(100, baseline, candidate);
  const expected = { status: 'alert', comparisons: 1, of_further_groups: 0, ungrouped: 0 };
  expect(judged(createFairness(), records).summary).toMatchObject(expected);
  expect(judged(createFairness(), records.toReversed()).summary).toMatchObject(expected);
});

test('where the baseline failed and names no group, that of the candidate counts if the baseline knows it', () => {
  const side = (index: number): Side => ({ result: { group: index % 2 } });
  const silent = (index: number): Side => (index < 80 ? side(index) : { success: false });
  expect(judged(createFairness(), pairsOf(100, silent, side)).summary).toMatchObject({ ungrouped: 0, status: 'ok' });
});
