/** Reading an archive through a real workshop, as the install flow does. */
import { randomBytes } from 'node:crypto';
import { LIMITS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTgz, makeZip, type TestEntry } from '../archive/archive.fixture.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { readArchive } from '../source/read-archive.ts';
import { openPlainWorkshop, type PlainWorkshop } from './workshop.fixture.ts';

let workshop: PlainWorkshop;
beforeAll(() => void (workshop = openPlainWorkshop()));
afterAll(() => workshop.close());

const ENTRIES: readonly TestEntry[] = [
  { name: 'package/plugin.json', content: '{}' },
  { name: 'package/main.ts', content: 'main' },
  { name: 'package/README.md', content: '#' },
  { name: 'package/types.d.ts', content: 'x' },
  { name: 'package/coverage/report.js', content: 'x' },
  { name: 'package/big.js', content: randomBytes(LIMITS.source_file_bytes.value + 1) },
  { name: 'package/node_modules/a/package.json', content: '{"name":"a"}' },
  { name: 'package/node_modules/a/index.js', content: 'a' },
  { name: 'package/node_modules/a/node_modules/b/index.js', content: 'inner b' },
  { name: 'package/node_modules/b/index.js', content: 'outer b' },
];

test.each([
  ['tgz', makeTgz(ENTRIES)],
  ['zip', makeZip(ENTRIES)],
])('a %s is read into the tree that its folder would be', async (_, bytes) => {
  const tree = await readArchive({ bytes, place: 'upload' }, workshop.ask);
  expect(tree).toMatchObject({ folder: 'upload', isPacked: true });
  expect([...tree.files.keys()]).toEqual(['plugin.json', 'main.ts']);
  expect(tree.oversized).toEqual(new Map([['big.js', LIMITS.source_file_bytes.value + 1]]));
  expect([...((await tree.readPackage('a', 'lib'))?.files.keys() ?? [])]).toEqual([
    'node_modules/a/package.json',
    'node_modules/a/index.js',
  ]);
  expect((await tree.readPackage('b', 'node_modules/a'))?.root).toBe('node_modules/a/node_modules/b');
  expect((await tree.readPackage('b', ''))?.root).toBe('node_modules/b');
  expect(await tree.readPackage('c', '')).toBeUndefined();
});

test('[FAULTS-79] [FAULTS-85] what the workshop refuses is refused with its code and a finding, and the workshop lives', async () => {
  const before = workshop.pid();
  const bytes = makeTgz([{ name: '../evil.js' }]);
  await expect(readArchive({ bytes, place: 'upload' }, workshop.ask)).rejects.toMatchObject({
    code: 'ARCHIVE_PATH',
    message: '"../evil.js" has a part that is "." or ".."',
    findings: [{ id: 'ARCHIVE_PATH', severity: 'error', path: '.', line: null }],
  });
  expect(workshop.pid()).toBe(before);
});

test('[FAULTS-81] an archive beyond its bound is handed to nobody', async () => {
  const bytes = new Uint8Array(LIMITS.archive_packed_bytes.value + 1);
  const nobody: AskWorkshop = () => Promise.reject(new Error('it was asked'));
  await expect(readArchive({ bytes, place: 'upload' }, nobody)).rejects.toMatchObject({ code: 'ARCHIVE_TOO_LARGE' });
});

test.each<[string, Awaited<ReturnType<AskWorkshop>>]>([
  ['a path that leaves', { head: {}, blobs: new Map([['../x.js', new Uint8Array()]]) }],
  ['too much', { head: {}, blobs: new Map([['x.js', new Uint8Array(LIMITS.archive_bytes.value + 1)]]) }],
  ['a refusal of another kind', { head: { refused: { code: 'HOST_FAULT', message: 'x' } }, blobs: new Map() }],
])('a workshop that was fooled into %s adds nothing', async (_, answer) => {
  const bytes = makeTgz(ENTRIES);
  const fooled: AskWorkshop = () => Promise.resolve(answer);
  await expect(readArchive({ bytes, place: 'upload' }, fooled)).rejects.toMatchObject({ code: 'REVIEW_LIMIT' });
});
