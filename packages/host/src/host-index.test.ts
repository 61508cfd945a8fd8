import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestHost } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { openIndexBench, serveFolder, type IndexBench, type TestWeb } from './plugin-index/index.fixture.ts';
import { blockInIndex, buildIndex } from './plugin-index/keep-index.ts';
import { fetchFromIndex, readIndex, type IndexedUpload } from './plugin-index/read-index.ts';
import { createKeyPair } from './signing/signed-statement.ts';
import { createMemoryStorage } from './storage/memory.ts';

const publisher = createKeyPair();
const NOW = Date.parse('2026-06-01T00:00:00.000Z');

let bench: IndexBench;
let web: TestWeb;
let folder: string;
/** With the default policy; tests that need another open a host of their own. */
let host: Host;
const storage = createMemoryStorage();
beforeAll(async () => {
  bench = await openIndexBench();
  folder = join(bench.root, 'index');
  await bench.pack('index', 'weather', { signer: publisher });
  await bench.pack('index', 'plain');
  await buildIndex(folder, bench.keeping({ name: 'ours' }));
  web = await serveFolder(folder);
  host = await start({ storage, dataDir: join(bench.root, 'data') });
});
afterAll(async () => {
  await host.close();
  await web[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const start = (options: HostOptions = {}): Promise<Host> => openTestHost({ untrustedMinTier: 'process', ...options });
const fetchOne = (name: string, version?: string): Promise<IndexedUpload> =>
  fetchFromIndex(
    { place: web.url, key: bench.keys.publicKey },
    { name, ...(version !== undefined && { version }) },
    { now: NOW },
  );

const originOf = (name: string) =>
  host.registrations.releases(name, { tenant: 'default', isPlatform: true }).releases[0]?.origin;

test('a release from an index is installed, and its record and the audit log say from which', async () => {
  const upload = await fetchOne('weather');
  expect(await host.publish(upload)).toMatchObject({ name: 'weather', state: 'INITIALIZED', findings: [] });
  expect(originOf('weather')).toMatchObject({
    form: 'archive',
    signed_by: { key: publisher.publicKey },
    index: { name: 'ours', place: web.url, key: bench.keys.publicKey, serial: upload.index.origin.serial },
  });
  const { rows } = await storage.readAudit(0, 1_000);
  expect(rows.map(({ text }) => JSON.parse(text) as unknown)).toContainEqual(
    expect.objectContaining({
      action: 'plugin.install',
      details: expect.objectContaining({ index: `ours ${upload.index.origin.serial}` }) as unknown,
    }),
  );
  await host.registrations.offer('weather', '1.0.0', { tenants: ['*'] });
  await host.registrations.enable('weather', {});
  expect(await host.call({ plugin: 'weather', tool: 'version' })).toMatchObject({ ok: true, value: '1.0.0' });
});

test('a release from an index needs the sandbox of what is untrusted', async () => {
  await using strict = await start({ untrustedMinTier: 'confined' });
  expect(await strict.publish(await fetchOne('weather'))).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringContaining('confined') as string,
  });
});

test('[FAULTS-91] what nobody signed is refused from an index, too, where the operator says so', async () => {
  await using strict = await start({ unsigned: 'refuse' });
  await expect(strict.publish(await fetchOne('plain'))).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
});

test('[FAULTS-91] a key that the operator does not trust is refused from an index, too', async () => {
  await using trusting = await start({ trustedKeys: [createKeyPair().publicKey] });
  await expect(trusting.publish(await fetchOne('weather'))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
});

test(
  '[FAULTS-91] an index that is older than one from which something came is refused, also after a restart',
  { timeout: 60_000 },
  async () => {
    const kept = { ...createMemoryStorage(), close: async () => undefined };
    const { bytes, index } = await fetchOne('plain');
    const at = (serial: number, more = {}) => ({ ...index, origin: { ...index.origin, serial, ...more } });
    await using first = await start({ storage: kept });
    await first.publish({ bytes, index: at(7) });
    await first.close();
    await using second = await start({ storage: kept });
    const weather = await fetchOne('weather');
    const older = { ...weather, index: { ...weather.index, origin: at(6).origin } };
    await expect(second.publish(older)).rejects.toMatchObject({
      code: 'INDEX_STALE',
      message: `the index "ours" at ${web.url} has serial 6; 7 was seen before`,
    });
    // A mirror of it is the same index; another key or name makes another.
    const mirror = { ...weather.index, origin: at(6, { place: 'https://mirror.example.com/' }).origin };
    await expect(second.publish({ ...weather, index: mirror })).rejects.toMatchObject({ code: 'INDEX_STALE' });
    const another = { ...weather.index, origin: at(1, { key: publisher.publicKey }).origin };
    expect(await second.publish({ ...weather, index: another })).toMatchObject({ state: 'INITIALIZED' });
  },
);

test('[FAULTS-91] it is refused also once nothing of the newer one is installed any more, and after a restart', async () => {
  const kept = { ...createMemoryStorage(), close: async () => undefined };
  const { bytes, index } = await fetchOne('plain');
  const at = (serial: number) => ({ bytes, index: { ...index, origin: { ...index.origin, serial } } });
  await using first = await start({ storage: kept });
  await first.publish(at(7));
  await first.uninstall('plain');
  expect(first.plugins()).toEqual([]);
  await expect(first.publish(at(6))).rejects.toMatchObject({ code: 'INDEX_STALE' });
  await first.seeIndex({ ...index.origin, serial: 9 });
  await first.close();
  await using second = await start({ storage: kept });
  await expect(second.publish(at(8))).rejects.toMatchObject({
    message: expect.stringMatching(/8; 9 was seen before$/),
  });
  await expect(second.seeIndex({ ...index.origin, serial: 8 })).rejects.toMatchObject({ code: 'INDEX_STALE' });
  expect(await second.publish(at(9))).toMatchObject({ state: 'INITIALIZED' });
});

test('an archive that is not what the index listed is refused, and nothing is stored', async () => {
  const remains = async (): Promise<object> => ({
    files: await readdir(join(bench.root, 'data'), { recursive: true }),
    plugins: host.plugins().map(({ name }) => name),
  });
  const before = await remains();
  const { bytes, index } = await fetchOne('plain');
  for (const wrong of [{ plugin: 'weather' }, { version: '2.0.0' }])
    await expect(host.publish({ bytes, index: { ...index, ...wrong } })).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      message: expect.stringContaining('and it holds plain 1.0.0'),
    });
  expect(await remains()).toEqual(before);
});

test('what is blocked after it was installed runs on, and is not installed again', async () => {
  await host.publish(await fetchOne('weather'));
  const block = { name: 'weather', version: null, reason: 'CVE-2026-1' };
  const { index } = await blockInIndex(folder, block, bench.keeping());
  await expect(fetchOne('weather')).rejects.toMatchObject({ code: 'INDEX_BLOCKED' });
  expect(host.plugins()).toMatchObject([{ name: 'weather', state: 'INITIALIZED' }]);
  expect((await readIndex({ place: web.url }, { now: NOW, serialMin: index.serial })).index.blocks).toEqual([block]);
});
