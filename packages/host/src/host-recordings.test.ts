import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import { createFailingStorage, type FailingStorage } from './storage/failing.ts';
import { createMemoryStorage } from './storage/memory.ts';

let host: Host;
let folders: PluginFolders;
let storage: FailingStorage;

beforeAll(async () => {
  folders = await createPluginFolders();
  storage = createFailingStorage(createMemoryStorage());
  host = await openTestHost({ storage });
  const tools = { echo: 'return params', fail: "throw new Error('no')" };
  for (const name of ['calc', 'other']) await host.install(await folders.write(name, toolsSource(tools)));
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

let tenants = 0;

/** A tenant that has the plugin. */
async function newTenant(plugin = 'calc'): Promise<string> {
  const { id } = await host.tenants.create({ name: `tenant ${(tenants += 1)}` });
  await host.registrations.enable(plugin, { tenant: id, isPlatform: true });
  return id;
}

function call(tenant: string, tool = 'echo', params: object = { a: 1 }): ReturnType<Host['call']> {
  return host.call({ plugin: 'calc', tool, params, tenant });
}

test('nothing is recorded unless a share is asked for, and then what the plugin was asked and answered is', async () => {
  const tenant = await newTenant();
  await call(tenant);
  expect(host.recordings.share({ plugin: 'calc', tenant })).toBe(0);
  await host.recordings.setShare('calc', 1, { tenant });
  const [{ call: told }] = [await call(tenant, 'echo', { password: 'hunter2', a: 1 }), await call(tenant, 'fail')];
  await call(tenant, 'nothing');
  const [failed, echoed, ...rest] = await host.recordings.list({ plugin: 'calc', tenant });
  expect(rest).toEqual([]);
  expect(echoed).toMatchObject({
    ...{ id: told.call_id, tenant_id: tenant, plugin_version: '1.0.0', tool: 'echo', outcome: 'ok', code: null },
    params: { password: '[REDACTED]', a: 1 },
    result: { value: { password: '[REDACTED]', a: 1 } },
  });
  expect(failed).toMatchObject({ tool: 'fail', outcome: 'tool_error', code: 'PLUGIN_THREW', result: null });
  expect(await host.recordings.count({ plugin: 'calc', tenant })).toEqual([
    { tool: 'echo', calls: 1 },
    { tool: 'fail', calls: 1 },
  ]);
  expect(await host.recordings.list({ plugin: 'calc', tenant, tool: 'fail', limit: 5 })).toEqual([failed]);
});

test('a share is one tenant’s and plugin’s, and ends with 0', async () => {
  const [recorded, other] = [await newTenant(), await newTenant()];
  await host.recordings.setShare('calc', 1, { tenant: recorded });
  await call(recorded);
  await call(other);
  await host.recordings.setShare('calc', 0, { tenant: recorded });
  await call(recorded);
  expect(await host.recordings.count({ plugin: 'calc', tenant: recorded })).toEqual([{ tool: 'echo', calls: 1 }]);
  expect(await host.recordings.count({ plugin: 'calc', tenant: other })).toEqual([]);
});

test('what was recorded is forgotten where that is asked for, and with its tenant', async () => {
  const tenant = await newTenant();
  await host.recordings.setShare('calc', 1, { tenant });
  await call(tenant);
  await host.recordings.remove('calc', { tenant });
  expect(await host.recordings.list({ plugin: 'calc', tenant })).toEqual([]);
  expect(host.recordings.share({ plugin: 'calc', tenant })).toBe(1);
  await call(tenant);
  expect(await host.recordings.list({ plugin: 'calc', tenant })).toHaveLength(1);
  await host.tenants.remove(tenant);
  expect(await host.recordings.list({ plugin: 'calc', tenant })).toEqual([]);
  expect(host.recordings.share({ plugin: 'calc', tenant })).toBe(0);
});

test('the share and the forgetting are lines of the audit log', async () => {
  const tenant = await newTenant();
  await host.recordings.setShare('calc', 0.5, { tenant, by: 'token 1' });
  await host.recordings.setShare('calc', 0.5, { tenant, by: 'token 2' });
  await host.recordings.remove('calc', { tenant, by: 'token 3' });
  const lines = await host.audit.list({ tenant, rowsMax: 10 });
  expect(lines.slice(-2)).toMatchObject([
    { actor: 'token 1', action: 'plugin.recording_update', resource: 'plugin calc', details: { share: 0.5 } },
    { actor: 'token 3', action: 'plugin.recording_forget' },
  ]);
});

test.each([-0.1, 1.1, Number.NaN])('a share of %s is none', async (share) => {
  await expect(host.recordings.setShare('calc', share)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});

test('without a registration there is nothing to record, and a limit has its bounds', async () => {
  const tenant = await newTenant();
  const refusal = { code: 'PLUGIN_NOT_FOUND' };
  await expect(host.recordings.setShare('other', 1, { tenant })).rejects.toMatchObject(refusal);
  await expect(host.recordings.remove('other', { tenant })).rejects.toMatchObject(refusal);
  for (const limit of [0, 1_001, 1.5])
    await expect(host.recordings.list({ plugin: 'calc', limit })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});

test('a storage that is away costs recordings and no call', async () => {
  const tenant = await newTenant();
  await host.recordings.setShare('calc', 1, { tenant });
  storage.fail();
  expect(await call(tenant)).toMatchObject({ ok: true });
  expect(await call(tenant, 'echo', { text: 'x'.repeat(70_000) })).toMatchObject({ ok: true });
  storage.mend();
  expect(await host.recordings.count({ plugin: 'calc', tenant })).toEqual([{ tool: 'echo', calls: 1 }]);
  expect(await host.metrics()).toMatch(/call_recordings_total\{outcome="too_large"\} 1\n/);
});
