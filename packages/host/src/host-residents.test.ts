import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  askTool,
  createPluginFolders,
  logTexts,
  openTestHost,
  toolsSource,
  type PluginFolders,
} from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { PluginInstance } from './debug-api.ts';
import { createMemoryStorage } from './storage/memory.ts';

let folders: PluginFolders;

/** Works from the moment that it is loaded, and dies when it is told to. */
const RESIDENT = `
let context: any;
${toolsSource({
  pid: 'return process.pid;',
  wait: 'await new Promise((resolve) => setTimeout(resolve, params.ms)); return process.pid;',
}).replace(
  'export default {',
  `export default { async onLoad(given: any) {
    context = given;
    await context.threads.start('work', () => { context.logger.info('worked'); }, { intervalMs: 20 });
  },`,
)}`;
const DYING = `export default { async onLoad(context: any) {
  await context.threads.start('fuse', async ({ sleep, signal }: any) => { await sleep(50); if (!signal.aborted) process.exit(7); });
} };`;
const MANIFEST = { required_permissions: ['threads'], limits: { instances: 4, concurrency: 1 } };
const GRANT = { grant: ['threads'], tenant: 'default' };

beforeAll(async () => {
  folders = await createPluginFolders();
  await folders.write('resident', RESIDENT, MANIFEST);
  await folders.write('dying', DYING, MANIFEST);
});
afterAll(() => folders[Symbol.asyncDispose]());

async function instancesOf(host: Host, plugin = 'resident', tenant = 'default'): Promise<readonly PluginInstance[]> {
  return (await host.debug(plugin, { tenant, isPlatform: true })).instances;
}

/** Its id, as soon as there is exactly one that serves. */
async function residentOf(host: Host, plugin = 'resident', tenant = 'default'): Promise<string> {
  const serving = async () => (await instancesOf(host, plugin, tenant)).filter(({ state }) => state === 'serving');
  await expect.poll(async () => (await serving()).length, { timeout: 10_000 }).toBe(1);
  return (await serving())[0]?.instance_id ?? '';
}

const goneFrom = (host: Host, tenant = 'default') =>
  expect.poll(async () => (await instancesOf(host, 'resident', tenant)).length, { timeout: 10_000 }).toBe(0);

test('one that was installed for all tenants works for the built-in one at once', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/resident`, { grant: ['threads'] });
  expect(await residentOf(host)).not.toBe('');
});

test('a plugin that was granted threads works as soon as it is enabled, with no call, and lives on uncalled', async () => {
  await using host = await openTestHost({ idleTimeoutMs: 50 });
  await host.install(`${folders.root}/resident`, GRANT);
  const id = await residentOf(host);
  const worked = () => logTexts(host, 'resident').length;
  await expect.poll(worked).toBeGreaterThan(10);
  expect(await residentOf(host)).toBe(id);
  expect(host.health('resident')).toMatchObject({ success_count: 0, error_count: 0, state: 'INITIALIZED' });
});

test('each tenant that has it enabled has one of its own, and one that has not has none', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/resident`, GRANT);
  await residentOf(host);
  await host.registrations.enable('resident', { tenant: 'acme', grant: ['threads'] });
  const acme = await residentOf(host, 'resident', 'acme');
  expect(acme).not.toBe(await residentOf(host));
  await host.registrations.enable('resident', { tenant: 'ungranted' });
  await host.registrations.disable('resident', { tenant: 'acme' });
  await goneFrom(host, 'acme');
  expect(await instancesOf(host, 'resident', 'ungranted')).toEqual([]);
  await host.registrations.enable('resident', { tenant: 'acme' });
  expect(await residentOf(host, 'resident', 'acme')).not.toBe(acme);
});

test('what a tenant no longer grants runs no longer', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/resident`, GRANT);
  await residentOf(host);
  await host.registrations.enable('resident', { grant: [] });
  await goneFrom(host);
  expect(await askTool(host, 'pid', { plugin: 'resident' })).toMatchObject({
    failed: { code: 'PERMISSION_NOT_GRANTED' },
  });
});

test('a tenant has one instance at a time, however many calls come, whatever limits.instances says', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/resident`, GRANT);
  const wait = () => askTool(host, 'wait', { plugin: 'resident', params: { ms: 50 } });
  const pids = await Promise.all(Array.from({ length: 6 }, wait));
  expect(new Set(pids).size).toBe(1);
});

test(
  'a reload, a renewal and an upgrade leave one instance that works, of what runs now',
  { timeout: 60_000 },
  async () => {
    await using host = await openTestHost({ untrustedMinTier: 'process' });
    await host.install(`${folders.root}/resident`, GRANT);
    const first = await residentOf(host);
    await host.renew('resident', 'default');
    await expect.poll(() => residentOf(host), { timeout: 10_000 }).not.toBe(first);
    const second = await residentOf(host);
    await host.reload('resident');
    await expect.poll(() => residentOf(host), { timeout: 10_000 }).not.toBe(second);
    await using newer = await createPluginFolders();
    await host.publish(await newer.write('resident', RESIDENT, { ...MANIFEST, version: '1.1.0' }));
    await host.registrations.upgrade('resident', { version: '1.1.0', isPlatform: true });
    await expect
      .poll(async () => (await instancesOf(host)).map(({ version, state }) => `${version} ${state}`), {
        timeout: 10_000,
      })
      .toEqual(['1.1.0 serving']);
  },
);

test('a host that starts again has its residents without a call', async () => {
  const storage = createMemoryStorage();
  const kept = { ...storage, close: async () => undefined };
  await using data = await createPluginFolders();
  {
    await using host = await openTestHost({ storage: kept, dataDir: data.root });
    await host.install(`${folders.root}/resident`, GRANT);
    await residentOf(host);
  }
  await using again = await openTestHost({ storage: kept, dataDir: data.root });
  expect(await residentOf(again)).not.toBe('');
});

test(
  'one that dies in the background is started again after a delay that grows, and its breaker counts',
  { timeout: 60_000 },
  async () => {
    await using host = await openTestHost();
    await host.install(`${folders.root}/dying`, GRANT);
    const ends = () => logTexts(host, 'dying').filter((line) => line.startsWith('an instance ended'));
    const startedAt = performance.now();
    await expect.poll(() => ends().length, { timeout: 20_000 }).toBe(3);
    // After the first there is 1 s, after the second 2 s.
    expect(performance.now() - startedAt).toBeGreaterThan(3_000);
    expect(host.health('dying', { scope: 'default', showThrownText: true })).toMatchObject({
      state: 'FAILED',
      breaker: expect.stringMatching(/open/),
      error_count: 0,
    });
  },
);
