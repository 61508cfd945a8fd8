/**
 * The part of the Storage conformance suite for what tenants used of language models.
 */
import { expect, test } from 'vitest';
import type { Opened } from './conformance-fixture.ts';
import { putTenant, write } from './conformance-rows.ts';
import type { UsageRow } from './usage-port.ts';

const DAY = '2026-03-01';

function used(more: Partial<UsageRow> = {}): UsageRow {
  const spent = { requests: 1, input_tokens: 10, output_tokens: 5, cost_usd: 0.25 };
  return { tenant_id: 'acme', day: DAY, backend: 'fast', ...spent, ...more };
}

/** Declares the tests. */
export function usageTests(storage: Opened): void {
  const list = (tenant_id = 'acme', from = DAY, to = DAY): Promise<readonly UsageRow[]> =>
    storage().listUsage({ tenant_id, from, to });

  test('what a tenant used is summed by day and backend, also within one write', async () => {
    await storage().addUsage([used(), used(), used({ backend: 'big' })]);
    await storage().addUsage([used({ input_tokens: 1, output_tokens: 0, cost_usd: 0 })]);
    expect(await list()).toEqual([
      used({ backend: 'big' }),
      used({ requests: 3, input_tokens: 21, output_tokens: 10, cost_usd: 0.5 }),
    ]);
  });

  test('sums are one tenant’s, and of the days that were asked for', async () => {
    const days = ['2026-02-28', DAY, '2026-03-02'];
    await storage().addUsage([...days.map((day) => used({ day })), used({ tenant_id: 'other' })]);
    expect((await list('acme', DAY, '2026-03-02')).map(({ day }) => day)).toEqual([DAY, '2026-03-02']);
    expect(await list('other')).toEqual([used({ tenant_id: 'other' })]);
    expect(await list('nobody')).toEqual([]);
  });

  test('sums that are added at once are all in', async () => {
    await Promise.all(Array.from({ length: 20 }, () => storage().addUsage([used()])));
    expect(await list()).toMatchObject([{ requests: 20, input_tokens: 200, output_tokens: 100, cost_usd: 5 }]);
  });

  test('with a tenant goes what it used, and that of others stays', async () => {
    await storage().commit(write(putTenant('acme')));
    await storage().addUsage([used(), used({ tenant_id: 'other' })]);
    expect(await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'acme' }))).toMatchObject({ kind: 'done' });
    expect(await list()).toEqual([]);
    expect(await list('other')).toHaveLength(1);
  });

  test('numbers of tokens may pass 2 to the 31, and nothing at all may be added', async () => {
    await storage().addUsage([]);
    await storage().addUsage([used({ input_tokens: 3e9 }), used({ input_tokens: 3e9 })]);
    expect(await list()).toMatchObject([{ input_tokens: 6e9 }]);
  });
}
