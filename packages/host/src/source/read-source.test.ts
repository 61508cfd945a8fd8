import { LIMITS } from '@bulkhead/protocol';
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { MANIFEST, makePluginFolder } from './plugin-folder.fixture.ts';
import { OPERATOR_FOLDER, SINGLE_FILE, readSource } from './read-source.ts';

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

test('reads the author’s loadable files and leaves the rest where it is', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': 'export default 1;',
    'lib/deep/a.mts': 'a',
    'data.json': { a: 1 },
    'types.d.ts': 'declare const x: 1;',
    'README.md': '# read me',
    '.env': 'SECRET=1',
    '.git/config.json': {},
    'coverage/report.js': 'x',
    'node_modules/zod/index.js': 'x',
    'lib/node_modules/a/index.js': 'x',
  });
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  expect([...tree.files.keys()]).toEqual(['data.json', 'lib/deep/a.mts', 'main.ts', 'plugin.json']);
  expect(textOf(tree.files.get('main.ts'))).toBe('export default 1;');
});

test('what was read stays as it was, whatever becomes of the folder', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'first' });
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  await writeFile(join(plugin.dir, 'main.ts'), 'second');
  expect(textOf(tree.files.get('main.ts'))).toBe('first');
});

test('a folder that is not there, or is a file, is said so', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x' });
  for (const path of [join(plugin.dir, 'absent'), join(plugin.dir, 'main.ts')]) {
    await expect(readSource(path, OPERATOR_FOLDER)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  }
});

test('[FAULTS-78] every link among the author’s files is named, and none is read', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x', 'lib/a.ts': 'x' });
  await writeFile(join(plugin.parent, 'secret.json'), '{"canary":1}');
  await mkdir(join(plugin.parent, 'outside'));
  await plugin.link('secret.json', '../secret.json');
  await plugin.link('lib/folder', '../../outside');
  await plugin.link('lib/inside.ts', 'a.ts');
  await plugin.link('README.md', '/etc/hostname');
  const error: unknown = await readSource(plugin.dir, OPERATOR_FOLDER).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'SOURCE_ESCAPES' });
  expect(error).toMatchObject({
    findings: ['README.md', 'lib/folder', 'lib/inside.ts', 'secret.json'].map((path) =>
      expect.objectContaining({ id: 'SOURCE_ESCAPES', severity: 'error', path }),
    ),
  });
});

test('around a single file links are left out', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x' });
  await plugin.link('other.ts', '/etc/hostname');
  const tree = await readSource(plugin.dir, SINGLE_FILE);
  expect([...tree.files.keys()]).toEqual(['main.ts', 'plugin.json']);
});

test('a link in the operator’s own path to the folder is followed', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x' });
  const way = join(plugin.parent, 'way');
  await symlink(plugin.dir, way);
  expect([...(await readSource(way, OPERATOR_FOLDER)).files.keys()]).toContain('main.ts');
});

test('a named pipe does not hold the host', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x' });
  await promisify(execFile)('mkfifo', [join(plugin.dir, 'pipe.ts')]);
  expect([...(await readSource(plugin.dir, OPERATOR_FOLDER)).files.keys()]).toEqual(['main.ts', 'plugin.json']);
});

test('a folder that becomes a link while it is read leads nowhere', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x', 'lib/a.ts': 'mine' });
  await mkdir(join(plugin.parent, 'outside'));
  await writeFile(join(plugin.parent, 'outside', 'a.ts'), 'canary');
  for (let round = 0; round < 20; round += 1) {
    const reading = readSource(plugin.dir, OPERATOR_FOLDER).catch(() => undefined);
    await rename(join(plugin.dir, 'lib'), join(plugin.parent, 'kept'));
    await symlink('../outside', join(plugin.dir, 'lib'));
    const tree = await reading;
    expect([...(tree?.files.values() ?? [])].map(textOf)).not.toContain('canary');
    await rm(join(plugin.dir, 'lib'));
    await rename(join(plugin.parent, 'kept'), join(plugin.dir, 'lib'));
  }
});

test('[FAULTS-89] an author file above the bound is known by its size and not read', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': '', 'exact.ts': '' });
  await truncate(join(plugin.dir, 'main.ts'), LIMITS.source_file_bytes.value + 1);
  await truncate(join(plugin.dir, 'exact.ts'), LIMITS.source_file_bytes.value);
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  expect(tree.oversized).toEqual(new Map([['main.ts', LIMITS.source_file_bytes.value + 1]]));
  expect(tree.files.get('exact.ts')?.length).toBe(LIMITS.source_file_bytes.value);
});

test('[FAULTS-82] folders nested too deep are refused', async () => {
  const deep = (levels: number): string => `${Array.from({ length: levels }, () => 'd').join('/')}/a.ts`;
  await using within = await makePluginFolder({ [deep(LIMITS.source_depth.value)]: 'x' });
  expect((await readSource(within.dir, OPERATOR_FOLDER)).files.has(deep(LIMITS.source_depth.value))).toBe(true);
  await using beyond = await makePluginFolder({ [deep(LIMITS.source_depth.value + 1)]: 'x' });
  await expect(readSource(beyond.dir, OPERATOR_FOLDER)).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
});

test('files that together pass the bound are refused', async () => {
  await using plugin = await makePluginFolder({});
  const files = LIMITS.source_bytes.value / LIMITS.source_file_bytes.value + 1;
  for (let index = 0; index < files; index += 1) {
    const path = join(plugin.dir, `f${index}.json`);
    await writeFile(path, '');
    await truncate(path, LIMITS.source_file_bytes.value);
  }
  await expect(readSource(plugin.dir, OPERATOR_FOLDER)).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
});

test('a package is read from the plugin’s own node_modules, once, and only when it is asked for', async () => {
  await using plugin = await makePluginFolder({
    'node_modules/a/package.json': { name: 'a' },
    'node_modules/a/dist/index.js': 'a',
    'node_modules/a/dist/index.d.ts': 'x',
    'node_modules/a/dist/index.js.map': 'x',
    'node_modules/a/docs/read.md': 'x',
    'node_modules/a/node_modules/b/index.js': 'inner b',
    'node_modules/b/index.js': 'outer b',
    'node_modules/@scope/c/index.cjs': 'c',
  });
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  const a = await tree.readPackage('a', '');
  expect([...(a?.files.keys() ?? [])]).toEqual(['node_modules/a/dist/index.js', 'node_modules/a/package.json']);
  expect(await tree.readPackage('a', 'lib/deep')).toBe(a);
  expect((await tree.readPackage('b', 'node_modules/a/dist'))?.root).toBe('node_modules/a/node_modules/b');
  expect((await tree.readPackage('b', ''))?.root).toBe('node_modules/b');
  expect((await tree.readPackage('@scope/c', ''))?.root).toBe('node_modules/@scope/c');
  expect(await tree.readPackage('absent', '')).toBeUndefined();
});

test('a package above the plugin folder is not the plugin’s', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x' });
  await mkdir(join(plugin.parent, 'node_modules', 'a'), { recursive: true });
  await writeFile(join(plugin.parent, 'node_modules', 'a', 'index.js'), 'x');
  expect(await (await readSource(plugin.dir, OPERATOR_FOLDER)).readPackage('a', '')).toBeUndefined();
});

test('a link in node_modules is followed to the package of that name, and to nothing else', async () => {
  await using plugin = await makePluginFolder({ 'node_modules/x/index.js': 'x' });
  const outside = join(plugin.parent, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'package.json'), JSON.stringify({ ...MANIFEST, name: 'shared' }));
  await writeFile(join(outside, 'index.js'), 'shared');
  await plugin.link('node_modules/shared', '../../outside');
  await plugin.link('node_modules/other', '../../outside');
  await plugin.link('node_modules/dangling', '../nowhere');
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  expect([...((await tree.readPackage('shared', ''))?.files.keys() ?? [])]).toEqual([
    'node_modules/shared/index.js',
    'node_modules/shared/package.json',
  ]);
  expect(await tree.readPackage('other', '')).toBeUndefined();
  expect(await tree.readPackage('dangling', '')).toBeUndefined();
});

test('a link inside the plugin folder leads to the package’s real place', async () => {
  await using plugin = await makePluginFolder({
    'node_modules/.pnpm/a@1/node_modules/a/index.js': 'a',
    'node_modules/.pnpm/b@1/node_modules/b/index.js': 'b',
    'packages/own/index.js': 'own',
  });
  await plugin.link('node_modules/a', '.pnpm/a@1/node_modules/a');
  await plugin.link('node_modules/.pnpm/a@1/node_modules/b', '../../b@1/node_modules/b');
  await plugin.link('node_modules/own', '../packages/own');
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  const a = await tree.readPackage('a', '');
  expect(a).toMatchObject({ root: 'node_modules/.pnpm/a@1/node_modules/a', link: 'node_modules/a' });
  const b = await tree.readPackage('b', a?.root ?? '');
  expect(b?.root).toBe('node_modules/.pnpm/b@1/node_modules/b');
  expect(await tree.readPackage('own', '')).toMatchObject({ root: 'packages/own', link: 'node_modules/own' });
});

test('where packages may not be links, one is refused', async () => {
  await using plugin = await makePluginFolder({ 'node_modules/x/index.js': 'x' });
  await plugin.link('node_modules/a', 'x');
  const tree = await readSource(plugin.dir, { packageLinks: 'refuse', authorLinks: 'refuse' });
  await expect(tree.readPackage('a', '')).rejects.toMatchObject({ code: 'SOURCE_ESCAPES' });
});

test('a package whose place is a link above it is not there', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'x' });
  await mkdir(join(plugin.parent, 'modules', 'a'), { recursive: true });
  await writeFile(join(plugin.parent, 'modules', 'a', 'index.js'), 'x');
  await plugin.link('node_modules', '../modules');
  const tree = await readSource(plugin.dir, OPERATOR_FOLDER);
  expect(await tree.readPackage('a', '')).toBeUndefined();
});
