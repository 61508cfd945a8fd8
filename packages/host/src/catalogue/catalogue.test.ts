import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogueChange, CatalogueWrite, Storage, StoredRegistration } from '../index.ts';
import { createFailingStorage } from '../storage/failing.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { openCatalogue, type Catalogue } from './catalogue.ts';

const AT = '2026-01-01T00:00:00.000Z';
const AUDIT = { at: AT, actor: 'test', action: 'x', tenant_id: null, resource: 'r', details: {} };
const DIGEST = 'a'.repeat(64);

/** A clock that stands until the test moves it. */
function createClock() {
  let now = 0;
  return { now: () => now, wallTime: () => 0, pass: (milliseconds: number) => void (now += milliseconds) };
}

function write(...changes: readonly CatalogueChange[]): CatalogueWrite {
  return { changes, audit: AUDIT };
}

function putRelease(plugin: string, version: string): CatalogueChange {
  const manifest = { name: plugin, version, description: 'd', author: 'a' };
  const row = {
    plugin_name: plugin,
    version,
    digest: DIGEST,
    place: '/p',
    manifest,
    findings: [],
    offered_to: [],
    is_trusted: true,
    origin: { form: 'folder', archive_sha256: null, signed_by: null, dependencies: [] } as const,
  };
  return { kind: 'put_release', row: { ...row, is_public: true, installed_at: AT } };
}

function putTenant(id: string): CatalogueChange {
  return { kind: 'put_tenant', row: { id, name: id, min_tier: null, quota: {}, created_at: AT, updated_at: AT } };
}

function putRegistration(tenant: string, fields: Partial<StoredRegistration> = {}): CatalogueChange {
  const times = { installed_at: AT, updated_at: AT };
  const row = { id: 'id', tenant_id: tenant, plugin_name: 'calc', plugin_version: '1.0.0', config: {}, ...times };
  return { kind: 'put_registration', row: { ...row, enabled: true, granted_permissions: [], ...fields } };
}

function standing({ shelf }: Catalogue, tenant = 'default'): string {
  const resolution = shelf.resolution(tenant, 'calc');
  return resolution?.kind === 'resolved' ? resolution.release.manifest.version : (resolution?.error.code ?? 'none');
}

/** Lets every promise that can go on do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('K3: a commit of another node is seen half a second later at the latest, by whoever reads', async () => {
  const storage = createMemoryStorage();
  const clock = createClock();
  const catalogue = await openCatalogue(storage, clock);
  await storage.commit(write(putRelease('calc', '1.0.0'), putRegistration('default')));
  clock.pass(499);
  catalogue.noteRead();
  await settled();
  expect(standing(catalogue)).toBe('none');
  clock.pass(1);
  catalogue.noteRead();
  await settled();
  expect(standing(catalogue)).toBe('1.0.0');
});

test('K3: a storage that others use is asked though nobody reads, until the catalogue is closed', async () => {
  const storage = { ...createMemoryStorage(), isShared: true };
  const clock = createClock();
  const timers: (() => void)[] = [];
  const catalogue = await openCatalogue(storage, clock, (_delayMs, didElapse) => {
    timers.push(didElapse);
    return () => void timers.splice(timers.indexOf(didElapse), 1);
  });
  await storage.commit(write(putRelease('calc', '1.0.0'), putRegistration('default')));
  clock.pass(500);
  timers.shift()?.();
  await settled();
  expect([standing(catalogue), timers.length]).toEqual(['1.0.0', 1]);
  catalogue.close();
  expect(timers).toEqual([]);
});

test('notices that come while one is followed up are followed up together', async () => {
  let reads = 0;
  const beneath = createMemoryStorage();
  const listeners: (() => void)[] = [];
  const readSteps: Storage['readSteps'] = (after) => {
    reads += 1;
    return beneath.readSteps(after);
  };
  const watch: Storage['watch'] = (didCommit) => {
    listeners.push(didCommit);
    return () => undefined;
  };
  await openCatalogue({ ...beneath, readSteps, watch }, createClock());
  for (let notice = 0; notice < 10; notice += 1) listeners[0]?.();
  await settled();
  expect(reads).toBe(1);
});

test('a notice of another node’s commit brings the shelf up to date at once, until it is closed', async () => {
  const beneath = createMemoryStorage();
  const listeners = new Set<() => void>();
  const watch: Storage['watch'] = (didCommit) => {
    listeners.add(didCommit);
    return () => void listeners.delete(didCommit);
  };
  const catalogue = await openCatalogue({ ...beneath, watch }, createClock());
  await beneath.commit(write(putRelease('calc', '1.0.0'), putRegistration('default')));
  for (const tell of listeners) tell();
  await settled();
  expect(standing(catalogue)).toBe('1.0.0');
  catalogue.close();
  expect(listeners.size).toBe(0);
});

test('where another node was faster the plan is made anew, from what that node left', async () => {
  const storage = createMemoryStorage();
  const catalogue = await openCatalogue(storage, createClock());
  await storage.commit(write(putRelease('calc', '1.0.0'), putRelease('calc', '2.0.0'), putRegistration('default')));
  const expected: number[] = [];
  const misfit = await catalogue.commit(() => {
    const known = catalogue.shelf.registration('default', 'calc')?.revision ?? 0;
    expected.push(known);
    const put = putRegistration('default', { plugin_version: '2.0.0' });
    return write({ ...put, expected: known } as CatalogueChange);
  });
  expect([misfit, expected, standing(catalogue)]).toEqual([undefined, [0, 1], '2.0.0']);
});

test('a change that fits nothing, though nobody else wrote, is answered', async () => {
  const catalogue = await openCatalogue(createMemoryStorage(), createClock());
  const change = putRegistration('nobody');
  expect(await catalogue.commit(() => write(putTenant('acme'), change))).toBe(change);
  expect(catalogue.shelf.tenant('acme')).toBeUndefined();
});

test('where steps are no longer kept the whole is read again, and what is for every tenant stays', async () => {
  const storage = createMemoryStorage({ steps: 2 });
  const clock = createClock();
  const catalogue = await openCatalogue(storage, clock);
  await catalogue.commit(() => write(putRelease('calc', '1.0.0')));
  const { row } = putRegistration('*') as Extract<CatalogueChange, { kind: 'put_registration' }>;
  catalogue.shelf.assign({ ...row, revision: 0 });
  for (const name of ['one', 'two', 'three']) await storage.commit(write(putTenant(name)));
  clock.pass(500);
  catalogue.noteRead();
  await settled();
  expect([catalogue.shelf.revision(), catalogue.shelf.tenant('one')?.id, standing(catalogue, '*')]).toEqual([
    4,
    'one',
    '1.0.0',
  ]);
});

test('while the storage is away the shelf stays as it is, and follows again when it is back', async () => {
  const beneath = createMemoryStorage();
  const storage = createFailingStorage(beneath);
  const clock = createClock();
  const catalogue = await openCatalogue(storage, clock);
  await catalogue.commit(() => write(putRelease('calc', '1.0.0'), putRegistration('default')));
  storage.fail();
  await beneath.commit(write(putRegistration('default', { enabled: false })));
  clock.pass(500);
  catalogue.noteRead();
  await settled();
  expect(standing(catalogue)).toBe('1.0.0');
  storage.mend();
  clock.pass(500);
  catalogue.noteRead();
  await settled();
  expect(standing(catalogue)).toBe('PLUGIN_DISABLED');
});

const tenants = fc.constantFrom('default', 'acme', 'other');
const versions = fc.constantFrom('1.0.0', '2.0.0');
const anyChange: fc.Arbitrary<CatalogueChange> = fc.oneof(
  tenants.map(putTenant),
  versions.map((version) => putRelease('calc', version)),
  fc
    .record({ tenant: tenants, plugin_version: versions, enabled: fc.boolean() })
    .map(({ tenant, ...fields }) => putRegistration(tenant, fields)),
  tenants.map((tenant_id) => ({ kind: 'remove_tenant', tenant_id }) as const),
  tenants.map((tenant_id) => ({ kind: 'remove_registration', tenant_id, plugin_name: 'calc' }) as const),
  fc.constant({ kind: 'remove_plugin', plugin_name: 'calc' } as const),
);

test('K1: whoever followed every step stands where whoever reads the whole stands', async () => {
  const commits = fc.array(fc.record({ isOwn: fc.boolean(), changes: fc.array(anyChange, { maxLength: 3 }) }));
  await fc.assert(
    fc.asyncProperty(commits, async (writes) => {
      const storage = createMemoryStorage();
      const clock = createClock();
      const follower = await openCatalogue(storage, clock);
      for (const { isOwn, changes } of writes) {
        if (isOwn) await follower.commit(() => write(...changes));
        else await storage.commit(write(...changes));
      }
      await follower.commit(() => write());
      const reader = await openCatalogue(storage, clock);
      expect(seenBy(follower)).toEqual(seenBy(reader));
    }),
  );
});

function seenBy({ shelf }: Catalogue): unknown {
  const names = ['default', 'acme', 'other'];
  return {
    revision: shelf.revision(),
    releases: shelf.releasesOf('calc').map(({ manifest }) => manifest.version),
    tenants: names.map((name) => shelf.tenant(name)),
    registrations: names.map((name) => shelf.registration(name, 'calc')),
    standings: names.map((name) => shelf.resolution(name, 'calc')),
  };
}
