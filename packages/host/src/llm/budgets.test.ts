import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import { createFailingStorage } from '../storage/failing.ts';
import type { Quota } from '../storage/catalogue-port.ts';
import { createBudgets } from './budgets.ts';

const NOON = Date.parse('2026-03-01T12:00:00Z');

function openBench(quota: Quota | undefined) {
  const storage = createFailingStorage(createMemoryStorage());
  const time = { wall: NOON };
  const clock = { now: () => 0, wallTime: () => time.wall };
  const written: Promise<void>[] = [];
  const add = (row: Parameters<typeof storage.addUsage>[0][number]): void => void written.push(storage.addUsage([row]));
  const budgets = createBudgets({ storage, clock, quotaOf: () => quota, add });
  const spend = async (costUsd?: number): Promise<void> => {
    budgets.charge({ tenant: 'acme', backend: 'b', usage: { input_tokens: 60, output_tokens: 40 }, costUsd });
    await Promise.all(written);
  };
  return { budgets, spend, storage, time };
}

test('a budget refuses what comes once it is used up, until midnight', async () => {
  const { budgets, spend, time } = openBench({ llm_tokens_per_day: 150 });
  await spend();
  expect(await budgets.refuse('acme')).toBeUndefined();
  await spend();
  expect(await budgets.refuse('acme')).toMatchObject({
    code: 'LLM_BUDGET_EXCEEDED',
    limit: { name: 'llm_tokens_per_day', allowed: 150, observed: 200, unit: 'tokens' },
    retry_after_ms: 12 * 3_600_000,
  });
  expect(await budgets.refuse('other')).toBeUndefined();
  time.wall += 12 * 3_600_000;
  expect(await budgets.refuse('acme')).toBeUndefined();
});

test('money is counted where it is known', async () => {
  const { budgets, spend } = openBench({ llm_usd_per_day: 1 });
  await spend();
  await spend(0.75);
  expect(await budgets.refuse('acme')).toBeUndefined();
  await spend(0.25);
  expect(await budgets.refuse('acme')).toMatchObject({ limit: { name: 'llm_usd_per_day', observed: 1, unit: 'USD' } });
});

test('a storage that is away refuses who has a budget, and nobody else', async () => {
  const bounded = openBench({ llm_usd_per_day: 1 });
  bounded.storage.fail();
  expect(await bounded.budgets.refuse('acme')).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  const free = openBench(undefined);
  free.storage.fail();
  expect(await free.budgets.refuse('acme')).toBeUndefined();
});
