import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { createFailingStorage } from './storage/failing.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

let folders: PluginFolders;
let storage: Storage;
let dataDir: string;

beforeEach(async () => {
  folders = await createPluginFolders();
  storage = { ...createMemoryStorage(), close: async () => undefined };
  dataDir = join(folders.root, 'data');
});
afterEach(() => folders[Symbol.asyncDispose]());

/** Starts a host on what the one before has left. */
const start = (options: HostOptions = {}): Promise<Host> => openTestHost({ dataDir, storage, ...options });

const ANSWER = toolsSource({ answer: 'return context.config.answer;' });
const MANIFEST = { config: { answer: 42 } };
const CALL = { plugin: 'kept', tool: 'answer', tenant: 'acme' };

async function startsOf(host: Host): Promise<string | undefined> {
  return /^sandbox_start_seconds_count.* (\d+)$/m.exec(await host.metrics())?.[1];
}

test('what is registered for a tenant is there after a restart, with its config, though its folder is gone', async () => {
  {
    await using first = await start();
    await first.install(await folders.write('kept', ANSWER, MANIFEST), { tenant: 'acme' });
    await first.registrations.configure('kept', { answer: 7 }, { tenant: 'acme' });
  }
  await rm(join(folders.root, 'kept'), { recursive: true });
  await using second = await start();
  expect(second.plugins()).toMatchObject([{ name: 'kept', state: 'INITIALIZED', version: '1.0.0' }]);
  expect(second.tools('acme').map(({ name }) => name)).toEqual(['answer']);
  expect(await startsOf(second)).toBeUndefined(); // Its trial was on record.
  expect(await second.call(CALL)).toMatchObject({ ok: true, value: 7 });
  expect(await second.call({ ...CALL, tenant: 'other' })).toMatchObject({ error: { code: 'PLUGIN_NOT_FOUND' } });
});

test('two tenants that run two versions each run theirs after a restart', async () => {
  {
    await using first = await start();
    for (const [tenant, version] of [
      ['old', '1.0.0'],
      ['new', '2.0.0'],
    ] as const)
      await first.install(await folders.write('kept', ANSWER, { config: { answer: version }, version }), { tenant });
  }
  await using second = await start();
  for (const [tenant, version] of [
    ['old', '1.0.0'],
    ['new', '2.0.0'],
  ])
    expect(await second.call({ ...CALL, tenant: tenant ?? '' })).toMatchObject({ value: version, call: { version } });
  expect(second.plugins()).toMatchObject([{ name: 'kept', version: '2.0.0' }]);
});

test('a folder that was installed before is installed again with no trial where its record is believed, else with one', async () => {
  const dir = await folders.write('kept', ANSWER, MANIFEST);
  {
    await using first = await start();
    await first.install(dir);
    expect(await startsOf(first)).toBe('1');
  }
  await using second = await start();
  expect(await second.install(dir, { mayRecallTrial: true })).toMatchObject({ state: 'INITIALIZED' });
  expect(await startsOf(second)).toBeUndefined();
  expect(second.tools().map(({ name }) => name)).toEqual(['answer']);
  expect(await second.reload('kept')).toMatchObject({ state: 'INITIALIZED' });
  expect(await startsOf(second)).toBe('1');
});

test('a host that ends soon and keeps nothing believes the user’s own notes of an install, at a start alone', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(folders.root, 'cache'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const open = (): Promise<Host> => openTestHost({ measured: 'lately' });
  const dir = await folders.write('kept', ANSWER, MANIFEST);
  {
    await using first = await open();
    await first.install(dir, { mayRecallTrial: true });
    expect(await startsOf(first)).toBe('1');
  }
  {
    await using second = await open();
    await second.install(dir, { mayRecallTrial: true });
    expect(await startsOf(second)).toBeUndefined();
    expect(await second.call({ ...CALL, tenant: 'default' })).toMatchObject({ ok: true, value: 42 });
  }
  await using third = await open();
  await third.install(dir);
  expect(await startsOf(third)).toBe('1');
});

test('a trial that failed is not believed: what failed may have been mended', async () => {
  const code = `${ANSWER}\nif (process.pid) throw new Error('no weights in this build');`;
  const dir = await folders.write('kept', code);
  for (const _ of [1, 2]) {
    await using host = await start();
    expect(await host.install(dir, { mayRecallTrial: true })).toMatchObject({ state: 'FAILED' });
    expect(await host.call({ plugin: 'kept', tool: 'answer' })).toMatchObject({ error: { code: 'LOAD_FAILED' } });
  }
});

test('an artifact that is gone makes its plugin UNAVAILABLE with the cure, and a new install mends it', async () => {
  const dir = await folders.write('kept', ANSWER, MANIFEST);
  {
    await using first = await start();
    await first.install(dir, { tenant: 'acme' });
  }
  await rm(join(dataDir, 'artifacts'), { recursive: true });
  await using second = await start();
  expect(second.plugins()).toMatchObject([{ name: 'kept', state: 'UNAVAILABLE' }]);
  expect(second.health('kept')?.reason).toMatch(/^ARTIFACT_MISSING: .*Install the plugin again/);
  expect(await second.call(CALL)).toMatchObject({ error: { code: 'PLUGIN_UNAVAILABLE' } });
  await second.install(dir, { tenant: 'acme' });
  expect(await second.call(CALL)).toMatchObject({ ok: true, value: 42 });
});

test('a plugin whose folder has moved since the last start is installed from its new place', async () => {
  {
    await using first = await start();
    await first.install(await folders.write('kept', ANSWER, MANIFEST), { tenant: 'acme' });
  }
  await using elsewhere = await createPluginFolders();
  await using second = await start();
  const moved = await elsewhere.write('kept', ANSWER, MANIFEST);
  expect(await second.install(moved, { tenant: 'acme' })).toMatchObject({ state: 'INITIALIZED', version: '1.0.0' });
  expect(await second.call(CALL)).toMatchObject({ ok: true });
});

test('a storage is opened once the data directory is held, and one that cannot be opened ends the start', async () => {
  await using first = await start();
  let isOpened = false;
  const open = async (): Promise<Storage> => {
    isOpened = true;
    return storage;
  };
  await expect(openTestHost({ dataDir, storage: open })).rejects.toMatchObject({ code: 'DATA_LOCKED' });
  expect([isOpened, first.plugins()]).toEqual([false, []]);
  const failing = createFailingStorage(createMemoryStorage());
  failing.fail();
  await expect(openTestHost({ storage: failing })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});

test('a plugin that is withdrawn goes on for those who have it enabled, and is forgotten once nobody has', async () => {
  await using first = await start();
  const dir = await folders.write('kept', ANSWER, MANIFEST);
  for (const tenant of ['default', 'acme']) await first.install(dir, { tenant });
  await first.registrations.configure('kept', { answer: 7 });
  await first.withdraw('kept', 'default', 'serve');
  expect(await first.call({ ...CALL, tenant: 'default' })).toMatchObject({ error: { code: 'PLUGIN_DISABLED' } });
  expect(await first.call(CALL)).toMatchObject({ value: 42 });
  await first.withdraw('kept', 'acme');
  await first.withdraw('unknown', 'acme');
  expect(first.plugins()).toEqual([]);
  await first.close();

  await using second = await start();
  expect(second.plugins()).toEqual([]);
  expect(second.registrations.of()).toMatchObject([{ plugin_name: 'kept', enabled: false, config: { answer: 7 } }]);
  await second.install(dir, { tenant: 'default' });
  expect(await second.call({ ...CALL, tenant: 'default' })).toMatchObject({ value: 7 });
});

test('a plugin of an earlier start is read again for the tenant that has it, and for nobody else', async () => {
  const dir = await folders.write('kept', ANSWER, MANIFEST);
  {
    await using first = await start();
    await first.install(dir, { tenant: 'default' });
  }
  await using second = await start();
  await folders.write('kept', ANSWER, { config: { answer: 43 }, version: '1.1.0' });
  expect(await second.reload('kept')).toMatchObject({ version: '1.1.0' });
  expect(await second.call({ ...CALL, tenant: 'default' })).toMatchObject({ value: 43 });
  expect(await second.call(CALL)).toMatchObject({ error: { code: 'PLUGIN_NOT_FOUND' } });
});
