import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import { openCatalogue } from './catalogue.ts';
import { createTenants, type Tenants, type TenantSettings } from './tenants.ts';
import { createTokens } from './tokens.ts';

/** Tenants whose wall clock moves a second at each reading. */
async function open(storage: Storage = createMemoryStorage(), node = 'id'): Promise<Tenants> {
  let wallTime = Date.UTC(2026, 0, 1);
  let ids = 0;
  const clock = { now: () => 0, wallTime: () => (wallTime += 1_000) };
  return createTenants({ catalogue: await openCatalogue(storage, clock), clock, newId: () => `${node}-${(ids += 1)}` });
}

test('a new host has the tenant default, and more as they are made', async () => {
  const tenants = await open();
  expect(tenants.list().map(({ id }) => id)).toEqual(['default']);
  const row = await tenants.create({ name: ' Acme ', minTier: 'confined', quota: { calls_per_second: 5 } });
  expect(row).toMatchObject({ id: 'id-1', name: 'Acme', min_tier: 'confined', quota: { calls_per_second: 5 } });
  expect(tenants.list()).toMatchObject([{ id: 'default' }, row]);
});

test('a tenant is found by its id, or else by its name', async () => {
  const tenants = await open();
  const row = await tenants.create({ name: 'acme' });
  await tenants.create({ name: 'id-1' });
  expect([tenants.find('id-1'), tenants.find('acme'), tenants.find('nobody')]).toEqual([row, row, undefined]);
});

test('a name that is taken is refused, also on another node and at once', async () => {
  const storage = createMemoryStorage();
  const [one, two] = [await open(storage, 'one'), await open(storage, 'two')];
  await one.create({ name: 'acme' });
  await expect(two.create({ name: 'acme' })).rejects.toMatchObject({
    code: 'TENANT_NAME_TAKEN',
    message: 'there is a tenant named "acme" already',
  });
  await expect(one.create({ name: 'default' })).rejects.toMatchObject({ code: 'TENANT_NAME_TAKEN' });
  expect((await storage.readCatalogue()).tenants).toHaveLength(2);
});

test.each(['', '  ', 'a\nb', 'left\u202eright', 'x'.repeat(256)])('%j cannot be a name', async (name) => {
  await expect((await open()).create({ name })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});

test.each([
  [{ quota: { calls_per_minute: 1 } as never }, 'quota has no field "calls_per_minute"'],
  [{ quota: { weight: 0 } }, 'quota.weight is 0; expected a number above 0'],
  [{ quota: { calls_per_second: '5' as never } }, 'quota.calls_per_second is "5"'],
  [{ quota: { calls_in_flight: Number.POSITIVE_INFINITY } }, 'quota.calls_in_flight is null'],
  [{ minTier: 'fortress' as never }, 'min_tier is "fortress", which is no tier'],
] as const)('%j is no setting', async (settings, said) => {
  const tenants = await open();
  const attempts = [tenants.create({ name: 'acme', ...settings }), tenants.change('default', settings)];
  for (const attempt of attempts)
    await expect(attempt).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: expect.stringContaining(said) as string,
    });
});

test('what is not given stays, and null takes the bound of a tier away', async () => {
  const tenants = await open();
  const { id } = await tenants.create({ name: 'acme', minTier: 'jail', quota: { weight: 2 } });
  expect(await tenants.change(id, { quota: { calls_in_flight: 3 } })).toMatchObject({
    min_tier: 'jail',
    quota: { calls_in_flight: 3 },
  });
  const settings: TenantSettings = { minTier: null };
  expect(await tenants.change(id, settings)).toMatchObject({ min_tier: null, quota: { calls_in_flight: 3 } });
});

test('a removed tenant is gone with its tokens; default stays; one that is not there is an error', async () => {
  const storage = createMemoryStorage();
  const tenants = await open(storage);
  const clock = { now: () => 0, wallTime: () => 0 };
  const { id } = await tenants.create({ name: 'acme' });
  const { text } = await createTokens({ catalogue: await openCatalogue(storage, clock), clock }).issue({
    tenant: id,
    role: 'admin',
  });
  await tenants.remove(id);
  expect(tenants.list().map((row) => row.id)).toEqual(['default']);
  expect(createTokens({ catalogue: await openCatalogue(storage, clock), clock }).recognize(text)).toBeUndefined();
  await expect(tenants.remove('default')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  for (const attempt of [tenants.remove(id), tenants.change(id, {})])
    await expect(attempt).rejects.toMatchObject({ code: 'TENANT_NOT_FOUND' });
});

test('each deed is in the audit log with who did it', async () => {
  const storage = createMemoryStorage();
  const tenants = await open(storage);
  const { id } = await tenants.create({ name: 'acme' }, 'platform');
  await tenants.change(id, { quota: { weight: 2 } }, 'platform');
  await tenants.remove(id);
  const { rows } = await storage.readAudit(0, 10);
  expect(rows.map(({ text }) => JSON.parse(text) as unknown)).toMatchObject([
    { actor: 'platform', action: 'tenant.create', tenant_id: id, details: { name: 'acme' } },
    { actor: 'platform', action: 'tenant.update', tenant_id: id, details: { quota: { weight: 2 } } },
    { actor: 'host', action: 'tenant.remove', tenant_id: id, details: { name: 'acme' } },
  ]);
});
