import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTgz, makeZip, type TestEntry } from './archive/archive.fixture.ts';
import { unpackArchive } from './archive/unpack.ts';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { packPlugin } from './pack.ts';
import { signFile, verifyFile } from './sign.ts';
import { signArchive } from './signing/signature.ts';
import { createKeyPair } from './signing/signed-statement.ts';
import { SIGNATURE_ENDING } from './source/archive-file.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';
import type { WithWorkshop } from './host/with-workshop.ts';
import { openPlainWorkshop, type PlainWorkshop } from './toolchain/workshop.fixture.ts';

let workshop: PlainWorkshop;
beforeAll(() => void (workshop = openPlainWorkshop()));
afterAll(() => workshop.close());
const within: WithWorkshop = (use) => use(workshop.ask);

let folders: PluginFolders;
let storage: Storage;
/** With the default policy; tests that need another open a host of their own. */
let host: Host;
beforeAll(async () => {
  folders = await createPluginFolders();
  storage = { ...createMemoryStorage(), close: async () => undefined };
  host = await openTestHost({ storage, dataDir: join(folders.root, '.data'), untrustedMinTier: 'process' });
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

/** This machine's sandbox is good enough unless a test is about that. */
const start = (options: HostOptions = {}): Promise<Host> => openTestHost({ untrustedMinTier: 'process', ...options });

const source = (version: string): string => toolsSource({ version: `return '${version}';` });
const mine = createKeyPair();
const other = createKeyPair();
const BEFORE_ALL = Date.parse('2026-01-01T00:00:00.000Z');

/** Writes a plugin with a licence, and returns its folder. */
async function write(name: string, version = '1.0.0', manifest: object = {}): Promise<string> {
  const dir = await folders.write(name, source(version), { version, license: 'MIT', ...manifest });
  await writeFile(join(dir, 'LICENSE'), 'MIT License');
  return dir;
}

/** Packs it into a file beside, and returns that file. */
async function pack(name: string, version?: string, manifest?: object): Promise<string> {
  const { bytes } = await packPlugin(await write(name, version, manifest), { within });
  const file = join(folders.root, `${name}-${version ?? '1.0.0'}.tgz`);
  await writeFile(file, bytes);
  return file;
}

async function sign(file: string, privateKey: string): Promise<string> {
  await writeFile(
    file + SIGNATURE_ENDING,
    JSON.stringify(await signFile(file, { privateKey, now: BEFORE_ALL, within })),
  );
  return file;
}

test('an archive is installed by its path, and is what its folder is', async () => {
  const file = await pack('calc');
  const installed = await host.install(file);
  expect(installed).toMatchObject({ name: 'calc', version: '1.0.0', state: 'INITIALIZED' });
  expect(await host.call({ plugin: 'calc', tool: 'version' })).toMatchObject({ ok: true, value: '1.0.0' });
  expect((await host.publish(join(folders.root, 'calc'))).digest).toBe(installed.digest);
});

test('uploads are published: a .tgz, and a .zip of the same files', async () => {
  const { bytes } = await packPlugin(await write('bicycle'), { within });
  const published = await host.publish({ bytes }, { by: 'platform' });
  expect(published).toMatchObject({
    name: 'bicycle',
    state: 'INITIALIZED',
    findings: [{ id: 'SIGNATURE_MISSING', severity: 'warning' }],
  });
  const entries = [...(await unpackArchive(bytes))].map(([name, content]): TestEntry => ({ name, content }));
  expect((await host.publish({ bytes: makeZip(entries) })).digest).toBe(published.digest);
  const [release] = host.registrations.releases('bicycle', { tenant: 'default', isPlatform: true }).releases;
  expect(release).toMatchObject({
    place: 'upload',
    isTrusted: false,
    isPublic: false,
    origin: { form: 'archive', archive_sha256: createHash('sha256').update(bytes).digest('hex'), signed_by: null },
  });
});

test('a release from an archive needs the sandbox of what is untrusted', async () => {
  await using host = await start({ untrustedMinTier: 'confined' });
  await expect(host.install(await pack('calc'))).resolves.toMatchObject({ state: 'UNAVAILABLE' });
  expect(host.health('calc')?.reason).toContain('confined');
});

test('[FAULTS-93] a package that was not packed makes it unavailable, and nothing is fetched or run', async () => {
  const scripts = { postinstall: 'touch /tmp/bulkhead-postinstall' };
  const bytes = makeTgz([
    {
      name: 'package/plugin.json',
      content: JSON.stringify({ name: 'dolphin', version: '1.0.0', description: 'd', author: 'a' }),
    },
    {
      name: 'package/package.json',
      content: JSON.stringify({ name: 'dolphin', scripts, dependencies: { 'left-pad': '*' } }),
    },
    { name: 'package/main.js', content: `import pad from 'left-pad'; export default pad;` },
  ]);
  expect(await host.publish({ bytes })).toMatchObject({
    state: 'UNAVAILABLE',
    digest: undefined,
    reason: expect.stringContaining('bulkhead pack DIR') as string,
  });
  expect(await readdir(tmpdir())).not.toContain('bulkhead-postinstall');
});

/** What lies below the temporary folder, and so in the data directory too. */
async function filesOf(dir: string): Promise<readonly string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

test.each<[string, readonly TestEntry[]]>([
  ['ARCHIVE_PATH', [{ name: '../../../../../../tmp/bulkhead-canary.js', content: 'canary' }]],
  ['ARCHIVE_ENTRY_TYPE', [{ name: 'bulkhead-canary', type: '2', mode: 0o120777 }]],
  ['ARCHIVE_DUPLICATE', [{ name: 'bulkhead-canary.js' }, { name: 'Bulkhead-Canary.js' }]],
  ['ARCHIVE_TOO_LARGE', [{ name: 'bulkhead-canary.json', content: new Uint8Array(21 * 1024 * 1024) }]],
  ['ARCHIVE_ENTRIES', Array.from({ length: 2_001 }, (_, index) => ({ name: `bulkhead-canary-${index}` }))],
])('[FAULTS-79] [FAULTS-85] %s leaves nothing on disk and no plugin, and the host goes on', async (code, entries) => {
  const before = { files: await filesOf(folders.root), plugins: host.plugins().map(({ name }) => name) };
  for (const make of [makeTgz, makeZip]) {
    await expect(host.publish({ bytes: make(entries) })).rejects.toMatchObject({ code });
  }
  expect({ files: await filesOf(folders.root), plugins: host.plugins().map(({ name }) => name) }).toEqual(before);
  expect((await readdir(tmpdir())).filter((name) => name.includes('canary'))).toEqual([]);
  expect(await host.publish(await pack('after'))).toMatchObject({ state: 'INITIALIZED' });
});

test('a refused archive that the operator named is listed with its reason', async () => {
  const file = join(folders.root, 'evil-1.0.0.tgz');
  await writeFile(file, makeTgz([{ name: '/etc/passwd' }]));
  await expect(host.install(file)).rejects.toMatchObject({ code: 'ARCHIVE_PATH' });
  expect(host.registry.refused()).toMatchObject([{ name: 'evil-1.0.0.tgz', path: file, code: 'ARCHIVE_PATH' }]);
  await expect(host.install(join(folders.root, 'nowhere.tgz'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
});

test('[FAULTS-90] other content of a version is refused, in an archive as everywhere', async () => {
  await host.publish(await pack('gorilla'));
  const changed = join(folders.root, 'changed.tgz');
  await folders.write('gorilla', source('2'), { license: 'MIT' });
  await writeFile(changed, (await packPlugin(join(folders.root, 'gorilla'), { within })).bytes);
  await expect(host.publish(changed)).rejects.toMatchObject({ code: 'RELEASE_EXISTS' });
});

test('[FAULTS-91] who signed an archive is kept with its release and in the audit log', async () => {
  const file = await sign(await pack('harmonica'), mine.privateKey);
  expect(await host.publish(file)).toMatchObject({ state: 'INITIALIZED', findings: [] });
  const signed_by = { kind: 'ed25519', key: mine.publicKey, signed_at: '2026-01-01T00:00:00.000Z' };
  expect(
    host.registrations.releases('harmonica', { tenant: 'default', isPlatform: true }).releases[0]?.origin,
  ).toMatchObject({ signed_by });
  const { rows } = await storage.readAudit(0, 1_000);
  expect(rows.map(({ text }) => JSON.parse(text) as unknown)).toContainEqual(
    expect.objectContaining({
      action: 'plugin.install',
      details: expect.objectContaining({ signed_by: mine.publicKey }) as unknown,
    }),
  );
});

test('a release that was unsigned is signed by the archive that comes later', async () => {
  await host.publish(await pack('igloo'));
  await host.publish(await sign(join(folders.root, 'igloo-1.0.0.tgz'), mine.privateKey));
  const { releases } = host.registrations.releases('igloo', { tenant: 'default', isPlatform: true });
  expect(releases.map(({ origin }) => origin.signed_by?.key)).toEqual([mine.publicKey]);
});

test('[FAULTS-91] `install.unsigned = refuse` takes signed releases only, over the API', async () => {
  await using host = await start({ unsigned: 'refuse' });
  const file = await pack('calc');
  await expect(host.publish(file)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  await expect(host.publish(join(folders.root, 'calc'))).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  expect(await host.publish(await sign(file, mine.privateKey))).toMatchObject({ state: 'INITIALIZED' });
});

test('[FAULTS-91] a key that is not trusted is refused before anything is unpacked', async () => {
  await using host = await start({ trustedKeys: [mine.publicKey] });
  const bytes = makeTgz([{ name: '../evil' }]);
  const about = { name: 'calc', version: '1.0.0', signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
  const signature = JSON.stringify(signArchive(bytes, about, other.privateKey));
  await expect(host.publish({ bytes, signature })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  expect(await host.publish(await sign(await pack('calc'), mine.privateKey))).toMatchObject({ state: 'INITIALIZED' });
});

test('[FAULTS-91] a signature of another name, version or file is refused', async () => {
  const bytes = await readFile(await pack('lighthouse'));
  const about = { name: 'lighthouse', version: '1.0.0', signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
  for (const wrong of [{ name: 'other' }, { version: '2.0.0' }, { expires_at: '2026-02-01T00:00:00.000Z' }]) {
    const signature = JSON.stringify(signArchive(bytes, { ...about, ...wrong }, mine.privateKey));
    await expect(host.publish({ bytes, signature })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  }
  const signature = JSON.stringify(signArchive(Buffer.from('another'), about, mine.privateKey));
  await expect(host.publish({ bytes, signature })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
});

test('[FAULTS-91] [FAULTS-92] a plugin that was signed takes no release of another key, of none, or from before', async () => {
  await host.publish(await sign(await pack('marmalade', '2.0.0'), mine.privateKey));
  await expect(host.publish(await sign(await pack('marmalade', '3.0.0'), other.privateKey))).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
  await expect(host.publish(await pack('marmalade', '3.1.0'))).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  await expect(host.publish(await sign(await pack('marmalade', '1.0.0'), mine.privateKey))).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
    message: 'marmalade 1.0.0 is older than 2.0.0, which is here already',
  });
  expect(await host.publish(await sign(await pack('marmalade', '2.1.0'), mine.privateKey))).toMatchObject({
    state: 'INITIALIZED',
  });
});

test('[FAULTS-92] a name that is nearly another plugin’s is warned of', async () => {
  await host.install(await write('calculator'));
  const resembles = { id: 'NAME_RESEMBLES', severity: 'warning', path: 'plugin.json#/name' };
  const { findings } = await host.publish(await pack('calculatr'));
  expect(findings).toContainEqual(expect.objectContaining(resembles));
});

test('[FAULTS-94] an archive that asks for more waits for consent', async () => {
  await host.publish(await pack('quicksand'));
  await host.registrations.offer('quicksand', '1.0.0', { tenants: ['*'] });
  await host.registrations.enable('quicksand', {});
  await host.publish(await pack('quicksand', '2.0.0', { required_permissions: ['internet'] }));
  await host.registrations.offer('quicksand', '2.0.0', { tenants: ['*'] });
  await expect(host.registrations.upgrade('quicksand', { version: '2.0.0' })).rejects.toMatchObject({
    code: 'CAPABILITY_CHANGE',
  });
});

test('verify says who signed, and refuses what is not as it was signed', async () => {
  const file = await pack('rhubarb');
  const now = BEFORE_ALL + 1;
  await expect(verifyFile(file, { now, within })).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  await sign(file, mine.privateKey);
  expect(await verifyFile(file, { now, within })).toMatchObject({
    name: 'rhubarb',
    signed_by: mine.publicKey,
    vouched: false,
  });
  expect(await verifyFile(file, { publicKey: mine.publicKey, now, within })).toMatchObject({ vouched: true });
  await expect(verifyFile(file, { publicKey: other.publicKey, now, within })).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
  const about = { name: 'rhubarb', version: '9.0.0', signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
  await writeFile(file + SIGNATURE_ENDING, JSON.stringify(signArchive(await readFile(file), about, mine.privateKey)));
  await expect(verifyFile(file, { now, within })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await writeFile(file + SIGNATURE_ENDING, 'x'.repeat(10_000));
  await expect(verifyFile(file, { now, within })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
});
