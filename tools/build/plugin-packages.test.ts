import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkPluginPackages } from './plugin-packages.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-links-'));
});
afterEach(() => rm(root, { recursive: true }));

async function describePackage(folder: string, about: object): Promise<void> {
  const path = join(root, folder, 'package.json');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(about));
}

test('a plugin sees what it names, and what that needs, once', async () => {
  await describePackage('plugins/one', { dependencies: { '@a/b': '1.0.0' } });
  await describePackage('node_modules/@a/b', { version: '1.0.0', dependencies: { c: '^2.0.0' } });
  await describePackage('node_modules/c', { version: '2.5.0', dependencies: { '@a/b': '1.0.0' } });
  await describePackage('node_modules/other', { version: '1.0.0' });
  const made = await linkPluginPackages(root);
  expect(made.toSorted()).toEqual(['plugins/one/node_modules/@a/b', 'plugins/one/node_modules/c']);
  expect(await readlink(join(root, 'plugins/one/node_modules/@a/b'))).toBe('../../../../node_modules/@a/b');
  expect(await linkPluginPackages(root)).toEqual([]);
});

test('another version than the plugin names is told, and so is none', async () => {
  await describePackage('plugins/one', { dependencies: { a: '1.0.0' } });
  await expect(linkPluginPackages(root)).rejects.toThrow('node_modules/a/package.json');
  await describePackage('node_modules/a', { version: '1.0.1' });
  await expect(linkPluginPackages(root)).rejects.toThrow('names a 1.0.0, and 1.0.1 is installed; make them equal');
});

test('what somebody installed in the folder stays', async () => {
  await describePackage('plugins/one', { dependencies: { a: '1.0.0' } });
  await describePackage('node_modules/a', { version: '1.0.0' });
  await describePackage('plugins/one/node_modules/a', { version: '1.0.0' });
  expect(await linkPluginPackages(root)).toEqual([]);
});
