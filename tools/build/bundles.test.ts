import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

test('[F000-14] NOTICE names every package of others whose code stands in a built file', async () => {
  const notice = readFileSync(join(ROOT, 'NOTICE'), 'utf8');
  const named = [...notice.matchAll(/^- (\S+) \(/gm)].map(([, name]) => name);
  expect(named).toEqual(await bundledPackages(ROOT));
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
