import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

const SECRETS = { API_KEY: { hosts: ['api.example.com:443'] } };
const CALL = { plugin: 'weather', tool: 'ask' };

let host: Host;
let folders: PluginFolders;
beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  const source = toolsSource({ ask: 'return process.pid;' });
  await host.install(await folders.write('weather', source, { secrets: SECRETS }));
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

test('a tenant without a declared secret is told which and how to set it, and nothing is loaded for it', async () => {
  const outcome = await host.call({ ...CALL, tenant: 'acme' });
  expect(outcome).toMatchObject({
    ok: false,
    error: {
      kind: 'unavailable',
      code: 'SECRET_MISSING',
      message: 'plugin "weather" needs the secret "API_KEY", which is not set for this tenant',
      hint: 'Set it: `bulkhead secrets set weather API_KEY`.',
      retryable: false,
    },
    call: { instance_id: null },
  });
  expect(await host.metrics()).toMatch(/sandbox_guests\{state="idle"\} 0/);
});

test('with the secret set the next call runs, and other tenants are where they were', async () => {
  await host.secrets.set('weather', { name: 'API_KEY', value: 'a-value' }, { tenant: 'acme' });
  expect(await host.call({ ...CALL, tenant: 'acme' })).toMatchObject({ ok: true });
  expect(await host.call({ ...CALL, tenant: 'other' })).toMatchObject({ error: { code: 'SECRET_MISSING' } });
  expect(host.health('weather')).toMatchObject({ state: 'INITIALIZED', error_count: 0 });
});

test('once it is removed calls are refused again, also where a guest runs', async () => {
  await host.secrets.set('weather', { name: 'API_KEY', value: 'a-value' }, { tenant: 'brief' });
  expect(await host.call({ ...CALL, tenant: 'brief' })).toMatchObject({ ok: true });
  await host.secrets.remove('weather', 'API_KEY', { tenant: 'brief' });
  expect(await host.call({ ...CALL, tenant: 'brief' })).toMatchObject({ error: { code: 'SECRET_MISSING' } });
});

test('a permission that was not granted is told before a secret that is missing', async () => {
  const source = toolsSource({ ask: 'return 1;' });
  const manifest = { secrets: SECRETS, required_permissions: ['secrets'] };
  await host.install(await folders.write('careful', source, manifest));
  const call = { plugin: 'careful', tool: 'ask', tenant: 'acme' };
  expect(await host.call(call)).toMatchObject({ error: { code: 'PERMISSION_NOT_GRANTED' } });
  await host.registrations.enable('careful', { tenant: 'acme', grant: ['secrets'] });
  expect(await host.call(call)).toMatchObject({ error: { code: 'SECRET_MISSING' } });
});

test('to a tenant that has yet to set a secret the plugin is UNAVAILABLE with the command that cures it, and to nobody else', async () => {
  const seenBy = (scope: string) => host.health('weather', { scope, showThrownText: false });
  expect(seenBy('sees')).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringMatching(/SECRET_MISSING.*"API_KEY".*bulkhead secrets set weather API_KEY/),
  });
  await host.secrets.set('weather', { name: 'API_KEY', value: 'a-value' }, { tenant: 'sees' });
  expect(seenBy('sees')).toMatchObject({ state: 'INITIALIZED' });
  expect(seenBy('sees')).not.toHaveProperty('reason');
  const list = host.plugins({ scope: 'blind', showThrownText: false });
  expect(list.find(({ name }) => name === 'weather')).toMatchObject({ state: 'UNAVAILABLE' });
  expect(host.plugins().find(({ name }) => name === 'weather')).toMatchObject({ state: 'INITIALIZED' });
});

test('a hook of a plugin without its secret is not asked: one that guards keeps the call back, another lets it pass', async () => {
  const hook = "export default { hooks: { before_tool_call: (data: any) => ({ veto: 'asked' }) } };";
  const manifest = { secrets: SECRETS, hooks: ['before_tool_call'], required_permissions: ['gate'] };
  await host.install(await folders.write('guard', hook, manifest), { tenant: 'guarded', grant: ['gate'] });
  await host.install(await folders.write('free', toolsSource({ ask: 'return 1;' })), { tenant: 'guarded' });
  const call = { plugin: 'free', tool: 'ask', tenant: 'guarded' };
  expect(await host.call(call)).toMatchObject({
    error: { code: 'HOOK_FAILED', message: expect.stringContaining('guard') },
  });
  await host.secrets.set('guard', { name: 'API_KEY', value: 'a-value' }, { tenant: 'guarded' });
  expect(await host.call(call)).toMatchObject({ error: { code: 'HOOK_VETOED' } });
  await host.secrets.remove('guard', 'API_KEY', { tenant: 'guarded' });
  await host.registrations.enable('guard', { tenant: 'guarded', grant: [] });
  expect(await host.call(call)).toMatchObject({ ok: true });
});

test('the embedding API gives no way to a value', () => {
  expect(Object.keys(host.secrets).toSorted()).toEqual(['list', 'remove', 'rotate', 'set']);
});

test('the audit log of a host is read by tenant, and holds', async () => {
  const lines = await host.audit.list({ tenant: 'brief', rowsMax: 10 });
  expect(lines.map(({ action }) => action)).toEqual(['secret.set', 'secret.remove']);
  expect(await host.audit.verify()).toMatchObject({ ok: true, fault: null });
});

test('a data directory gets a key of its owner alone with the first secret, and not before', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'bulkhead-data-'));
  await using durable = await openTestHost({ dataDir });
  await durable.install(join(folders.root, 'weather'));
  const path = join(dataDir, 'secrets.key');
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  await durable.secrets.set('weather', { name: 'API_KEY', value: 'a-value' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await durable.close();
  await rm(dataDir, { recursive: true });
});

test('a host that is given a key that is none does not start', async () => {
  await expect(openTestHost({ secretsKeys: ['too short'] })).rejects.toMatchObject({ code: 'SECRETS_KEY_UNUSABLE' });
});
