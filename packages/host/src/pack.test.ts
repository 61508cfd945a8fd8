import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackArchive } from './archive/unpack.ts';
import { HostError } from './base/host-error.ts';
import type { WithWorkshop } from './host/with-workshop.ts';
import { packPlugin, type PackedPlugin } from './pack.ts';
import { MANIFEST, makePluginFolder, type PluginFolder } from './source/plugin-folder.fixture.ts';
import { openPlainWorkshop, type PlainWorkshop } from './toolchain/workshop.fixture.ts';

let workshop: PlainWorkshop;
beforeAll(() => void (workshop = openPlainWorkshop()));
afterAll(() => workshop.close());

const packed = (plugin: PluginFolder): Promise<PackedPlugin> =>
  packPlugin(plugin.dir, { within: (use) => use(workshop.ask) });

const LICENSE = 'MIT License';
const DEPENDENCY = {
  'node_modules/dep/package.json': { name: 'dep', version: '2.1.0', license: 'ISC', main: 'index.js' },
  'node_modules/dep/index.js': 'module.exports = 41;',
  'node_modules/dep/unused.js': 'x',
  'node_modules/dep/LICENSE': 'ISC License',
  'node_modules/dep/README.md': '# dep',
};

async function textsOf({ bytes }: PackedPlugin): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await unpackArchive(bytes))].map(([path, content]) => [path, Buffer.from(content).toString()]));
}

/** What a folder is refused with: the code, and each finding's id and path. */
async function refusalOf(plugin: PluginFolder): Promise<unknown> {
  const error: unknown = await packed(plugin).catch((cause: unknown) => cause);
  if (!(error instanceof HostError)) throw new Error('it was not refused', { cause: error });
  return { code: error.code, findings: error.findings.map(({ id, path }) => `${id} ${path}`) };
}

test('[F004-21] [F000-14] [X003-8] an archive holds what the plugin imports, its papers, its packages’ licences and checksums', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': `import dep from 'dep'; import { one } from './lib/one.ts'; export default { dep, one };`,
    'lib/one.ts': 'export const one = 1;',
    'unused.ts': 'export {};',
    'main.test.ts': `import { test } from 'vitest'; test('x', () => {});`,
    'README.md': '# sample',
    LICENSE,
    'NOTICE.md': 'Mine.',
    '.git/config': '[core]',
    ...DEPENDENCY,
  });
  const archive = await packed(plugin);
  expect(archive).toMatchObject({ name: 'sample', version: '1.0.0', findings: [] });
  expect(archive.dependencies).toEqual([{ name: 'dep', version: '2.1.0', license: 'ISC', path: 'node_modules/dep' }]);
  const texts = await textsOf(archive);
  expect([...texts.keys()]).toEqual([
    ...['CHECKSUM.sha256', 'DEPENDENCIES.json', 'LICENSE', 'NOTICE.md', 'README.md', 'lib/one.ts', 'main.ts'],
    ...['node_modules/dep/LICENSE', 'node_modules/dep/index.js', 'node_modules/dep/package.json', 'plugin.json'],
  ]);
  expect(archive.files).toEqual([...texts.keys()]);
  expect(JSON.parse(texts.get('DEPENDENCIES.json') ?? '')).toEqual({ schema_v: 1, dependencies: archive.dependencies });
  expect(texts.get('CHECKSUM.sha256')?.split('\n').filter(Boolean)).toHaveLength(texts.size - 1);
});

test('[F000-14] where the author wrote no NOTICE, the packages are named in one', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': `import dep from 'dep'; export default dep;`,
    LICENSE,
    ...DEPENDENCY,
  });
  expect((await textsOf(await packed(plugin))).get('NOTICE')).toContain('dep 2.1.0, ISC: node_modules/dep\n');
});

test('two packs are the same bytes, whatever the times, the rights, the order and what else lies about', async () => {
  const files = {
    'main.ts': `import './a.ts'; import './b.ts'; export default {};`,
    'a.ts': 'export {};',
    'b.ts': 'export {};',
    LICENSE,
  };
  await using one = await makePluginFolder(files);
  await using other = await makePluginFolder(Object.fromEntries(Object.entries(files).toReversed()));
  for (const name of await readdir(other.dir)) {
    await utimes(join(other.dir, name), 1_000_000, 1_000_000);
    await chmod(join(other.dir, name), 0o600);
  }
  await other.write('sample-1.0.0.tgz', 'an earlier one');
  const [first, again, elsewhere] = [await packed(one), await packed(one), await packed(other)];
  expect(Buffer.from(first.bytes).equals(again.bytes)).toBe(true);
  expect(Buffer.from(first.bytes).equals(elsewhere.bytes)).toBe(true);
});

test('[F004-21] a folder without a LICENSE is refused with the cure', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'export default {};' });
  await expect(packed(plugin)).rejects.toMatchObject({
    code: 'PACK_REFUSED',
    message: 'LICENSE: the folder has no LICENSE, so nobody may use what would be published',
    hint: expect.stringContaining('Write a file LICENSE') as string,
  });
});

test('[X003-8] environments and keys are refused, all at once, wherever they lie', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': `import './key.ts'; export default {};`,
    'key.ts': `export const ok = 1;\nexport const key = \`-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\`;`,
    LICENSE,
    '.env': 'TOKEN=1',
    '.env.production': 'TOKEN=1',
    '.env.example': 'TOKEN=',
    'deploy/id_ed25519': 'x',
    'deploy/server.key': 'x',
    '.secret/store.p12': 'x',
  });
  await expect(packed(plugin)).rejects.toMatchObject({
    findings: expect.arrayContaining([expect.objectContaining({ path: 'key.ts', line: 2 })]) as unknown,
  });
  expect(await refusalOf(plugin)).toEqual({
    code: 'PACK_REFUSED',
    findings: [
      'SECRET_FILE .env',
      'SECRET_FILE .env.production',
      'SECRET_FILE .secret/store.p12',
      'SECRET_FILE deploy/id_ed25519',
      'SECRET_FILE deploy/server.key',
      'SECRET_FILE key.ts',
    ],
  });
});

test('packages that are missing, or are links inside the folder, are refused with the cure', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': `import a from 'a'; export default a;`,
    LICENSE,
    'node_modules/.pnpm/a@1/node_modules/a/package.json': { name: 'a', version: '1.0.0' },
    'node_modules/.pnpm/a@1/node_modules/a/index.js': 'module.exports = 1;',
  });
  expect(await refusalOf(plugin)).toEqual({ code: 'PACK_REFUSED', findings: ['PACKAGE_MISSING plugin.json'] });
  await plugin.link('node_modules/a', '.pnpm/a@1/node_modules/a');
  expect(await refusalOf(plugin)).toEqual({ code: 'PACK_REFUSED', findings: ['PACKAGE_LINK node_modules/a'] });
});

test('a package of the workspace around the folder is packed as a copy', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': `import a from 'own'; export default a;`,
    LICENSE,
    'node_modules/x/index.js': 'x',
  });
  await mkdir(join(plugin.parent, 'own'));
  await writeFile(join(plugin.parent, 'own', 'package.json'), '{"name":"own","version":"3.0.0"}');
  await writeFile(join(plugin.parent, 'own', 'index.js'), 'module.exports = 1;');
  await plugin.link('node_modules/own', '../../own');
  expect((await packed(plugin)).dependencies).toEqual([
    { name: 'own', version: '3.0.0', license: null, path: 'node_modules/own' },
  ]);
});

test('what a review or a bundling refuses is not packed', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': `import fs from 'node:fs'; export default fs;`, LICENSE });
  expect(await refusalOf(plugin)).toEqual({ code: 'REVIEW_REFUSED', findings: ['IMPORT_REFUSED main.ts'] });
  await plugin.write('main.ts', `import { absent } from './b.ts'; export default absent;`);
  await plugin.write('b.ts', 'export const b = 1;');
  expect(await refusalOf(plugin)).toMatchObject({ code: 'BUNDLE_FAILED' });
  await plugin.write('plugin.json', { ...MANIFEST, version: 'x' });
  expect(await refusalOf(plugin)).toMatchObject({ code: 'MANIFEST_INVALID' });
});

test('[FAULTS-82] what no server would take for its depth, its names or its size is not packed', async () => {
  const deep = `${'d/'.repeat(LIMITS.archive_depth.value)}a.ts`;
  await using plugin = await makePluginFolder({
    'main.ts': `import './${deep}'; export default {};`,
    [deep]: 'export {};',
    LICENSE,
  });
  expect(await refusalOf(plugin)).toEqual({ code: 'PACK_REFUSED', findings: [`ARCHIVE_PATH ${deep}`] });
  await plugin.write('main.ts', `import big from './big.json'; import './aux.ts'; export default big;`);
  await plugin.write('aux.ts', 'export {};');
  await plugin.write('big.json', '1');
  expect(await refusalOf(plugin)).toEqual({ code: 'PACK_REFUSED', findings: ['ARCHIVE_PATH aux.ts'] });
});

test('what goes to a server needs no licence, and is told that it has none', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': 'export default {};' });
  const { files, findings } = await sent(plugin);
  expect(files).toEqual(['CHECKSUM.sha256', 'DEPENDENCIES.json', 'main.ts', 'plugin.json']);
  expect(findings).toMatchObject([{ id: 'LICENSE_MISSING', severity: 'warning', path: 'LICENSE' }]);
  await plugin.write('LICENSE', LICENSE);
  expect((await sent(plugin)).findings).toEqual([]);
});

test('what holds secrets goes to no server, and is refused in the words of a publication', async () => {
  await using plugin = await makePluginFolder({
    'main.ts': `import './key.ts'; export default {};`,
    'key.ts': `export const key = '-----BEGIN PRIVATE KEY-----';`,
    '.env': 'TOKEN=1',
    'deploy.key': '-----BEGIN PRIVATE KEY-----\n',
    LICENSE,
  });
  const published = await packed(plugin).catch((error: unknown) => error);
  expect(published).toMatchObject({
    code: 'PACK_REFUSED',
    findings: ['.env', 'deploy.key', 'key.ts'].map((path) => ({ id: 'SECRET_FILE', severity: 'error', path })),
  });
  await expect(sent(plugin)).rejects.toEqual(published);
});

function sent({ dir }: PluginFolder): Promise<PackedPlugin> {
  const within: WithWorkshop = (use) => use(workshop.ask);
  return packPlugin(dir, { within, isPublished: false });
}
