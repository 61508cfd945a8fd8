import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTool, createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;

/** Uses what it was granted, and says what came of it. */
const CAUGHT = `async function caught(run: () => Promise<any>) {
  try { return await run(); } catch ({ code, message, hint }: any) { return { code, message, hint }; }
}\n`;
const FLEXIBLE = `${CAUGHT}let begun: any;
${toolsSource({
  begun: 'return { begun, pid: process.pid };',
  publish: 'return caught(async () => { await context.events.publish("weather.changed", {}); return "published"; });',
  folder: `return caught(async () => {
    if (context.tempDir === undefined) return 'none';
    const { writeFile } = await import('node:fs/promises');
    await writeFile(context.tempDir + '/a', 'a');
    return 'written';
  });`,
}).replace(
  'export default {',
  `export default { async onLoad({ threads }: any) {
    begun = await caught(async () => { await threads.start('work', () => {}, { intervalMs: 20 }); return 'working'; });
  },`,
)}`;
const OPTIONAL = { optional_permissions: ['events', 'threads', 'temp_dir'] };

beforeAll(async () => {
  folders = await createPluginFolders();
  await folders.write('flexible', FLEXIBLE, OPTIONAL);
});
afterAll(() => folders[Symbol.asyncDispose]());

const ask = (host: Host, tool: string, tenant = 'default') => askTool(host, tool, { plugin: 'flexible', tenant });

test('a plugin runs without what it can do without, and is told what that is and how it is granted', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/flexible`);
  expect(await ask(host, 'publish')).toEqual({
    code: 'PERMISSION_NOT_GRANTED',
    message:
      'plugin "flexible" needs the optional permission "events" for this, which its registration was not granted',
    hint: 'Do without it, or have it granted: `bulkhead enable flexible --grant events`.',
  });
  expect(await ask(host, 'begun')).toMatchObject({ begun: { code: 'PERMISSION_NOT_GRANTED' } });
  expect(await ask(host, 'folder')).toBe('none');
});

test('an operator grants any of what is asked for, needed or not, and nothing else', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/flexible`);
  await host.registrations.enable('flexible', { tenant: 'acme', grant: ['temp_dir', 'events'] });
  expect(await ask(host, 'folder', 'acme')).toBe('written');
  expect(await ask(host, 'publish', 'acme')).toBe('published');
  expect(await ask(host, 'folder', 'other')).toBe('none');
  await expect(host.registrations.enable('flexible', { tenant: 'acme', grant: ['llm'] })).rejects.toThrow(
    'which "flexible" does not ask for; it asks for events, threads, temp_dir',
  );
});

test('an instance begins anew where an optional permission is granted or taken, and what was begun ends', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/flexible`);
  const begun = async () => (await ask(host, 'begun')) as { readonly begun: unknown; readonly pid: number };
  const without = await begun();
  expect(await begun()).toEqual(without);
  await host.registrations.enable('flexible', { grant: ['threads'] });
  const working = await begun();
  expect(working).toEqual({ begun: 'working', pid: expect.not.toBeOneOf([without.pid]) });
  await host.registrations.enable('flexible', { grant: [] });
  expect(await begun()).toMatchObject({ begun: { code: 'PERMISSION_NOT_GRANTED' } });
  const instances = async () => (await host.debug('flexible', { tenant: 'default', isPlatform: true })).instances;
  await expect.poll(async () => (await instances()).length, { timeout: 10_000 }).toBe(1);
});

test('it works in the background for those alone who let it', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/flexible`);
  await host.registrations.enable('flexible', { tenant: 'acme', grant: ['threads'] });
  const countOf = async (tenant: string) =>
    (await host.debug('flexible', { tenant, isPlatform: true })).instances.length;
  await expect.poll(() => countOf('acme'), { timeout: 10_000 }).toBe(1);
  expect(await countOf('default')).toBe(0);
});

test('secrets that it can do without need not be set where it was not granted them', async () => {
  await using host = await openTestHost();
  const source = toolsSource({ names: 'return Object.keys(context.secrets);' });
  const secrets = { WEATHER_KEY: { hosts: ['api.example.com:443'] } };
  await host.install(await folders.write('keyed', source, { secrets, optional_permissions: ['secrets'] }));
  expect(await askTool(host, 'names', { plugin: 'keyed' })).toEqual([]);
  await host.registrations.enable('keyed', { grant: ['secrets'] });
  expect(await askTool(host, 'names', { plugin: 'keyed' })).toMatchObject({ failed: { code: 'SECRET_MISSING' } });
});

test('a tool may need what its plugin can do without: it alone is denied', async () => {
  await using host = await openTestHost();
  const source = `export default { tools: [
    { name: 'plain', description: 'p', parameters: {}, execute: () => 'ran' },
    { name: 'online', description: 'o', parameters: {}, requiredPermissions: ['internet'], execute: () => fetch('https://a.test') },
  ] };`;
  const { findings } = await host.install(
    await folders.write('partly', source, { optional_permissions: ['internet'] }),
  );
  expect(findings).toEqual([]);
  expect(await askTool(host, 'plain', { plugin: 'partly' })).toBe('ran');
  expect(await askTool(host, 'online', { plugin: 'partly' })).toMatchObject({
    failed: { code: 'PERMISSION_NOT_GRANTED', message: expect.stringContaining('the optional permission "internet"') },
  });
});

test('a plugin that cannot be loaded without what it says that it can do without is told so at its trial', async () => {
  await using host = await openTestHost();
  const source = `import { writeFile } from 'node:fs/promises';\nexport default { tools: [], onLoad: () => void writeFile };`;
  const release = await host.install(await folders.write('unable', source, { optional_permissions: ['temp_dir'] }));
  expect(release).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('import of "node:fs/promises"') });
});

test('a newer release that asks for more is not moved to unasked, and is granted no more than is named', async () => {
  await using host = await openTestHost({ untrustedMinTier: 'process' });
  await host.install(`${folders.root}/flexible`, { grant: ['events'], tenant: 'default' });
  await using newer = await createPluginFolders();
  const more = { version: '1.1.0', optional_permissions: ['events', 'threads', 'temp_dir', 'llm'] };
  await host.publish(await newer.write('flexible', FLEXIBLE, more));
  const upgrade = { version: '1.1.0', isPlatform: true };
  await expect(host.registrations.upgrade('flexible', upgrade)).rejects.toMatchObject({
    code: 'CAPABILITY_CHANGE',
    consent: {
      asks_for: { permissions: ['llm'], hosts: [], tools: [] },
      differences: { permissions: { added: [] }, optional_permissions: { added: ['llm'], removed: [] } },
    },
  });
  expect(await host.registrations.upgrade('flexible', { ...upgrade, grant: [] })).toMatchObject({
    plugin_version: '1.1.0',
    granted_permissions: ['events'],
  });
});
