import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { generateCases } from '../cases.ts';
import { judgeCase, type JudgedCase } from '../judge-case.ts';
import { TOP_K } from './top-k.ts';

type Solve = (values: number[], k: number) => JsonValue;

const descending = (values: number[]): number[] => values.toSorted((one, other) => other - one);
const right: Solve = (values, k) => descending(values).slice(0, k);

async function judgeAll(solve: Solve, n = 120): Promise<readonly JudgedCase[]> {
  const judged: JudgedCase[] = [];
  for (const one of generateCases(TOP_K, { n, seed: 42 })) {
    const run = (args: readonly JsonValue[]) => {
      const [values, k] = args as [number[], number];
      return Promise.resolve({ ok: true as const, value: solve([...values], k), durationMs: 1 });
    };
    judged.push(await judgeCase(TOP_K, one, { run, seed: 42 }));
  }
  return judged;
}

const broken = (judged: readonly JudgedCase[]): ReadonlySet<string> =>
  new Set(judged.flatMap(({ checks }) => checks.filter(({ state }) => state === 'violated').map(({ name }) => name)));

test('[X002-18] a right one passes every case, and every property and relation is really asked', async () => {
  const judged = await judgeAll(right);
  expect(judged.filter(({ grade }) => grade !== 'passed')).toEqual([]);
  const held = judged.flatMap(({ checks }) => checks.filter(({ state }) => state === 'held').map(({ name }) => name));
  expect(new Set(held)).toEqual(
    new Set([
      'length',
      'descending',
      'highest',
      'permute_input',
      'add_noise_below_min',
      'drop_low_confidence',
      'duplicate_top_k',
    ]),
  );
});

test('[X002-18] twelve scenarios: empty, single, long, none asked for, more than there are, negatives, extremes', () => {
  const cases = generateCases(TOP_K, { n: 48, seed: 1 }).map(({ args }) => args);
  const has = (claim: (values: readonly number[], k: number) => boolean) =>
    cases.some(([values, k]) => claim(values, k));
  expect(has((values) => values.length === 0)).toBe(true);
  expect(has((values) => values.length === 1)).toBe(true);
  expect(has((values) => values.length >= 50)).toBe(true);
  expect(cases.every(([values]) => values.length <= 200)).toBe(true);
  expect(has((values, k) => values.length > 0 && k === 0)).toBe(true);
  expect(has((values, k) => values.length > 0 && k > values.length)).toBe(true);
  expect(has((values) => values.length > 2 && values.every((value) => value < 0))).toBe(true);
  expect(has((values) => values.includes(1e300) && values.includes(-1e300))).toBe(true);
  expect(has((values) => values.length > 1 && new Set(values).size === 1)).toBe(true);
  expect(generateCases(TOP_K, { n: 12, seed: 1 }).map(({ args }) => args)).toEqual(cases.slice(0, 12));
});

test('[X002-18] results are equal as multisets', () => {
  expect(TOP_K.equivalence([2, 1, 1], [1, 2, 1])).toBe(true);
  expect(TOP_K.equivalence([2, 1, 1], [2, 2, 1])).toBe(false);
  expect(TOP_K.equivalence([2, 1], [2, 1, 1])).toBe(false);
});

test.each<[string, Solve, readonly string[]]>([
  ['one too few', (values, k) => descending(values).slice(0, Math.max(0, k - 1)), ['length']],
  ['duplicates are dropped', (values, k) => descending([...new Set(values)]).slice(0, k), ['length']],
  ['the lowest first', (values, k) => descending(values).slice(0, k).toReversed(), ['descending']],
  [
    'k above the length is filled up',
    (values, k) => [
      ...descending(values).slice(0, k),
      ...Array.from({ length: Math.max(0, k - values.length) }, () => 0),
    ],
    ['length', 'highest'],
  ],
  [
    'negatives by their size',
    (values, k) => values.toSorted((one, other) => Math.abs(other) - Math.abs(one)).slice(0, k),
    ['descending', 'highest', 'add_noise_below_min'],
  ],
  ['order of input is kept', (values, k) => values.slice(0, k), ['permute_input', 'descending']],
  ['a null', () => null, ['is_result']],
])('[X002-18] a wrong one is caught: %s', async (_name, solve, names) => {
  const judged = await judgeAll(solve);
  expect(judged.some(({ grade }) => grade === 'failed')).toBe(true);
  expect(judged.flatMap(({ faults }) => faults)).toEqual([]);
  for (const name of names) expect(broken(judged)).toContain(name);
});
