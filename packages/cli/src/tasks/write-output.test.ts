/** Files that are written together are all there or none of them. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeOutputs } from './write-output.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-output-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('folders are made, and no draft stays behind [X000-20]', async () => {
  await writeOutputs([
    { path: join(dir, 'a/b/c.txt'), content: 'c' },
    { path: join(dir, 'd.txt'), content: new Uint8Array([0, 255]) },
  ]);
  expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['a', 'a/b', 'a/b/c.txt', 'd.txt']);
  expect([...(await readFile(join(dir, 'd.txt')))]).toEqual([0, 255]);
});

test('where the last cannot be written the first stays as it was [X000-20]', async () => {
  await mkdir(join(dir, 'x'.repeat(200)));
  await writeFile(join(dir, 'first.txt'), 'old');
  // Its folder can be made, and a draft in it is one character too long for a path.
  const deep = join(dir, ...Array.from({ length: 20 }, () => 'x'.repeat(200)));
  await expect(
    writeOutputs([
      { path: join(dir, 'first.txt'), content: 'new' },
      { path: join(deep, 'last.txt'), content: 'last' },
    ]),
  ).rejects.toThrow('cannot be written (ENAMETOOLONG)');
  expect(await readFile(join(dir, 'first.txt'), 'utf8')).toBe('old');
  expect((await readdir(dir)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a folder that takes no other is told, and not asked for ever [X000-20]', async () => {
  const path = '/proc/no-such-process/deep/a.txt';
  await expect(writeOutputs([{ path, content: 'a' }])).rejects.toThrow(
    /^\/proc\/no-such-process\S* cannot be written \(/,
  );
});
