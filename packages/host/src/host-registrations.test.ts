import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let host: Host;
let folders: PluginFolders;

const MANIFEST = {
  config: { precision: 2 },
  config_schema: {
    type: 'object',
    properties: { precision: { type: 'integer', minimum: 0 } },
    additionalProperties: false,
  },
  required_permissions: ['internet', 'math:calculate'],
};

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  const source = toolsSource({ config: 'return context.config;', who: 'return process.pid;', slow: SLOW });
  await host.install(await folders.write('configured', source, MANIFEST), { grant: ['internet'] });
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

/** Reads its configuration before and after it waited. */
const SLOW =
  'const before = context.config; await new Promise((r) => setTimeout(r, 300)); return [before, context.config];';

async function valueOf(tool: string, tenant: string): Promise<unknown> {
  const outcome = await host.call({ plugin: 'configured', tool, tenant });
  return outcome.ok ? outcome.value : outcome.error.code;
}

test('a registration of its own has the newest release, what was granted, and the config that it was given', async () => {
  const row = await host.registrations.enable('configured', {
    tenant: 'acme',
    grant: ['internet'],
    config: { precision: 5 },
  });
  expect(row).toMatchObject({ tenant_id: 'acme', plugin_name: 'configured', plugin_version: '1.0.0', enabled: true });
  expect(host.registrations.of('acme')).toEqual([row]);
  expect([await valueOf('config', 'acme'), await valueOf('config', 'other')]).toEqual([
    { precision: 5 },
    { precision: 2 },
  ]);
});

test('a scope that the release asks for may be named in a grant, and is kept', async () => {
  const grant = ['internet', 'math:calculate'];
  expect(await host.registrations.enable('configured', { tenant: 'scoped', grant })).toMatchObject({
    granted_permissions: grant,
  });
});

test('a new configuration reaches the guest that runs, also in a call that is under way, and no other tenant', async () => {
  await host.registrations.enable('configured', { tenant: 'live', grant: ['internet'], config: { precision: 1 } });
  const pid = await valueOf('who', 'live');
  const underWay = valueOf('slow', 'live');
  await expect.poll(() => host.health('configured')?.state).toBe('RUNNING');
  await host.registrations.configure('configured', { precision: 9 }, { tenant: 'live' });
  expect(await underWay).toEqual([{ precision: 1 }, { precision: 9 }]);
  expect([await valueOf('config', 'live'), await valueOf('who', 'live')]).toEqual([{ precision: 9 }, pid]);
  expect(await valueOf('config', 'other')).toEqual({ precision: 2 });
});

test('a disabled plugin is refused for its tenant alone, and keeps its config for the next enabling [X004-3]', async () => {
  await host.registrations.enable('configured', { tenant: 'off', grant: ['internet'], config: { precision: 7 } });
  await host.registrations.disable('configured', { tenant: 'off' });
  expect([await valueOf('config', 'off'), await valueOf('config', 'other')]).toEqual([
    'PLUGIN_DISABLED',
    { precision: 2 },
  ]);
  await host.registrations.enable('configured', { tenant: 'off' });
  expect(await valueOf('config', 'off')).toEqual({ precision: 7 });
});

test('what is enabled without a grant cannot be called, and says what would grant it', async () => {
  const row = await host.registrations.enable('configured', { tenant: 'ungranted' });
  expect(row.granted_permissions).toEqual([]);
  expect(await valueOf('config', 'ungranted')).toBe('PERMISSION_NOT_GRANTED');
});

test.each([
  [{ precision: -1 }, 'config: "/precision" must be >= 0'],
  [{ percision: 1 }, 'must NOT have additional properties'],
  [{ precision: '2' }, 'config: "/precision" must be integer'],
])('a config that does not fit its schema, %j, is refused and changes nothing', async (config, said) => {
  await host.registrations.enable('configured', { tenant: 'judged', grant: ['internet'], config: { precision: 4 } });
  const attempts = [
    host.registrations.configure('configured', config, { tenant: 'judged' }),
    host.registrations.enable('configured', { tenant: 'judged', config }),
  ];
  for (const attempt of attempts)
    await expect(attempt).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(said) as string,
    });
  expect(await valueOf('config', 'judged')).toEqual({ precision: 4 });
});

test('what is not there, or not asked for, is refused in the words of the contract', async () => {
  const { registrations } = host;
  await expect(registrations.enable('ghost')).rejects.toThrow("Plugin 'ghost' not found in registry");
  for (const attempt of [
    registrations.disable('configured', { tenant: 'none' }),
    registrations.configure('configured', {}, { tenant: 'none' }),
  ])
    await expect(attempt).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      message: "Plugin 'configured' is not registered for this tenant",
    });
  await expect(registrations.enable('configured', { grant: ['llm'] })).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: 'grant names "llm", which "configured" does not ask for; it asks for internet, math:calculate',
  });
});
