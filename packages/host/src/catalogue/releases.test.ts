import { parseDigest, parseManifest, type Digest, type JsonObject, type Manifest } from '@bulkhead/protocol';
import { assert, expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { createFailingStorage } from '../storage/failing.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import { openCatalogue } from './catalogue.ts';
import { createReleases, type Move, type NewRelease, type Releases, type Resolution } from './releases.ts';

function manifestOf(name: string, version: string): Manifest {
  const parsed = parseManifest({ name, version, description: 'd', author: 'a' });
  if (!parsed.ok) throw new Error('the test’s own manifest is invalid');
  return parsed.manifest;
}

function digestOf(digit: string): Digest {
  const digest = parseDigest(digit.repeat(64));
  if (digest === undefined) throw new Error('the test’s own digest is invalid');
  return digest;
}

function releaseOf(name: string, version: string, rest: Partial<NewRelease> = {}): NewRelease {
  return {
    manifest: manifestOf(name, version),
    digest: digestOf('a'),
    place: `/plugins/${name}`,
    findings: [],
    isPublic: true,
    isTrusted: true,
    ...rest,
  };
}

/** Releases whose wall clock moves a second at each reading. */
async function open(storage: Storage = createMemoryStorage()): Promise<Releases> {
  let wallTime = Date.UTC(2026, 0, 1);
  let ids = 0;
  const clock = { now: () => 0, wallTime: () => (wallTime += 1_000) };
  return createReleases({ catalogue: await openCatalogue(storage, clock), clock, newId: () => `id-${(ids += 1)}` });
}

const AUDIT = {
  at: '2026-01-01T00:00:00.000Z',
  actor: 'test',
  action: 'x',
  tenant_id: null,
  resource: 'r',
  details: {},
};

function codeOf(resolution: Resolution): string {
  return resolution.kind === 'refused' ? resolution.error.code : resolution.release.manifest.version;
}

async function refusalOf(attempt: Promise<unknown>): Promise<HostError> {
  const error = await attempt.then(
    () => new Error('nothing was refused'),
    (cause: unknown) => cause,
  );
  if (error instanceof HostError) return error;
  throw error;
}

/** Moves the tenant acme from where it is. */
async function move(releases: Releases, version: string, rest: Partial<Move> = {}): Promise<unknown> {
  const expected = releases.registrationOf('acme', 'calc')?.revision ?? 0;
  return releases.move('acme', 'calc', { kind: 'upgrade', version, grants: [], expected, ...rest });
}

test('a version is never rewritten: other content is refused, the same content is the release that is there', async () => {
  const releases = await open();
  const first = await releases.publish(releaseOf('calc', '1.0.0'));
  expect(await releases.publish(releaseOf('calc', '1.0.0'))).toBe(first);
  const refusal = await refusalOf(releases.publish(releaseOf('calc', '1.0.0', { digest: digestOf('b') })));
  expect(refusal.code).toBe('RELEASE_EXISTS');
  expect(refusal.message).toBe('calc 1.0.0 exists already with digest aaaaaaaaaaaa; this one has digest bbbbbbbbbbbb');
});

test('decision 6: [F003-17] a name from a second place is refused with both places, and the first stays', async () => {
  const releases = await open();
  await releases.publish(releaseOf('calc', '1.0.0', { place: '/plugins/a' }));
  const refusal = await refusalOf(releases.publish(releaseOf('calc', '2.0.0', { place: '/plugins/b' })));
  expect(refusal.code).toBe('PLUGIN_NAME_TAKEN');
  expect(refusal.message).toContain('the first is at /plugins/a, the second at /plugins/b');
  expect(releases.releasesOf('calc').map(({ manifest }) => manifest.version)).toEqual(['1.0.0']);
});

test('of two places that publish one name at once exactly one is refused', async () => {
  const releases = await open();
  const places = ['/plugins/a', '/plugins/b'];
  const answers = await Promise.allSettled(
    places.map((place) => releases.publish(releaseOf('calc', '1.0.0', { place }))),
  );
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test('an upgrade that an administrator asked for may come from elsewhere, and a folder may have moved since the last start', async () => {
  const storage = createMemoryStorage();
  await (await open(storage)).publish(releaseOf('calc', '1.0.0', { place: '/old/place' }));
  const releases = await open(storage);
  await releases.publish(releaseOf('calc', '1.0.0', { place: '/new/place' }));
  await releases.publish(releaseOf('calc', '2.0.0', { place: 'upload', isUpgrade: true }));
  expect(releases.releasesOf('calc').map(({ manifest }) => manifest.version)).toEqual(['2.0.0', '1.0.0']);
});

test('releases are listed by version, highest first, with pre-releases below their release', async () => {
  const releases = await open();
  for (const version of ['1.9.0', '1.10.0', '1.10.0-rc.1']) await releases.publish(releaseOf('calc', version));
  expect(releases.releasesOf('calc').map(({ manifest }) => manifest.version)).toEqual([
    '1.10.0',
    '1.10.0-rc.1',
    '1.9.0',
  ]);
});

test('[F003-15] a release enabled for one tenant is resolved by that tenant alone', async () => {
  const releases = await open();
  const release = await releases.publish(releaseOf('calc', '1.0.0'));
  const registration = await releases.enable(release, {
    tenant: 'acme',
    grants: ['internet'],
    config: { precision: 2 },
  });
  expect(releases.resolve('acme', 'calc')).toEqual({
    kind: 'resolved',
    release,
    registration,
    config: { precision: 2 },
  });
  expect(registration).toMatchObject({
    id: 'id-1',
    tenant_id: 'acme',
    granted_permissions: ['internet'],
    config: { precision: 2 },
  });
  expect(codeOf(releases.resolve('other', 'calc'))).toBe('PLUGIN_NOT_FOUND');
});

test('[F003-14] a release enabled for all is resolved by every tenant, and may also be one tenant’s own', async () => {
  const releases = await open();
  const one = await releases.publish(releaseOf('calc', '1.0.0'));
  const two = await releases.publish(releaseOf('calc', '2.0.0'));
  await releases.enable(one);
  await releases.enable(two, { tenant: 'acme' });
  expect([codeOf(releases.resolve('acme', 'calc')), codeOf(releases.resolve('other', 'calc'))]).toEqual([
    '2.0.0',
    '1.0.0',
  ]);
});

test('a disabled plugin says so, also where it is enabled for all, and keeps its config for the next enabling', async () => {
  const releases = await open();
  const release = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.enable(release);
  await releases.enable(release, { tenant: 'acme', config: { kept: true }, grants: ['llm'] });
  await releases.disable('acme', 'calc');
  expect(codeOf(releases.resolve('acme', 'calc'))).toBe('PLUGIN_DISABLED');
  expect(codeOf(releases.resolve('other', 'calc'))).toBe('1.0.0');
  expect(await releases.enable(release, { tenant: 'acme' })).toMatchObject({
    id: 'id-2',
    enabled: true,
    config: { kept: true },
    granted_permissions: ['llm'],
  });
});

test('upgrade and rollback move one tenant and no other', async () => {
  const releases = await open();
  const one = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.publish(releaseOf('calc', '2.0.0'));
  await releases.enable(one, { tenant: 'acme' });
  await releases.enable(one, { tenant: 'other' });
  await move(releases, '2.0.0');
  expect([codeOf(releases.resolve('acme', 'calc')), codeOf(releases.resolve('other', 'calc'))]).toEqual([
    '2.0.0',
    '1.0.0',
  ]);
  await move(releases, '1.0.0');
  expect(codeOf(releases.resolve('acme', 'calc'))).toBe('1.0.0');
  expect(await refusalOf(move(releases, '3.0.0'))).toMatchObject({
    code: 'RELEASE_NOT_FOUND',
    message: "Plugin 'calc' has no release 3.0.0",
  });
});

test('a move is written with where it came from, what was granted there, who made it and why', async () => {
  const releases = await open();
  const one = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.publish(releaseOf('calc', '2.0.0'));
  await releases.enable(one, { tenant: 'acme', grants: ['internet'] });
  await move(releases, '2.0.0', { by: 'token 1', grants: ['llm'] });
  await move(releases, '1.0.0', { kind: 'automatic_rollback', by: 'host', reason: 'its guests died', grants: [] });
  await releases.disable('acme', 'calc');
  expect(releases.movesOf('acme', 'calc')).toMatchObject([
    { kind: 'upgrade', from_version: '1.0.0', to_version: '2.0.0', granted_before: ['internet'], actor: 'token 1' },
    { kind: 'automatic_rollback', from_version: '2.0.0', to_version: '1.0.0', granted_before: ['llm'], actor: 'host' },
  ]);
  expect(releases.movesOf('acme', 'calc').map(({ reason }) => reason)).toEqual([null, 'its guests died']);
  expect(releases.registrationOf('acme', 'calc')).toMatchObject({ plugin_version: '1.0.0', granted_permissions: [] });
});

test('a move that was judged by an older revision changes nothing, and of two at once one is made', async () => {
  const releases = await open();
  const one = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.publish(releaseOf('calc', '2.0.0'));
  const { revision: expected } = await releases.enable(one, { tenant: 'acme' });
  const answers = await Promise.allSettled([1, 2].map(() => move(releases, '2.0.0', { expected })));
  expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await refusalOf(move(releases, '1.0.0', { expected }))).toMatchObject({ code: 'REVISION_CONFLICT' });
  expect(releases.movesOf('acme', 'calc')).toHaveLength(1);
});

test('enabling that takes a newer release is a move, too; making a registration is none', async () => {
  const releases = await open();
  await releases.enable(await releases.publish(releaseOf('calc', '1.0.0')), { tenant: 'acme' });
  expect(releases.movesOf('acme', 'calc')).toEqual([]);
  await releases.enable(await releases.publish(releaseOf('calc', '2.0.0')), { tenant: 'acme' });
  expect(releases.movesOf('acme', 'calc')).toMatchObject([{ kind: 'enable', to_version: '2.0.0' }]);
});

test('an offer says who may see a release, in place of the one before, and "*" is everybody', async () => {
  const storage = createMemoryStorage();
  const releases = await open(storage);
  const one = await releases.publish(releaseOf('calc', '1.0.0', { isPublic: false }));
  expect(one).toMatchObject({ isPublic: false, offeredTo: [] });
  await releases.enable(one, { tenant: 'acme' });
  for (const _ of [1, 2])
    expect(await releases.offer('calc', '1.0.0', { tenants: ['default', 'acme', 'acme'] })).toMatchObject({
      isPublic: false,
      offeredTo: ['acme', 'default'],
    });
  expect(await releases.offer('calc', '1.0.0', { tenants: ['*'], by: 'platform' })).toMatchObject({
    isPublic: true,
    offeredTo: [],
  });
  expect((await open(storage)).release('calc', '1.0.0')).toMatchObject({ isPublic: true, offeredTo: [] });
  expect(await refusalOf(releases.offer('calc', '1.0.0', { tenants: ['nobody'] }))).toMatchObject({
    code: 'TENANT_NOT_FOUND',
  });
  expect(await refusalOf(releases.offer('calc', '3.0.0', { tenants: [] }))).toMatchObject({
    code: 'RELEASE_NOT_FOUND',
  });
  const { rows } = await storage.readAudit(0, 10);
  const offers = rows.map(({ text }) => JSON.parse(text) as { action: string; actor: string });
  expect(offers.filter(({ action }) => action === 'plugin.offer').map(({ actor }) => actor)).toEqual([
    'host',
    'platform',
  ]);
});

test('a release that the operator vouches for later is public and trusted from then on, and never the contrary', async () => {
  const releases = await open();
  const foreign = { isPublic: false, isTrusted: false, isUpgrade: true };
  await releases.publish(releaseOf('calc', '1.0.0', foreign));
  expect(await releases.publish(releaseOf('calc', '1.0.0'))).toMatchObject({ isPublic: true, isTrusted: true });
  expect(await releases.publish(releaseOf('calc', '1.0.0', foreign))).toMatchObject({
    isPublic: true,
    isTrusted: true,
  });
});

test('a tenant without a registration cannot disable, configure or move', async () => {
  const releases = await open();
  await releases.publish(releaseOf('calc', '1.0.0'));
  for (const attempt of [
    releases.disable('acme', 'calc'),
    releases.configure('acme', 'calc', { config: {} }),
    move(releases, '1.0.0'),
  ]) {
    expect(await refusalOf(attempt)).toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      message: "Plugin 'calc' is not registered for this tenant",
    });
  }
});

test('changes at the same time lose nothing of one another', async () => {
  const releases = await open();
  const one = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.publish(releaseOf('calc', '2.0.0'));
  await releases.enable(one, { tenant: 'acme' });
  const config: JsonObject = { precision: 3 };
  await Promise.all([
    move(releases, '2.0.0'),
    releases.configure('acme', 'calc', { config }),
    releases.disable('acme', 'calc'),
  ]);
  expect(releases.registrationsOf('acme')).toMatchObject([{ config, plugin_version: '2.0.0', enabled: false }]);
});

test('what was stored is there after a new start, newest registration first; what was for all is not', async () => {
  const storage = createMemoryStorage();
  const before = await open(storage);
  for (const name of ['a', 'b'])
    await before.enable(await before.publish(releaseOf(name, '1.0.0')), { tenant: 'acme' });
  await before.enable(await before.publish(releaseOf('c', '1.0.0')));
  const after = await open(storage);
  expect(after.registrationsOf('acme').map((row) => row.plugin_name)).toEqual(['b', 'a']);
  expect(codeOf(after.resolve('acme', 'a'))).toBe('1.0.0');
  expect(codeOf(after.resolve('acme', 'c'))).toBe('PLUGIN_NOT_FOUND');
  expect(after.plugins()).toEqual(['a', 'b', 'c']);
});

test('a stored release that this host cannot read is left out, and its version is not given again', async () => {
  const storage = createMemoryStorage();
  await (await open(storage)).publish(releaseOf('calc', '1.0.0'));
  const [row] = (await storage.readCatalogue()).releases;
  assert(row !== undefined);
  const later = { ...row, plugin_name: 'later', version: '9.0.0', manifest: { from: 'a later version' } };
  await storage.commit({ changes: [{ kind: 'put_release', row: later }], audit: AUDIT });
  const releases = await open(storage);
  expect(releases.plugins()).toEqual(['calc']);
  const refusal = await refusalOf(releases.publish(releaseOf('later', '9.0.0', { digest: digestOf('b') })));
  expect(refusal.message).toBe('later 9.0.0 exists already with other content; this one has digest bbbbbbbbbbbb');
});

test('each write has its line in the audit log, and what changes nothing has none', async () => {
  const storage = createMemoryStorage();
  const releases = await open(storage);
  const one = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.publish(releaseOf('calc', '1.0.0'));
  const two = await releases.publish(releaseOf('calc', '2.0.0', { digest: digestOf('b') }));
  for (const release of [one, one]) await releases.enable(release, { tenant: 'acme' });
  await releases.enable(two);
  await releases.configure('acme', 'calc', { config: { precision: 2 } });
  await releases.configure('acme', 'calc', { config: { precision: 2 } });
  await move(releases, '2.0.0');
  await move(releases, '1.0.0', { kind: 'rollback' });
  await releases.disable('acme', 'calc');
  await releases.remove('calc');
  await releases.remove('calc');
  const { rows } = await storage.readAudit(0, 100);
  const told = rows.map(
    ({ text }) => JSON.parse(text) as { readonly action: string; readonly tenant_id: string | null },
  );
  expect(told.map(({ action, tenant_id }) => [action, tenant_id])).toEqual([
    ['plugin.install', null],
    ['plugin.install', null],
    ['plugin.enable', 'acme'],
    ['plugin.config_update', 'acme'],
    ['plugin.upgrade', 'acme'],
    ['plugin.rollback', 'acme'],
    ['plugin.disable', 'acme'],
    ['plugin.remove', null],
  ]);
});

test('a removed plugin is gone with its registrations, and its name is free', async () => {
  const releases = await open();
  await releases.enable(await releases.publish(releaseOf('calc', '1.0.0')), { tenant: 'acme' });
  await releases.remove('calc');
  await releases.remove('calc');
  expect(codeOf(releases.resolve('acme', 'calc'))).toBe('PLUGIN_NOT_FOUND');
  await releases.publish(releaseOf('calc', '1.0.0', { place: '/elsewhere', digest: digestOf('b') }));
});

test('where the storage fails nothing changes in memory, and the next write goes on', async () => {
  const storage = createFailingStorage(createMemoryStorage());
  const releases = await open(storage);
  const release = await releases.publish(releaseOf('calc', '1.0.0'));
  await releases.enable(release, { tenant: 'acme' });
  storage.fail();
  expect((await refusalOf(releases.disable('acme', 'calc'))).code).toBe('STORAGE_UNAVAILABLE');
  expect((await refusalOf(releases.publish(releaseOf('new', '1.0.0')))).code).toBe('STORAGE_UNAVAILABLE');
  expect([codeOf(releases.resolve('acme', 'calc')), releases.plugins()]).toEqual(['1.0.0', ['calc']]);
  storage.mend();
  await releases.disable('acme', 'calc');
  expect(codeOf(releases.resolve('acme', 'calc'))).toBe('PLUGIN_DISABLED');
});

test.each(['__proto__', 'constructor', '..%2f', 'x'.repeat(10_000)])(
  'the name %j resolves to nothing',
  async (name) => {
    const resolution = (await open()).resolve('acme', name);
    expect(codeOf(resolution)).toBe('PLUGIN_NOT_FOUND');
    expect(JSON.stringify(resolution).length).toBeLessThan(500);
  },
);
