import { TIERS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTool, createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import { tierObstacle } from './sandbox/process/command.ts';
import { findToolset } from './sandbox/process/toolset.ts';

let folders: PluginFolders;

const SOURCE = `import { readdir, writeFile } from 'node:fs/promises';
import * as fs from 'node:fs';
let given: any;
const tool = (name: string, body: any) => ({ name, description: name, parameters: { type: 'object' }, execute: async (params: any, context: any) => body(params, context.tempDir) });
export default {
  onLoad(context: any) { given = context.tempDir; },
  tools: [
    tool('where', async (params: any, dir: string) => ({ dir: dir ?? null, isSame: given === dir, found: dir === undefined ? [] : await readdir(dir) })),
    tool('write', (params: any, dir: string) => writeFile(dir + '/' + params.name, 'x')),
    tool('read', async (params: any) => { try { return await readdir(params.path); } catch (error: any) { return error.code; } }),
    tool('fill', async (params: any, dir: string) => { for (let i = 0; i < 2000; i += 1) fs.writeFileSync(dir + '/' + i, ''); await new Promise((resolve) => setTimeout(resolve, 5000)); return 'filled'; }),
  ],
};`;
const PLAIN = `export default { tools: [{ name: 'where', description: 'd', parameters: { type: 'object' }, execute: async (params: any, context: any) => ({ dir: context.tempDir ?? null }) }] };`;
const ASKS = { required_permissions: ['temp_dir'] };
const GRANT = { grant: ['temp_dir'] };

beforeAll(async () => {
  folders = await createPluginFolders();
  await folders.write('files', SOURCE, ASKS);
  await folders.write('once', SOURCE, { ...ASKS, sandbox: { scope: 'call' } });
  await folders.write('shared', PLAIN, { ...ASKS, sandbox: { scope: 'shared' } });
  await folders.write('plain', PLAIN);
  await folders.write('unasked', SOURCE);
});
afterAll(() => folders[Symbol.asyncDispose]());

type Where = { readonly dir: string | null; readonly isSame: boolean; readonly found: readonly string[] };

const toolset = await findToolset();

test.each(TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined))(
  'at tier %s each tenant’s instance has a folder of its own, which onLoad and calls see [DESIGN 8]',
  { timeout: 60_000 },
  async (tier) => {
    await using host = await openTestHost({ tierMax: tier });
    await host.install(`${folders.root}/files`, { ...GRANT, tenant: 'acme' });
    await host.registrations.enable('files', { ...GRANT, tenant: 'rival' });
    const at = { plugin: 'files', tenant: 'acme' };
    await askTool(host, 'write', { ...at, params: { name: 'mine' } });
    const mine = await askTool<Where>(host, 'where', at);
    expect(mine).toMatchObject({ isSame: true, found: ['mine'] });
    const theirs = await askTool<Where>(host, 'where', { ...at, tenant: 'rival' });
    expect(theirs).toMatchObject({ isSame: true, found: [] });
    if (theirs.dir === mine.dir) return; // In the jail both have the same name, each for its own.
    expect(await askTool(host, 'read', { ...at, tenant: 'rival', params: { path: mine.dir } })).toBe(
      'ERR_ACCESS_DENIED',
    );
  },
);

test('with scope "call" the folder is new for each call', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/once`, GRANT);
  const at = { plugin: 'once' };
  await askTool(host, 'write', { ...at, params: { name: 'left' } });
  const [one, other] = [await askTool<Where>(host, 'where', at), await askTool<Where>(host, 'where', at)];
  expect([one.found, other.found]).toEqual([[], []]);
  expect(one.dir).not.toBe(other.dir);
});

test('without the permission, or without the grant, there is none', async () => {
  await using host = await openTestHost({ sharedPlugins: ['shared'] });
  await host.install(`${folders.root}/plain`);
  await host.install(`${folders.root}/files`);
  await host.install(`${folders.root}/shared`, GRANT);
  expect(await askTool(host, 'where', { plugin: 'plain' })).toEqual({ dir: null });
  expect(await askTool(host, 'where', { plugin: 'files' })).toMatchObject({
    failed: { code: 'PERMISSION_NOT_GRANTED' },
  });
  // One instance for all tenants would carry files from one to the other.
  expect(await askTool(host, 'where', { plugin: 'shared' })).toEqual({ dir: null });
});

test('an import of fs stops the install of a plugin that does not ask, and the finding says how to ask', async () => {
  await using host = await openTestHost();
  const refused = host.install(`${folders.root}/unasked`);
  await expect(refused).rejects.toMatchObject({
    findings: expect.arrayContaining([
      expect.objectContaining({ id: 'IMPORT_REFUSED', hint: expect.stringContaining('temp_dir') }),
    ]),
  });
});

test('an instance from before the grant does not serve after it, and one from before a revocation does not go on', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/files`, GRANT);
  const first = await askTool<Where>(host, 'where', { plugin: 'files' });
  const instances = async () => (await host.debug('files', { tenant: 'default', isPlatform: true })).instances;
  expect(await instances()).toHaveLength(1);
  await host.registrations.enable('files', { grant: [] });
  await expect.poll(instances).toHaveLength(0);
  await host.registrations.enable('files', GRANT);
  const second = await askTool<Where>(host, 'where', { plugin: 'files' });
  expect(second.dir).toMatch(/\/temp\/[0-9a-f]{16}$/);
  expect(second.dir).not.toBe(first.dir);
});

test(
  'a plugin that fills its folder loses its instance, is told of the bound, and is served by a new one',
  { timeout: 60_000 },
  async () => {
    await using host = await openTestHost();
    await host.install(`${folders.root}/files`, GRANT);
    expect(await askTool(host, 'fill', { plugin: 'files' })).toMatchObject({
      failed: { kind: 'crashed', code: 'TEMP_DIR_LIMIT', limit: { name: 'temp_files', allowed: 1_000 } },
    });
    expect(await askTool<Where>(host, 'where', { plugin: 'files' })).toMatchObject({ found: [] });
  },
);
