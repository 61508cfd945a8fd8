import { DEFAULT_TENANT, LIMITS, parseManifest, type Manifest } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { KeyFile } from '../secrets/key-file.ts';
import { openKeyring } from '../secrets/keyring.ts';
import type { SealedSecret } from '../storage/secrets-port.ts';
import type { FindOperatorSecret } from '../secrets/operator-secrets.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import { openCatalogue, type Catalogue } from './catalogue.ts';
import { createSecrets, type SecretVault } from './secrets.ts';

const NOW = Date.UTC(2026, 0, 1);
const VALUE = 'CANARY-7f3a9c-value';
const SECRETS = {
  API_KEY: { hosts: ['api.example.com:443'] },
  OTHER: { hosts: ['b.example.com:443'], in: ['query', 'body'] },
};

/** Secrets of a tenant that runs `weather`, as a host opens them; the clock is the test's. */
type Opened = {
  readonly secrets: SecretVault;
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly time: { wall: number };
};

function manifestOf(secrets: object = SECRETS): Manifest {
  const parsed = parseManifest({ name: 'weather', version: '1.0.0', description: 'W.', author: 'T', secrets });
  if (!parsed.ok) throw new Error('the manifest of the test is valid');
  return parsed.manifest;
}

function memoryFile(): KeyFile {
  let kept: readonly string[] = [];
  return { read: async () => kept, write: async (keys) => void (kept = keys) };
}

async function open({
  storage = createMemoryStorage(),
  file = memoryFile(),
  manifest = manifestOf(),
  operatorSecret = () => undefined,
}: {
  readonly storage?: Storage;
  readonly file?: KeyFile;
  readonly manifest?: Manifest;
  readonly operatorSecret?: FindOperatorSecret;
} = {}): Promise<Opened> {
  const time = { wall: NOW };
  const clock = { now: () => time.wall, wallTime: () => time.wall };
  const catalogue = await openCatalogue(storage, clock);
  const keyring = await openKeyring({ given: [], file });
  const releases = {
    registeredRelease: (tenant: string, plugin: string) =>
      plugin === 'weather' && tenant !== 'stranger' ? ({ manifest } as never) : undefined, // Nothing else is read of it.
  };
  const secrets = createSecrets({ catalogue, releases, storage, keyring, clock, operatorSecret });
  return { secrets, storage, catalogue, time };
}

const KEY = { tenant_id: DEFAULT_TENANT, plugin_name: 'weather', name: 'API_KEY' };

async function auditOf(storage: Storage): Promise<readonly object[]> {
  return (await storage.readAudit(0, 1_000)).rows.map(({ text }) => JSON.parse(text) as object);
}

test('a secret that is set is read by the host and listed by its name, hosts, places and time alone', async () => {
  const { secrets } = await open();
  const entry = {
    name: 'API_KEY',
    is_declared: true,
    is_set: true,
    updated_at: '2026-01-01T00:00:00.000Z',
    hosts: ['api.example.com:443'],
    in: ['header'],
  };
  expect(await secrets.set('weather', { name: 'API_KEY', value: VALUE })).toEqual(entry);
  const unset = { name: 'OTHER', is_declared: true, is_set: false, updated_at: null, in: ['query', 'body'] };
  expect(secrets.list('weather')).toEqual([entry, { ...unset, hosts: ['b.example.com:443'] }]);
  expect(await secrets.read(KEY)).toBe(VALUE);
});

test('what the operator gives is read where the tenant has set nothing, and is listed nowhere', async () => {
  const manifest = manifestOf();
  const operatorSecret: FindOperatorSecret = (_manifest, name) => (name === 'API_KEY' ? 'the operator’s' : undefined);
  const { secrets } = await open({ operatorSecret, manifest });
  expect(secrets.missing(DEFAULT_TENANT, manifest)).toBe('OTHER');
  expect(await secrets.read(KEY)).toBe('the operator’s');
  expect(await secrets.read({ ...KEY, tenant_id: 'stranger' })).toBeUndefined();
  expect(secrets.list('weather')).toMatchObject([{ name: 'API_KEY', is_set: false }, { name: 'OTHER' }]);
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  expect(await secrets.read(KEY)).toBe(VALUE);
});

test('a value is in no row, step, line of the audit log or answer, in no plain form', async () => {
  const { secrets, storage } = await open();
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  await secrets.rotate();
  await secrets.remove('weather', 'API_KEY');
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  const kept = JSON.stringify([
    await storage.readCatalogue(),
    await storage.readSteps(0),
    await auditOf(storage),
    await storage.readSecret(KEY),
    secrets.list('weather'),
  ]);
  expect(kept).toContain('API_KEY');
  for (const form of [VALUE, Buffer.from(VALUE).toString('base64'), Buffer.from(VALUE).toString('hex')])
    expect(kept).not.toContain(form);
});

test('each change has its line in the audit log: who, for whom, which name, and nothing of the value', async () => {
  const { secrets, storage } = await open();
  await secrets.set('weather', { name: 'API_KEY', value: VALUE }, { by: 'token t1' });
  await secrets.rotate({ by: 'platform' });
  await secrets.remove('weather', 'API_KEY', { by: 'token t1' });
  const whose = { actor: 'token t1', tenant_id: DEFAULT_TENANT, resource: 'plugin weather' };
  const details = { secret: 'API_KEY' };
  expect(await auditOf(storage)).toEqual([
    { at: expect.any(String), action: 'secret.set', ...whose, details },
    {
      at: expect.any(String),
      action: 'secret.rotate',
      actor: 'platform',
      tenant_id: null,
      resource: 'secrets',
      details: { key_id: expect.stringMatching(/^[0-9a-f]{16}$/), secrets: 1 },
    },
    { at: expect.any(String), action: 'secret.remove', ...whose, details },
  ]);
});

test('a secret that is set again is another, and keeps the time of its first setting', async () => {
  const { secrets, storage, time } = await open();
  await secrets.set('weather', { name: 'API_KEY', value: 'first' });
  time.wall += 60_000;
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  expect(await secrets.read(KEY)).toBe(VALUE);
  expect((await storage.readCatalogue()).secrets).toMatchObject([
    { created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:01:00.000Z' },
  ]);
});

test('secrets are a tenant’s own: another neither lists, misses, reads nor removes them', async () => {
  const { secrets } = await open();
  await secrets.set('weather', { name: 'API_KEY', value: VALUE }, { tenant: 'acme' });
  await secrets.set('weather', { name: 'OTHER', value: VALUE }, { tenant: 'acme' });
  expect(secrets.list('weather', { tenant: 'other' }).map(({ is_set }) => is_set)).toEqual([false, false]);
  expect([secrets.missing('acme', manifestOf()), secrets.missing('other', manifestOf())]).toEqual([
    undefined,
    'API_KEY',
  ]);
  await secrets.remove('weather', 'API_KEY', { tenant: 'other' });
  expect(await secrets.read({ ...KEY, tenant_id: 'acme' })).toBe(VALUE);
  expect(await secrets.read({ ...KEY, tenant_id: 'other' })).toBeUndefined();
});

test.each(['NOPE', 'constructor', '__proto__', ''])(
  'the name %j is undeclared, and what is declared is listed',
  async (name) => {
    const { secrets, storage } = await open();
    const refusal = { code: 'SECRET_UNDECLARED', message: expect.stringContaining('it declares API_KEY, OTHER') };
    await expect(secrets.set('weather', { name, value: VALUE })).rejects.toMatchObject(refusal);
    await expect(secrets.remove('weather', name)).rejects.toMatchObject(refusal);
    expect((await storage.readCatalogue()).revision).toBe(0);
  },
);

test('a plugin that the tenant has not registered has no secrets to list, set or remove', async () => {
  const { secrets } = await open();
  const missing = { code: 'PLUGIN_NOT_FOUND', message: "Plugin 'weather' is not registered for this tenant" };
  const options = { tenant: 'stranger' };
  expect(() => secrets.list('weather', options)).toThrow(expect.objectContaining(missing));
  await expect(secrets.set('weather', { name: 'API_KEY', value: VALUE }, options)).rejects.toMatchObject(missing);
  await expect(secrets.remove('weather', 'API_KEY', options)).rejects.toMatchObject(missing);
});

test('a secret that the release no longer declares is listed as such, and can be removed and not set', async () => {
  const storage = createMemoryStorage();
  const file = memoryFile();
  const before = await open({ storage, file });
  await before.secrets.set('weather', { name: 'API_KEY', value: VALUE });
  const { secrets } = await open({ storage, file, manifest: manifestOf({}) });
  expect(secrets.list('weather')).toMatchObject([
    { name: 'API_KEY', is_declared: false, is_set: true, hosts: [], in: [] },
  ]);
  await expect(secrets.set('weather', { name: 'API_KEY', value: VALUE })).rejects.toMatchObject({
    message: expect.stringContaining('it declares none'),
  });
  await secrets.remove('weather', 'API_KEY');
  expect(secrets.list('weather')).toEqual([]);
});

test.each([
  ['empty', ''],
  ['no Unicode text', `${VALUE}\uD800`],
  ['larger than a secret may be', VALUE.repeat(1_000)],
  ['larger in bytes than in characters', 'é'.repeat(LIMITS.secret_bytes.value / 2 + 1)],
])('a value that is %s is refused without being shown', async (_what, value) => {
  const { secrets } = await open();
  const refusal = secrets.set('weather', { name: 'API_KEY', value });
  await expect(refusal).rejects.toMatchObject({ code: 'SECRET_REFUSED' });
  await expect(refusal).rejects.not.toThrow('CANARY');
});

test('a value of exactly the bound is kept', async () => {
  const { secrets } = await open();
  const value = 'é'.repeat(LIMITS.secret_bytes.value / 2);
  await secrets.set('weather', { name: 'API_KEY', value });
  expect(await secrets.read(KEY)).toBe(value);
});

test('a tenant has at most so many secrets; one that is there can still be replaced', async () => {
  const names = Array.from({ length: LIMITS.tenant_secrets.value + 1 }, (_, index) => `S${index}`);
  const manifest = { ...manifestOf(), secrets: Object.fromEntries(names.map((name) => [name, { hosts: [], in: [] }])) };
  const { secrets } = await open({ manifest });
  for (const name of names.slice(0, -1)) await secrets.set('weather', { name, value: VALUE });
  const last = { name: names.at(-1) ?? '', value: VALUE };
  await expect(secrets.set('weather', last)).rejects.toMatchObject({
    code: 'SECRET_REFUSED',
    limit: { name: 'tenant_secrets', allowed: 1_000, observed: 1_000 },
  });
  await secrets.set('weather', { name: 'S0', value: VALUE });
  await secrets.set('weather', last, { tenant: 'other' });
});

test('a rotation encrypts every secret with a new key and forgets the old one; values and times stay', async () => {
  const file = memoryFile();
  const { secrets, storage } = await open({ file });
  const tenants = Array.from({ length: 250 }, (_, index) => `tenant-${index}`);
  for (const tenant of tenants)
    await secrets.set('weather', { name: 'API_KEY', value: `${VALUE} ${tenant}` }, { tenant });
  const before = (await storage.readCatalogue()).secrets;
  const rotation = await secrets.rotate();
  expect(rotation).toEqual({
    key_id: expect.not.stringMatching(before[0]?.key_id ?? ''),
    secrets: 250,
    is_given: false,
  });
  const after = (await storage.readCatalogue()).secrets;
  expect(after).toEqual(before.map((row) => ({ ...row, key_id: rotation.key_id })));
  expect(await file.read()).toHaveLength(1);
  for (const tenant of tenants) expect(await secrets.read({ ...KEY, tenant_id: tenant })).toBe(`${VALUE} ${tenant}`);
});

test('a value that another node sets while it rotates is the one that stays', async () => {
  const storage = createMemoryStorage();
  const file = memoryFile();
  const other = await open({ storage, file });
  await other.secrets.set('weather', { name: 'API_KEY', value: 'before' });
  const list = storage.listSecretsOfOtherKeys.bind(storage);
  let isFirst = true;
  const raced: Storage = {
    ...storage,
    listSecretsOfOtherKeys: async (keyId, rowsMax) => {
      const rows = await list(keyId, rowsMax);
      if (isFirst) await other.secrets.set('weather', { name: 'API_KEY', value: VALUE });
      isFirst = false;
      return rows;
    },
  };
  const { secrets } = await open({ storage: raced, file });
  expect(await secrets.rotate()).toMatchObject({ secrets: 1 });
  expect(await secrets.read(KEY)).toBe(VALUE);
});

test('a rotation that others keep ahead of ends with an error, and forgets no key', async () => {
  const storage = createMemoryStorage();
  const file = memoryFile();
  const other = await open({ storage, file });
  await other.secrets.set('weather', { name: 'API_KEY', value: VALUE });
  const raced: Storage = {
    ...storage,
    listSecretsOfOtherKeys: async (keyId, rowsMax) => {
      const rows = await storage.listSecretsOfOtherKeys(keyId, rowsMax);
      await other.secrets.set('weather', { name: 'API_KEY', value: VALUE });
      return rows;
    },
  };
  const { secrets } = await open({ storage: raced, file });
  await expect(secrets.rotate()).rejects.toMatchObject({ code: 'REVISION_CONFLICT' });
  expect(await secrets.read(KEY)).toBe(VALUE);
});

test('secrets that are set while it rotates are encrypted with the new key', async () => {
  const { secrets, storage } = await open();
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  const [{ key_id }] = await Promise.all([secrets.rotate(), secrets.set('weather', { name: 'OTHER', value: VALUE })]);
  expect((await storage.readCatalogue()).secrets.map((row) => row.key_id)).toEqual([key_id, key_id]);
});

test('a rotation that meets a secret which it cannot read forgets no key', async () => {
  const file = memoryFile();
  const { secrets, storage } = await open({ file });
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  const stored = (await storage.readSecret(KEY)) as SealedSecret;
  const { created_at, updated_at, key_id, nonce, ciphertext } = stored;
  const row = { ...KEY, tenant_id: 'other', created_at, updated_at, key_id };
  const tenant = { id: 'other', name: 'other', min_tier: null, quota: {}, created_at, updated_at } as const;
  const audit = { at: created_at, actor: '', action: '', tenant_id: null, resource: '', details: {} };
  const moved = { kind: 'put_secret', row, sealed: { nonce, ciphertext } } as const;
  await storage.commit({ changes: [{ kind: 'put_tenant', row: tenant }, moved], audit });
  await expect(secrets.rotate()).rejects.toMatchObject({ code: 'SECRET_CORRUPT' });
  await expect(secrets.read({ ...KEY, tenant_id: 'other' })).rejects.toMatchObject({ code: 'SECRET_CORRUPT' });
  expect(await file.read()).toHaveLength(2);
  expect(await secrets.read(KEY)).toBe(VALUE);
});

test('a host that lost its key neither reads the secrets nor goes on with a key of its own', async () => {
  const storage = createMemoryStorage();
  await (await open({ storage })).secrets.set('weather', { name: 'API_KEY', value: VALUE });
  const { secrets } = await open({ storage });
  const unusable = { code: 'SECRETS_KEY_UNUSABLE' };
  await expect(secrets.read(KEY)).rejects.toMatchObject(unusable);
  await expect(secrets.set('weather', { name: 'OTHER', value: VALUE })).rejects.toMatchObject(unusable);
  await expect(secrets.rotate()).rejects.toMatchObject(unusable);
  await secrets.remove('weather', 'API_KEY');
  await secrets.set('weather', { name: 'OTHER', value: VALUE });
});

test('what one node sets and removes another knows, once it has heard of it', async () => {
  const storage = createMemoryStorage();
  const file = memoryFile();
  const [one, other] = [
    await open({ storage, file }),
    await open({ storage, file, manifest: manifestOf({ API_KEY: SECRETS.API_KEY }) }),
  ];
  const hear = (): void => {
    other.time.wall += 1_000;
    other.catalogue.noteRead();
  };
  const declared = manifestOf({ API_KEY: SECRETS.API_KEY });
  await one.secrets.set('weather', { name: 'API_KEY', value: VALUE });
  expect(other.secrets.missing(DEFAULT_TENANT, declared)).toBe('API_KEY');
  hear();
  await expect.poll(() => other.secrets.missing(DEFAULT_TENANT, declared)).toBeUndefined();
  await one.secrets.remove('weather', 'API_KEY');
  hear();
  await expect.poll(() => other.secrets.missing(DEFAULT_TENANT, declared)).toBe('API_KEY');
});

test('a storage that is away refuses a write and changes nothing', async () => {
  const { secrets, storage, catalogue } = await open();
  await secrets.set('weather', { name: 'API_KEY', value: VALUE });
  await storage.close();
  const away = { code: 'STORAGE_UNAVAILABLE' };
  await expect(secrets.set('weather', { name: 'OTHER', value: VALUE })).rejects.toMatchObject(away);
  await expect(secrets.remove('weather', 'API_KEY')).rejects.toMatchObject(away);
  await expect(secrets.rotate()).rejects.toMatchObject(away);
  expect(catalogue.shelf.secrets().map(({ name }) => name)).toEqual(['API_KEY']);
});
