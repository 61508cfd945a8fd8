import { copyFile, mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import type { IndexedVersion } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTgz } from '../archive/archive.fixture.ts';
import { createKeyPair } from '../signing/signed-statement.ts';
import { SIGNATURE_ENDING } from '../source/archive-file.ts';
import { answering, openIndexBench, signatureOf, type IndexBench } from './index.fixture.ts';
import { addToIndex, blockInIndex, buildIndex, unblockInIndex, type KeptIndex } from './keep-index.ts';

let bench: IndexBench;
beforeAll(async () => void (bench = await openIndexBench()));
afterAll(() => bench[Symbol.asyncDispose]());

const publisher = createKeyPair();
const at = (folder: string): string => join(bench.root, folder);
const build = (folder: string, more = {}): Promise<KeptIndex> => buildIndex(at(folder), bench.keeping(more));
const text = (folder: string): Promise<string> => readFile(join(at(folder), 'index.json'), 'utf8');

function versionOf({ index }: KeptIndex, name: string, version = '1.0.0'): IndexedVersion {
  const found = index.plugins.find((one) => one.name === name)?.versions.find((one) => one.version === version);
  if (found === undefined) throw new Error(`${name} ${version} is not listed`);
  return found;
}

test('[X000-34] an index lists what each archive is, with the badge of its licence and what its review said', async () => {
  const manifest = {
    capabilities: ['weather', 'text'],
    required_permissions: ['internet'],
    optional_permissions: ['events'],
    network: { allow: ['api.example.com:443'] },
    compatible_versions: '>=0.1.0',
    license: 'MIT OR GPL-3.0-only',
  };
  const file = await bench.pack('listed', 'weather', { manifest, signer: publisher });
  await bench.pack('listed', 'copyleft', { manifest: { license: 'GPL-3.0-only', dependencies: ['weather>=1.0.0'] } });
  const kept = await build('listed');
  expect(kept).toMatchObject({ is_changed: true, key: bench.keys.publicKey, index: { name: 'plugins', serial: 1 } });
  expect(versionOf(kept, 'weather')).toMatchObject({
    version: '1.0.0',
    description: 'Plugin weather.',
    file: 'weather-1.0.0.tgz',
    archive_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    archive_bytes: (await readFile(file)).length,
    signature: { public_key: publisher.publicKey },
    license: { id: 'MIT OR GPL-3.0-only', is_allowed: true },
    capabilities: ['weather', 'text'],
    required_permissions: ['internet'],
    optional_permissions: ['events'],
    network_hosts: ['api.example.com:443'],
    compatible_versions: '>=0.1.0',
    requires: [],
    dependencies: [],
    review: { status: 'passed', errors: 0, warnings: 0, finding_ids: [], reason: null },
    blocked: null,
  });
  expect(versionOf(kept, 'weather')).not.toHaveProperty('added_at');
  expect(versionOf(kept, 'copyleft')).not.toHaveProperty('optional_permissions');
  expect(versionOf(kept, 'copyleft')).toMatchObject({
    signature: null,
    license: { id: 'GPL-3.0-only', is_allowed: false },
    requires: ['weather>=1.0.0'],
    review: { status: 'passed', warnings: 1, finding_ids: ['LICENSE_NOT_ALLOWED'] },
  });
});

test('[F000-48] what fails the security review is listed as blocked, with the reason and the findings', async () => {
  const content = `import fs from 'node:fs';\n${answering('1')}eval('1');\n`;
  const manifest = JSON.stringify({ name: 'evil', version: '1.0.0', description: 'd', author: 'a', license: 'MIT' });
  const files = [
    { name: 'plugin.json', content: manifest },
    { name: 'main.js', content },
  ];
  await mkdir(at('failing'), { recursive: true });
  await writeFile(join(at('failing'), 'evil.tgz'), makeTgz(files));
  await bench.pack('failing', 'good');
  const kept = await build('failing');
  const { review, blocked } = versionOf(kept, 'evil');
  expect(review).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^main\.js:\d+: .+ \([A-Z_]+\)$/) });
  expect(review.errors).toBeGreaterThan(1);
  expect(review.finding_ids.length).toBeGreaterThan(1);
  expect(blocked).toEqual({ by: 'review', reason: review.reason });
  expect(versionOf(kept, 'good').blocked).toBeNull();
  await expect(
    unblockInIndex(at('failing'), { name: 'evil', version: '1.0.0' }, bench.keeping()),
  ).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND', hint: expect.stringContaining('Its review did') });
});

test.each([
  ['states no licence', {}, answering('1'), 'LICENSE_MISSING'],
  ['lacks a package', { license: 'MIT' }, `import pad from 'left-pad'; export default pad;`, 'PACKAGE_MISSING'],
  [
    'cannot be reviewed',
    { license: 'MIT' },
    `export const x = ${'['.repeat(20_000)}${']'.repeat(20_000)};`,
    'REVIEW_LIMIT',
  ],
])('[X000-34] [F000-48] what %s is blocked', async (_what, more, content, id) => {
  const folder = `blocked-${id}`;
  const manifest = JSON.stringify({ name: 'poor', version: '1.0.0', description: 'd', author: 'a', ...more });
  await mkdir(at(folder), { recursive: true });
  const files = [
    { name: 'plugin.json', content: manifest },
    { name: 'main.js', content },
  ];
  await writeFile(join(at(folder), 'poor.tgz'), makeTgz(files));
  const { blocked, review } = versionOf(await build(folder), 'poor');
  expect(blocked).toMatchObject({ by: 'review', reason: expect.stringContaining(id) });
  expect(review.finding_ids).toContain(id);
});

test('archives that cannot be listed are all named, and nothing is written', async () => {
  const folder = at('refused');
  await bench.pack('refused', 'fine');
  await writeFile(join(folder, 'escapes.tgz'), makeTgz([{ name: '../evil' }]));
  await writeFile(join(folder, 'noise.zip'), 'no archive');
  const forged = await bench.pack('refused', 'forged');
  const signature = signatureOf(Buffer.from('other bytes'), { name: 'forged', version: '1.0.0', signer: publisher });
  await writeFile(forged + SIGNATURE_ENDING, signature);
  await copyFile(join(folder, 'fine-1.0.0.tgz'), join(folder, 'twice.tgz'));
  await expect(build('refused')).rejects.toMatchObject({
    code: 'INDEX_REFUSED',
    findings: [
      { id: 'ARCHIVE_PATH', path: 'escapes.tgz' },
      { id: 'SIGNATURE_INVALID', path: 'forged-1.0.0.tgz' },
      { id: 'ARCHIVE_INVALID', path: 'noise.zip' },
      { id: 'RELEASE_EXISTS', path: 'twice.tgz' },
    ],
  });
  expect(await readdir(folder)).not.toContain('index.json');
});

test('two builds of the same archives give the same bytes, whatever their order, times or folder', async () => {
  const sources: string[] = [];
  for (const name of ['alpha', 'beta'])
    for (const version of ['1.0.0', '1.10.0', '1.9.0', '2.0.0-rc.1'])
      sources.push(await bench.pack('sources', name, { version, signer: publisher }));
  await build('sources');
  const expected = await text('sources');
  let run = 0;
  const order = fc.shuffledSubarray(sources, { minLength: sources.length });
  await fc.assert(
    fc.asyncProperty(order, fc.integer({ min: 0, max: 2_000_000_000 }), async (files, time) => {
      const folder = at(`shuffled-${(run += 1)}`);
      await mkdir(folder);
      for (const file of files) {
        for (const one of [file, file + SIGNATURE_ENDING]) {
          await copyFile(one, join(folder, basename(one)));
          await utimes(join(folder, basename(one)), time, time);
        }
      }
      await buildIndex(folder, bench.keeping());
      expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(expected);
    }),
    { numRuns: 8 },
  );
});

test('an index that says the same is left as it is, and a change raises its serial', async () => {
  await bench.pack('serials', 'one');
  expect(await build('serials')).toMatchObject({ is_changed: true, index: { serial: 1 } });
  const first = await text('serials');
  expect(await build('serials')).toMatchObject({ is_changed: false, index: { serial: 1 } });
  expect(await text('serials')).toBe(first);
  await bench.pack('serials', 'two');
  expect(await build('serials')).toMatchObject({ is_changed: true, index: { serial: 2 } });
  await rm(join(at('serials'), 'two-1.0.0.tgz'));
  const third = await build('serials', {
    signing: { privateKey: bench.keys.privateKey, at: '2026-05-01T00:00:00.000Z' },
  });
  expect(third).toMatchObject({ index: { serial: 3, plugins: [{ name: 'one' }] } });
  expect(await build('serials', { serialMin: 40 })).toMatchObject({ is_changed: true, index: { serial: 40 } });
});

test('with a time, what is new says when it was listed, and keeps that', async () => {
  const signed = (time: string) => ({ signing: { privateKey: bench.keys.privateKey, at: time } });
  await bench.pack('times', 'one');
  await build('times', signed('2026-05-01T00:00:00.000Z'));
  await bench.pack('times', 'two');
  const kept = await build('times', signed('2026-06-01T00:00:00.000Z'));
  expect([versionOf(kept, 'one').added_at, versionOf(kept, 'two').added_at]).toEqual([
    '2026-05-01T00:00:00.000Z',
    '2026-06-01T00:00:00.000Z',
  ]);
});

test('archives are added from elsewhere, into a folder that need not be there', async () => {
  const file = await bench.pack('elsewhere', 'weather', { signer: publisher });
  await addToIndex(at('added'), [file], bench.keeping({ name: 'ours' }));
  const next = await bench.pack('elsewhere', 'weather', { version: '1.1.0', signer: publisher });
  const kept = await addToIndex(at('added'), [next], bench.keeping());
  expect(kept.index).toMatchObject({
    name: 'ours',
    serial: 2,
    plugins: [{ name: 'weather', versions: [{ version: '1.1.0' }, { version: '1.0.0' }] }],
  });
  expect((await readdir(at('added'))).toSorted()).toEqual([
    'index.json',
    'weather-1.0.0.tgz',
    'weather-1.0.0.tgz.sig.json',
    'weather-1.1.0.tgz',
    'weather-1.1.0.tgz.sig.json',
  ]);
  expect(await addToIndex(at('added'), [file], bench.keeping())).toMatchObject({ is_changed: false });
  expect(await build('added')).toMatchObject({ is_changed: false });
});

test('[FAULTS-90] other bytes of a version that is listed are refused, added or built', async () => {
  await bench.pack('changed', 'steady');
  await build('changed');
  const before = await text('changed');
  const other = await bench.pack('changed-elsewhere', 'steady', { main: answering('other') });
  const refused = { code: 'RELEASE_EXISTS', message: expect.stringMatching(/lists steady 1\.0\.0 with SHA-256 /) };
  await expect(addToIndex(at('changed'), [other], bench.keeping())).rejects.toMatchObject(refused);
  await copyFile(other, join(at('changed'), 'steady-1.0.0.tgz'));
  await expect(build('changed')).rejects.toMatchObject(refused);
  expect(await text('changed')).toBe(before);
});

test('[FAULTS-92] a name is its first signer’s, unless another publisher is accepted', async () => {
  await bench.pack('names', 'mine', { signer: publisher });
  await build('names');
  const stolen = await bench.pack('names-elsewhere', 'mine', { version: '2.0.0', signer: createKeyPair() });
  await expect(addToIndex(at('names'), [stolen], bench.keeping())).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  const unsigned = await bench.pack('names-unsigned', 'mine', { version: '3.0.0' });
  await expect(addToIndex(at('names'), [unsigned], bench.keeping())).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
    message: expect.stringContaining('signed by nobody'),
  });
  const kept = await addToIndex(at('names'), [stolen], bench.keeping({ acceptsNewPublisher: true }));
  expect(versionOf(kept, 'mine', '2.0.0').blocked).toBeNull();
  expect(await build('names')).toMatchObject({ is_changed: false });
  await bench.pack('names', 'mine', { version: '2.0.1', signer: publisher });
  expect(await build('names')).toMatchObject({ is_changed: true });
});

test('what the operator blocks stays blocked over builds and new versions, until it is unblocked', async () => {
  await bench.pack('blocks', 'bad');
  await bench.pack('blocks', 'bad', { version: '1.1.0' });
  await bench.pack('blocks', 'other');
  await build('blocks');
  const block = (version: string | null, reason: string): Promise<KeptIndex> =>
    blockInIndex(at('blocks'), { name: 'bad', version, reason }, bench.keeping());
  const one = await block('1.0.0', 'CVE-2026-1');
  expect(versionOf(one, 'bad').blocked).toEqual({ by: 'operator', reason: 'CVE-2026-1' });
  expect(versionOf(one, 'bad', '1.1.0').blocked).toBeNull();
  await block(null, 'its publisher’s key was stolen');
  await bench.pack('blocks', 'bad', { version: '1.2.0' });
  const rebuilt = await build('blocks');
  expect(versionOf(rebuilt, 'bad', '1.2.0').blocked).toMatchObject({ by: 'operator' });
  expect(versionOf(rebuilt, 'other').blocked).toBeNull();
  await rm(join(at('blocks'), 'bad-1.0.0.tgz'));
  expect((await build('blocks')).index.blocks).toHaveLength(2);
  await unblockInIndex(at('blocks'), { name: 'bad', version: null }, bench.keeping());
  await bench.pack('blocks', 'bad');
  const last = await build('blocks');
  expect(versionOf(last, 'bad').blocked).toMatchObject({ reason: 'CVE-2026-1' });
  expect(versionOf(last, 'bad', '1.2.0').blocked).toBeNull();
  await expect(unblockInIndex(at('blocks'), { name: 'other', version: null }, bench.keeping())).rejects.toMatchObject({
    code: 'RELEASE_NOT_FOUND',
  });
});

test('an index of another key, a changed one, and an address are not gone on with', async () => {
  await bench.pack('foreign', 'one');
  await build('foreign');
  const signing = { privateKey: createKeyPair().privateKey };
  await expect(build('foreign', { signing })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await writeFile(join(at('foreign'), 'index.json'), (await text('foreign')).replace('Plugin one.', 'Plugin won.'));
  await expect(build('foreign')).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await writeFile(join(at('foreign'), 'index.json'), '{}');
  await expect(build('foreign')).rejects.toMatchObject({ code: 'INDEX_INVALID' });
  await expect(buildIndex('https://example.com/index', bench.keeping())).rejects.toMatchObject({
    code: 'INDEX_UNREACHABLE',
  });
  await expect(build('nowhere')).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
  await mkdir(at('empty'));
  await expect(
    blockInIndex(at('empty'), { name: 'one', version: null, reason: 'x' }, bench.keeping()),
  ).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE', hint: expect.stringContaining('index build') });
  await expect(build('empty', { signing: { privateKey: 'no key' } })).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
});
