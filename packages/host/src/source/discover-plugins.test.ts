import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { discoverPlugins } from './discover-plugins.ts';
import { makePluginFolder } from './plugin-folder.fixture.ts';

test('[X003-5] finds the plugin folders in a folder, by name', async () => {
  await using folder = await makePluginFolder({
    'zeta/plugin.json': {},
    'alpha/plugin.json': {},
    'packed/package.json': { name: 'x', bulkhead: {} },
    'keyword/package.json': { name: 'x', keywords: ['bulkhead-plugin'] },
    'entry_only/main.ts': 'export default 1;',
    'library/package.json': { name: 'x' },
    'docs/read.md': '#',
    '_skipped/plugin.json': {},
    '.hidden/plugin.json': {},
    'node_modules/plugin.json': {},
  });
  const found = await discoverPlugins(folder.dir);
  expect(found.map(({ name }) => name)).toEqual(['alpha', 'entry_only', 'keyword', 'packed', 'zeta']);
  expect(found[0]?.dir).toBe(join(folder.dir, 'alpha'));
});

test('[X003-5] a folder that does not exist holds no plugin', async () => {
  expect(await discoverPlugins('/nowhere/at/all')).toEqual([]);
});

test('[X003-5] a folder whose manifest is wrong is found all the same, so that it can be refused with a reason', async () => {
  await using folder = await makePluginFolder({ 'broken/plugin.json': '{' });
  expect((await discoverPlugins(folder.dir)).map(({ name }) => name)).toEqual(['broken']);
});

test('a linked plugin folder counts, a dangling link does not', async () => {
  await using folder = await makePluginFolder({ 'real/plugin.json': {} });
  await mkdir(join(folder.parent, 'elsewhere'));
  await writeFile(join(folder.parent, 'elsewhere', 'plugin.json'), '{}');
  await folder.link('linked', '../elsewhere');
  await folder.link('dangling', '../nowhere');
  expect((await discoverPlugins(folder.dir)).map(({ name }) => name)).toEqual(['linked', 'real']);
});

test('a file in place of the folder is an error that names it', async () => {
  await expect(discoverPlugins(process.execPath)).rejects.toMatchObject({
    code: 'SOURCE_NOT_FOUND',
    message: `"${process.execPath}" is no folder that can be read (ENOTDIR)`,
  });
});
