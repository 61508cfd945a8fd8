import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replaceFile } from './write-whole.ts';

async function makeFile(content: string): Promise<AsyncDisposable & { readonly dir: string; readonly path: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-write-'));
  const path = join(dir, 'main.ts');
  await writeFile(path, content, { mode: 0o640 });
  return { dir, path, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

test('a file is replaced, keeps its mode, and nothing is left beside it', async () => {
  await using file = await makeFile('before');
  expect(await replaceFile({ path: file.path, before: Buffer.from('before') }, 'after')).toBe(true);
  expect(await readFile(file.path, 'utf8')).toBe('after');
  expect((await stat(file.path)).mode & 0o777).toBe(0o640);
  expect(await readdir(file.dir)).toEqual(['main.ts']);
});

test('what was saved in the meantime is left alone', async () => {
  await using file = await makeFile('saved by an editor');
  expect(await replaceFile({ path: file.path, before: Buffer.from('before') }, 'after')).toBe(false);
  expect(await readFile(file.path, 'utf8')).toBe('saved by an editor');
  expect(await readdir(file.dir)).toEqual(['main.ts']);
});

test('a link is left alone, and what it leads to is not written', async () => {
  await using file = await makeFile('before');
  const link = join(file.dir, 'link.ts');
  await symlink(file.path, link);
  expect(await replaceFile({ path: link, before: Buffer.from('before') }, 'after')).toBe(false);
  expect(await readFile(file.path, 'utf8')).toBe('before');
});
