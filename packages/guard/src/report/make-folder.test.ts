import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-guard-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a folder is made with those above it, by two at once and again', async () => {
  const deep = join(folder, 'one', 'two', 'three');
  await Promise.all([makeFolder(deep), makeFolder(deep)]);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test('below a file, and where a file is, none can be made', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(makeFolder(join(file, 'below'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
});

// Node's own `mkdir(path, { recursive: true })` goes round for ever there.
test('a folder that is there and takes none is told, and does not hang', async () => {
  await expect(makeFolder('/proc/bulkhead/reports')).rejects.toMatchObject({ syscall: 'mkdir', code: 'ENOENT' });
});
