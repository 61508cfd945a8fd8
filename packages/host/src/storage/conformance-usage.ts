/**
 * The part of the Storage conformance suite for what tenants used by day.
 */
import { expect, test } from 'vitest';
import { minute, type Opened } from './conformance-fixture.ts';
import { putTenant, write } from './conformance-rows.ts';
import type { UsageRow } from './usage-port.ts';

const DAY = '2026-03-01';

function used(more: Partial<UsageRow> = {}): UsageRow {
  return { tenant_id: 'acme', day: DAY, meter: 'llm_usd', subject: 'fast', amount: 0.25, ...more };
}

/** Declares the tests. */
export function usageTests(storage: Opened): void {
  const list = (tenant_id = 'acme', from = DAY, to = DAY): Promise<readonly UsageRow[]> =>
    storage().listUsage({ tenant_id, from, to });

  test('what a tenant used is summed by day, meter and subject, also within one write', async () => {
    const bytes = used({ meter: 'egress_bytes', amount: 10 });
    await storage().addUsage([used(), used(), used({ subject: 'big' }), bytes]);
    await storage().addUsage([used({ amount: 0 }), { ...bytes, amount: 1 }]);
    expect(await list()).toEqual([{ ...bytes, amount: 11 }, used({ subject: 'big' }), used({ amount: 0.5 })]);
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
    expect(await list()).toMatchObject([{ amount: 5 }]);
  });

  test('with a tenant goes what it used, and that of others stays', async () => {
    await storage().commit(write(putTenant('acme')));
    await storage().addUsage([used(), used({ tenant_id: 'other' })]);
    expect(await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'acme' }))).toMatchObject({ kind: 'done' });
    expect(await list()).toEqual([]);
    expect(await list('other')).toHaveLength(1);
  });

  test('amounts may pass 2 to the 31, and nothing at all may be added', async () => {
    const bytes = used({ meter: 'egress_bytes', amount: 3e12 + 1 });
    await storage().addUsage([]);
    await storage().addUsage([bytes, bytes]);
    expect(await list()).toEqual([{ ...bytes, amount: 6e12 + 2 }]);
  });

  test('pruning removes sums of days before the bound', async () => {
    await storage().addUsage([used({ day: '2026-02-28' }), used()]);
    const since = { ledgerSince: minute(0), transitionsSince: minute(0), usageSince: DAY };
    await storage().prune({ now: minute(0), transitionsMax: 10, ...since });
    expect(await list('acme', '2026-01-01')).toEqual([used()]);
  });
}
