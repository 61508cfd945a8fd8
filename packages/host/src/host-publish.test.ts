import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

let folders: PluginFolders;
let elsewhere: PluginFolders;
let storage: Storage;
let dataDir: string;
beforeEach(async () => {
  [folders, elsewhere] = [await createPluginFolders(), await createPluginFolders()];
  storage = { ...createMemoryStorage(), close: async () => undefined };
  dataDir = join(folders.root, 'data');
});
afterEach(async () => {
  for (const each of [folders, elsewhere]) await each[Symbol.asyncDispose]();
});

/** Starts a host on what the one before has left; this machine's sandbox is good enough unless a test is about that. */
const start = (options: HostOptions = {}): Promise<Host> =>
  openTestHost({ dataDir, storage, untrustedMinTier: 'process', ...options });

const source = (version: string): string => toolsSource({ version: `return '${version}';` });
const acme = { tenant: 'acme' } as const;

async function said(host: Host, tenant = 'acme'): Promise<unknown> {
  const outcome = await host.call({ plugin: 'calc', tool: 'version', tenant });
  return outcome.ok ? outcome.value : outcome.error.code;
}

const write = (place: PluginFolders, version: string, code = source(version)): Promise<string> =>
  place.write('calc', code, { version });

test('a published release stands beside the others of its plugin, for nobody, and what runs goes on', async () => {
  await using host = await start();
  await host.install(await write(folders, '1.0.0'), acme);
  const published = await host.publish(await write(elsewhere, '2.0.0'), { by: 'platform' });
  expect(published).toMatchObject({ name: 'calc', version: '2.0.0', state: 'INITIALIZED', findings: [] });
  expect(host.health('calc')).toMatchObject({ version: '1.0.0', state: 'INITIALIZED' });
  expect(await said(host)).toBe('1.0.0');
  expect(host.registrations.releases('calc', acme).releases).toHaveLength(1);
  await expect(host.registrations.upgrade('calc', { ...acme, version: '2.0.0' })).rejects.toMatchObject({
    code: 'RELEASE_NOT_FOUND',
  });
  await host.registrations.offer('calc', '2.0.0', { tenants: ['acme'] });
  await host.registrations.upgrade('calc', { ...acme, version: '2.0.0' });
  expect(await said(host)).toBe('2.0.0');
  const { rows } = await storage.readAudit(0, 10);
  const lines = rows.map(({ text }) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  expect(lines.filter(({ action }) => action === 'plugin.install')).toMatchObject([
    { actor: 'host', details: { version: '1.0.0' } },
    { actor: 'platform', details: { version: '2.0.0' } },
  ]);
});

test('of a plugin that nobody runs health shows the trial, and the platform may give it to a tenant', async () => {
  await using host = await start();
  const broken = await write(folders, '1.0.0', `${source('1.0.0')}\nthrow new Error('no weights in this build');`);
  expect(await host.publish(broken)).toMatchObject({
    state: 'FAILED',
    reason: expect.stringContaining('no weights') as string,
  });
  expect(host.health('calc')).toMatchObject({ state: 'FAILED', version: '1.0.0' });
  await host.publish(await write(folders, '2.0.0'));
  expect(await said(host)).toBe('PLUGIN_NOT_FOUND');
  await expect(host.registrations.enable('calc', acme)).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
  await host.registrations.enable('calc', { ...acme, isPlatform: true });
  expect(await said(host)).toBe('2.0.0');
});

test('a version is never rewritten, the same content again is the release that is there', async () => {
  await using host = await start();
  const first = await host.publish(await write(folders, '1.0.0'));
  expect(await host.publish(await write(elsewhere, '1.0.0'))).toEqual(first);
  await expect(host.publish(await write(folders, '1.0.0', source('other')))).rejects.toMatchObject({
    code: 'RELEASE_EXISTS',
  });
  expect(host.registrations.releases('calc', { isPlatform: true }).releases).toHaveLength(1);
});

test('what is refused is told with all findings and listed nowhere; what lacks something is not stored', async () => {
  await using host = await start();
  const reads = await write(folders, '1.0.0', "import fs from 'node:fs'; export default { tools: [], fs };");
  await expect(host.publish(reads)).rejects.toMatchObject({ code: 'REVIEW_REFUSED', findings: [{ line: 1 }] });
  expect([host.refused(), host.plugins()]).toEqual([[], []]);
  const needs = await write(folders, '1.0.0', "import { z } from 'zod'; export default z;");
  expect(await host.publish(needs)).toMatchObject({
    state: 'UNAVAILABLE',
    digest: undefined,
    reason: expect.stringContaining('npm install') as string,
  });
  expect(host.plugins()).toEqual([]);
});

test('what came over the admin API needs a stronger sandbox than what the operator named, until he names it, too', async () => {
  await using host = await start({ untrustedMinTier: 'confined' });
  const dir = await write(folders, '1.0.0');
  expect(await host.publish(dir)).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringMatching(/^SANDBOX_TOO_WEAK: .*"confined".*"process".*--accept-weak-sandbox/) as string,
  });
  await host.registrations.enable('calc', { ...acme, isPlatform: true });
  expect(await said(host)).toBe('SANDBOX_TOO_WEAK');
  await host.install(dir, { tenant: 'default' });
  expect([await said(host), await said(host, 'default')]).toEqual(['1.0.0', '1.0.0']);
});

test.each([
  ['confined', 'HOOK_FAILED'],
  ['process', 'HOOK_VETOED'],
] as const)('its hooks, too, are run only where the sandbox is as strong as %s', async (untrustedMinTier, code) => {
  await using host = await start({ untrustedMinTier });
  await host.install(await write(folders, '1.0.0'), acme);
  const gate = `export default { tools: [], hooks: { before_tool_call: () => ({ veto: 'not today' }) } };`;
  const manifest = { hooks: ['before_tool_call'], required_permissions: ['gate'] };
  await host.publish(await folders.write('gate', gate, manifest));
  await host.registrations.enable('gate', { ...acme, grant: ['gate'], isPlatform: true });
  expect(await said(host)).toBe(code);
});

test('a start does not take back what was moved since the folder was installed', async () => {
  const dir = await write(folders, '1.0.0');
  {
    await using first = await start();
    await first.install(dir, { ...acme, mayRecallTrial: true });
    await first.publish(await write(elsewhere, '2.0.0'));
    await first.registrations.upgrade('calc', { ...acme, version: '2.0.0', isPlatform: true });
  }
  {
    await using second = await start();
    await second.install(dir, { ...acme, mayRecallTrial: true });
    expect([await said(second), second.health('calc')?.version]).toEqual(['2.0.0', '2.0.0']);
  }
  await using third = await start();
  await third.install(await write(folders, '3.0.0'), { ...acme, mayRecallTrial: true });
  expect(await said(third)).toBe('3.0.0');
});

async function artifactsOf(): Promise<readonly string[]> {
  const files = await readdir(join(dataDir, 'artifacts'), { recursive: true });
  return files.filter((file) => file.endsWith('.artifact'));
}

test('artifacts that no release names are gone with an uninstall, and those of others stay', async () => {
  await using host = await start();
  await host.publish(await write(folders, '1.0.0'));
  await host.publish(await write(folders, '2.0.0'));
  await expect(host.publish(await write(folders, '1.0.0', source('other')))).rejects.toMatchObject({
    code: 'RELEASE_EXISTS',
  });
  await host.install(await folders.write('other', source('other')));
  expect(await artifactsOf()).toHaveLength(4); // The one that was refused is there until a sweep.
  await host.uninstall('calc');
  const [kept, ...rest] = await artifactsOf();
  expect([kept?.includes(host.registrations.releases('other').releases[0]?.digest ?? '-'), rest]).toEqual([true, []]);
  expect(await host.call({ plugin: 'other', tool: 'version' })).toMatchObject({ ok: true });
});

test('of installs and uninstalls at once no artifact is lost that a release names', async () => {
  await using host = await start();
  const dirs = [await folders.write('a', source('a')), await folders.write('b', source('b'))];
  await host.install(await folders.write('gone', source('gone')));
  await Promise.all([host.publish(dirs[0] ?? ''), host.uninstall('gone'), host.publish(dirs[1] ?? '')]);
  expect(await artifactsOf()).toHaveLength(2);
});
