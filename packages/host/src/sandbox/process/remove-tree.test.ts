import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { measureFolder } from './measure-temp.ts';
import { removeTree } from './remove-tree.ts';

const parent = mkdtempSync(join(tmpdir(), 'bulkhead-test-trees-'));
afterAll(() => removeTree(parent));

const MOST = { bytes: 1024 * 1024, files: 1_000 };
const odd = (path: string, ...bytes: number[]): Buffer => Buffer.concat([Buffer.from(`${path}/`), Buffer.from(bytes)]);

/** Runs a script in a folder, in a process that may change its own place: so trees are made that no path reaches. */
function inFolder(folder: string, script: string): void {
  const made = spawnSync(process.execPath, ['-e', script], { cwd: folder });
  expect(made.stderr.toString()).toBe('');
}

const DEEPER = `const fs = require('node:fs'); const name = 'n'.repeat(250);
  for (let level = 0; level < 60; level += 1) { fs.mkdirSync(name); process.chdir(name); }
  fs.writeFileSync('last', 'x');`;

test('a tree that is deeper than a path may be long is removed, also where its folders are locked', async () => {
  const tree = mkdtempSync(join(parent, 'deep-'));
  inFolder(tree, `${DEEPER} fs.chmodSync('..', 0o500);`);
  inFolder(tree, DEEPER.replaceAll("'n'", "'m'"));
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
});

test('names that are no text are removed, in locked folders, too', async () => {
  const tree = mkdtempSync(join(parent, 'odd-'));
  mkdirSync(odd(tree, 0xff));
  writeFileSync(Buffer.concat([odd(tree, 0xff), Buffer.from([0x2f, 0xfe, 0x0a])]), 'x');
  chmodSync(odd(tree, 0xff), 0);
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
});

test('what a link points to stays', async () => {
  const dear = mkdtempSync(join(parent, 'dear-'));
  writeFileSync(join(dear, 'file'), 'x');
  const tree = mkdtempSync(join(parent, 'linking-'));
  symlinkSync(dear, join(tree, 'link'));
  inFolder(tree, DEEPER); // So that the slower way is gone, which looks at every entry.
  await removeTree(tree);
  expect(readdirSync(dear)).toEqual(['file']);
});

test('a folder is counted with what is below it, whatever the names', async () => {
  const tree = mkdtempSync(join(parent, 'counted-'));
  mkdirSync(odd(tree, 0xfd));
  writeFileSync(Buffer.concat([odd(tree, 0xfd), Buffer.from([0x2f, 0xfc])]), Buffer.alloc(10_000));
  const usage = await measureFolder(tree, undefined, MOST);
  expect(usage?.files).toBe(2);
  expect(usage?.bytes).toBeGreaterThanOrEqual(10_000);
});

test('a look ends where there is more than the bound, and says nothing of a tree that it cannot see to the end', async () => {
  const many = mkdtempSync(join(parent, 'many-'));
  for (let index = 0; index < 20; index += 1) writeFileSync(join(many, `${index}`), '');
  expect((await measureFolder(many, undefined, { ...MOST, files: 5 }))?.files).toBe(6);
  const deep = mkdtempSync(join(parent, 'unseen-'));
  inFolder(deep, DEEPER);
  expect(await measureFolder(deep, undefined, MOST)).toBeUndefined();
  expect(await measureFolder(join(parent, 'never-there'), undefined, MOST)).toEqual({ bytes: 0, files: 0 });
});
