import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generateCases } from './cases.ts';
import { defineTask } from './define-task.ts';
import type { RunCase } from './judge-case.ts';
import { appendNeutral, permute } from './relation-library.ts';
import { suggestRelations } from './suggest-relations.ts';
import { TOP_K } from './tasks/top-k.ts';

const SUM = defineTask<[number[]], number>({
  name: 'sum',
  arbitraries: [fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2, maxLength: 10 })],
});
const sum: RunCase = (args) => {
  const total = (args[0] as number[]).reduce((so, value) => so + value, 0);
  return Promise.resolve({ ok: true, value: total, durationMs: 1 });
};

test('of the library, a sum keeps what it should and breaks the rest', async () => {
  const suggested = await suggestRelations(SUM, generateCases(SUM, { n: 60, seed: 1 }), { run: sum, seed: 1 });
  const named = (verdict: string) => suggested.filter((one) => one.verdict === verdict).map(({ name }) => name);
  expect(named('holds')).toEqual(['permute_input', 'reverse_input', 'monotone', 'append_neutral']);
  expect(named('breaks')).toEqual(
    expect.arrayContaining(['add_noise_below_min', 'scale_scores', 'duplicate_input', 'shift_input']),
  );
  // duplicate_top_k expects properties, of which this task has none; the result is no list.
  expect(named('not_applicable')).toEqual(['duplicate_top_k', 'idempotent']);
});

// One-sided at 95 %: all of n hold, so that the bound is 0.05^(1/n).
test('the lower bound is that of Clopper and Pearson, one-sided', async () => {
  const cases = generateCases(SUM, { n: 59, seed: 1 });
  const [one] = await suggestRelations(SUM, cases, { run: sum, seed: 1, relations: [permute()] });
  expect(one).toMatchObject({ applicable: 59, held: 59, verdict: 'holds' });
  expect(one?.lowerBound).toBeCloseTo(0.05 ** (1 / 59), 9);
});

test('one that does not apply has no bound', async () => {
  const cases = generateCases(SUM, { n: 5, seed: 1 });
  const [one] = await suggestRelations(SUM, cases, { run: sum, seed: 1, relations: [permute({ argument: 3 })] });
  expect(one).toMatchObject({ applicable: 0, held: 0, lowerBound: 0, verdict: 'not_applicable' });
});

test('two of one name are told apart, and a follow-up that fails to run breaks its relation', async () => {
  const run: RunCase = (args) =>
    (args[0] as number[]).includes(0.5)
      ? Promise.resolve({ ok: false, kind: 'tool_error', code: 'X', message: 'no halves', durationMs: 1 })
      : sum(args);
  const [zero, half] = await suggestRelations(SUM, generateCases(SUM, { n: 10, seed: 1 }), {
    run,
    seed: 1,
    relations: [appendNeutral(), appendNeutral({ neutral: 0.5 })],
  });
  expect(zero).toMatchObject({ applicable: 10, held: 10, verdict: 'holds' });
  expect(half).toMatchObject({ applicable: 10, held: 0, lowerBound: 0, verdict: 'breaks' });
});

test('a case on which the implementation fails says nothing of a relation', async () => {
  const run: RunCase = () => Promise.resolve({ ok: false, kind: 'crashed', code: 'X', message: 'gone', durationMs: 1 });
  const [one] = await suggestRelations(TOP_K, generateCases(TOP_K, { n: 5, seed: 1 }), { run, seed: 1 });
  expect(one).toMatchObject({ applicable: 0, verdict: 'not_applicable' });
});
