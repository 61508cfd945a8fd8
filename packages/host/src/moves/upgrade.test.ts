import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from '../host.fixture.ts';
import type { Host } from '../host-api.ts';

let host: Host;
let folders: PluginFolders;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

/** Says its version; `slow` says it after a while. */
function source(version: string, more = ''): string {
  const slow = `await new Promise((done) => setTimeout(done, 300)); return '${version}';`;
  return `${toolsSource({ version: `return '${version}';`, slow })}\n${more}`;
}

type Fields = Readonly<Record<string, unknown>>;

/** Installs versions of a plugin for one tenant that is about nothing else, and enables the first of them for acme. */
async function installed(name: string, versions: readonly (readonly [string, Fields?, string?])[]): Promise<void> {
  for (const [version, fields = {}, code = source(version)] of versions) {
    const dir = await folders.write(name, code, { ...fields, version });
    await host.install(dir, { tenant: version === versions[0]?.[0] ? 'acme' : 'bystander' });
  }
}

async function said(name: string, tool = 'version', tenant = 'acme'): Promise<unknown> {
  const outcome = await host.call({ plugin: name, tool, tenant });
  return outcome.ok ? outcome.value : outcome.error.code;
}

const acme = { tenant: 'acme' } as const;

test('an upgrade moves one tenant: new calls go to the new release, those in flight end on the old one', async () => {
  await installed('moves', [['1.0.0'], ['2.0.0']]);
  expect(await said('moves')).toBe('1.0.0'); // Its guest is there, so that the next call begins at once.
  const inFlight = said('moves', 'slow');
  await expect.poll(() => host.health('moves')?.state).toBe('RUNNING');
  const row = await host.registrations.upgrade('moves', { ...acme, version: '2.0.0', gate: 'none', by: 'token 1' });
  expect(row).toMatchObject({ tenant_id: 'acme', plugin_version: '2.0.0', enabled: true });
  expect(await said('moves')).toBe('2.0.0');
  expect(await inFlight).toBe('1.0.0');
  expect(host.registrations.releases('moves', acme)).toMatchObject({
    current: '2.0.0',
    moves: [{ kind: 'upgrade', from_version: '1.0.0', to_version: '2.0.0', actor: 'token 1', reason: null }],
  });
  expect(await host.registrations.upgrade('moves', { ...acme, version: '2.0.0' })).toEqual(row);
});

test('where nobody runs the release that a tenant left, it ends, and health shows the one that runs', async () => {
  await installed('leaves', [['1.0.0'], ['2.0.0']]);
  await host.registrations.upgrade('leaves', { ...acme, version: '2.0.0' });
  await host.registrations.rollback('leaves', acme);
  await host.registrations.disable('leaves', { tenant: 'bystander' });
  expect([await said('leaves'), await said('leaves', 'version', 'bystander')]).toEqual(['1.0.0', 'PLUGIN_DISABLED']);
  await host.registrations.rollback('leaves', { tenant: 'bystander', version: '1.0.0', isPlatform: true });
  expect(host.health('leaves')).toMatchObject({ version: '1.0.0', state: 'INITIALIZED' });
});

test.each([
  ['throws at import', "throw new Error('no weights in this build');", /LOAD_FAILED: .*no weights in this build/],
  ['exits while it loads', 'process.exit(0);', /INIT_EXITED: .*exit code 0/],
])('a release that %s fails its trial, and nothing has changed', async (how, more, said_) => {
  const name = `p-${how.replaceAll(' ', '-')}`;
  await installed(name, [['1.0.0'], ['2.0.0', {}, source('2.0.0', more)]]);
  const before = host.registrations.of('acme');
  await expect(host.registrations.upgrade(name, { ...acme, version: '2.0.0' })).rejects.toMatchObject({
    code: 'TRIAL_FAILED',
    message: expect.stringMatching(said_) as string,
  });
  expect(host.registrations.of('acme')).toEqual(before);
  expect(await said(name)).toBe('1.0.0');
  expect(host.registrations.releases(name, acme).moves).toEqual([]);
  await host.registrations.upgrade(name, { ...acme, version: '2.0.0', gate: 'none' });
  expect(host.registrations.releases(name, acme)).toMatchObject({ current: '2.0.0' });
});

test('the trial is with the tenant’s configuration, which the new release judges', async () => {
  const strict = { config_schema: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } } };
  const needs = `export const needs = 1;`;
  const picky = toolsSource({ version: `return '2.0.0';` }).replace(
    'export default { tools:',
    `export default { onLoad(context: any) { if (context.config.key !== 'right') throw new Error('wrong key'); }, tools:`,
  );
  await installed('picky', [['1.0.0'], ['2.0.0', { ...strict, config: { key: 'right' } }, `${picky}\n${needs}`]]);
  const attempt = () => host.registrations.upgrade('picky', { ...acme, version: '2.0.0' });
  await host.registrations.configure('picky', { key: 1 }, acme);
  await expect(attempt()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: 'config: "/key" must be string' });
  await host.registrations.configure('picky', { key: 'wrong' }, acme);
  await expect(attempt()).rejects.toMatchObject({
    code: 'TRIAL_FAILED',
    message: expect.stringContaining('wrong key') as string,
  });
  await host.registrations.configure('picky', { key: 'right' }, acme);
  expect(await attempt()).toMatchObject({ plugin_version: '2.0.0' });
});

test('what asks for more waits for consent, which says what is granted; coming back gives back what was', async () => {
  await installed('asks', [
    ['1.0.0', { required_permissions: ['temp_dir', 'events'] }],
    ['2.0.0', { required_permissions: ['temp_dir', 'llm', 'threads'] }],
  ]);
  await host.registrations.enable('asks', { ...acme, grant: ['temp_dir', 'events'] });
  const upgrade = (grant?: readonly string[]) =>
    host.registrations.upgrade('asks', { ...acme, version: '2.0.0', ...(grant !== undefined && { grant }) });
  await expect(upgrade()).rejects.toMatchObject({
    code: 'CAPABILITY_CHANGE',
    message: 'asks 2.0.0 asks for the permissions llm, threads, which 1.0.0 did not',
    hint: expect.stringContaining('"grant": ["llm","threads"]') as string,
    consent: {
      asks_for: { permissions: ['llm', 'threads'], hosts: [], tools: [] },
      differences: { permissions: { added: ['llm', 'threads'], removed: ['events'] } },
    },
  });
  await expect(upgrade(['internet'])).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(await upgrade(['llm'])).toMatchObject({ granted_permissions: ['temp_dir', 'llm'] });
  expect(await said('asks')).toBe('PERMISSION_NOT_GRANTED');
  expect(await host.registrations.rollback('asks', acme)).toMatchObject({
    granted_permissions: ['temp_dir', 'events'],
  });
  expect(await upgrade([])).toMatchObject({ plugin_version: '2.0.0', granted_permissions: ['temp_dir'] });
});

test('a release that a tenant may not see is not there, in the words of one that is nowhere', async () => {
  await installed('hidden', [['1.0.0'], ['2.0.0']]);
  await host.registrations.offer('hidden', '2.0.0', { tenants: ['bystander'] });
  const { registrations } = host;
  for (const version of ['2.0.0', '3.0.0'])
    for (const attempt of [
      registrations.upgrade('hidden', { ...acme, version }),
      registrations.rollback('hidden', { ...acme, version }),
      registrations.compare('hidden', version, acme),
    ])
      await expect(attempt).rejects.toMatchObject({
        code: 'RELEASE_NOT_FOUND',
        message: `Plugin 'hidden' has no release ${version}`,
      });
  expect(registrations.releases('hidden', acme).releases.map(({ manifest }) => manifest.version)).toEqual(['1.0.0']);
  await registrations.offer('hidden', '2.0.0', { tenants: ['bystander', 'acme'] });
  expect(await registrations.compare('hidden', '2.0.0', acme)).toMatchObject({
    isCurrent: false,
    differences: { from_version: '1.0.0', to_version: '2.0.0', tools: { added: [], removed: [], changed: [] } },
  });
  await registrations.upgrade('hidden', { ...acme, version: '2.0.0' });
  await registrations.offer('hidden', '2.0.0', { tenants: [] });
  await registrations.rollback('hidden', acme);
  expect(await registrations.rollback('hidden', { ...acme, version: '2.0.0' })).toMatchObject({
    plugin_version: '2.0.0',
  });
});

test('a revision that is expected and not there, a gate that is not installed, and no release to go back to are told', async () => {
  await installed('refuses', [['1.0.0'], ['2.0.0']]);
  const { registrations } = host;
  const refusals = [
    [registrations.upgrade('refuses', { ...acme, version: '2.0.0', expected: 1 }), 'REVISION_CONFLICT'],
    [registrations.rollback('refuses', { ...acme, version: '2.0.0', expected: 1 }), 'REVISION_CONFLICT'],
    [host.gate.begin({ ...acme, plugin: 'refuses', version: '2.0.0', kind: 'upgrade' }), 'GUARD_NOT_INSTALLED'],
    [registrations.rollback('refuses', acme), 'RELEASE_NOT_FOUND'],
    [registrations.upgrade('refuses', { tenant: 'nobody', version: '2.0.0' }), 'PLUGIN_NOT_FOUND'],
    [registrations.rollback('refuses', { tenant: 'nobody' }), 'PLUGIN_NOT_FOUND'],
  ] as const;
  for (const [attempt, code] of refusals) await expect(attempt).rejects.toMatchObject({ code });
  expect(await said('refuses')).toBe('1.0.0');
});

test('what an administrator changes while a release is tried is not lost, and is judged, too', async () => {
  await installed('races', [['1.0.0'], ['2.0.0']]);
  const upgrading = host.registrations.upgrade('races', { ...acme, version: '2.0.0' });
  await host.registrations.configure('races', { precision: 3 }, acme);
  expect(await upgrading).toMatchObject({ plugin_version: '2.0.0', config: { precision: 3 } });
});

test('of two upgrades at once of one tenant both are answered, and one move is written', async () => {
  await installed('twice', [['1.0.0'], ['2.0.0']]);
  const upgrade = () => host.registrations.upgrade('twice', { ...acme, version: '2.0.0' });
  const rows = await Promise.all([upgrade(), upgrade(), upgrade()]);
  expect(rows.map(({ plugin_version }) => plugin_version)).toEqual(['2.0.0', '2.0.0', '2.0.0']);
  expect(host.registrations.releases('twice', acme).moves).toHaveLength(1);
});

test('[X003-6] enabling again takes the newest release, but moves none that is enabled, and none to what asks for more', async () => {
  await installed('again', [['1.0.0'], ['2.0.0'], ['3.0.0', { required_permissions: ['llm'] }]]);
  const enable = (grant?: readonly string[]) =>
    host.registrations.enable('again', { ...acme, ...(grant !== undefined && { grant }) });
  await host.registrations.offer('again', '3.0.0', { tenants: ['bystander'] });
  expect(await enable()).toMatchObject({ plugin_version: '1.0.0' });
  await host.registrations.disable('again', acme);
  expect(await enable()).toMatchObject({ plugin_version: '2.0.0' });
  expect(await said('again')).toBe('2.0.0');
  await host.registrations.offer('again', '3.0.0', { tenants: ['*'] });
  await host.registrations.disable('again', acme);
  expect(await enable()).toMatchObject({ plugin_version: '2.0.0' });
  await host.registrations.disable('again', acme);
  expect(await enable(['llm'])).toMatchObject({ plugin_version: '3.0.0', granted_permissions: ['llm'] });
  expect(host.registrations.releases('again', acme).moves.map(({ kind }) => kind)).toEqual(['enable', 'enable']);
});
