import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildBundles, bundledPackages } from './bundles.ts';
import { writeIfChanged } from './write-if-changed.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('the same sources give the same bytes, so that a second build writes nothing', async () => {
  await buildBundles(ROOT);
  expect(await buildBundles(ROOT)).toEqual([]);
});

test('[F000-14] each NOTICE names every package of others whose code stands in a built file of that package', async () => {
  const bundled = await bundledPackages(ROOT);
  for (const [folder, names] of bundled)
    expect([folder, ...namedBy(join(folder, 'NOTICE'))]).toEqual([folder, ...names]);
  expect(namedBy('NOTICE')).toEqual([...new Set([...bundled.values()].flat())].toSorted());
});

function namedBy(path: string): readonly string[] {
  if (!existsSync(join(ROOT, path))) return [];
  return [...readFileSync(join(ROOT, path), 'utf8').matchAll(/^- (\S+) \(/gm)].map(([, name = '']) => name);
}

test('a package that has a NOTICE is published with it', () => {
  for (const folder of readdirSync(join(ROOT, 'packages'))) {
    const at = join(ROOT, 'packages', folder);
    if (!existsSync(join(at, 'NOTICE'))) continue;
    expect(JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))).toMatchObject({
      files: expect.arrayContaining(['NOTICE']),
    });
  }
});

test('code in a dist that nobody built goes with the next build, because chunks have their digest in their name', async () => {
  const left = join(ROOT, 'packages/cli/dist/chunk-OFOTHERS.js');
  writeFileSync(left, '');
  await buildBundles(ROOT);
  expect(existsSync(left)).toBe(false);
});

test('a built file is written where its bytes differ, in folders that need not exist', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'build-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'deep/file.js');
  expect(await writeIfChanged(path, Buffer.from('a'))).toBe(true);
  expect(await writeIfChanged(path, Buffer.from('a'))).toBe(false);
  expect(await writeIfChanged(path, Buffer.from('b'))).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('b');
});
