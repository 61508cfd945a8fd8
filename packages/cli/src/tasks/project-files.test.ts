/** What a project is, read from real folders. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROJECT_BYTES_MAX, PROJECT_FILES_MAX, readProject } from './project-files.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-project-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(path: string, content: string | Uint8Array = ''): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), content);
}

test('every ending of a template is taken off, and a name that is an ending alone is copied [X000-20]', async () => {
  const names = [
    'a.tmpl',
    'b.txt.tpl',
    'c/d.template',
    'c/e.html.mustache',
    'f.tmpl.tmpl',
    'g.TMPL',
    '.tmpl',
    '..tmpl',
    '...tmpl',
  ];
  for (const name of names) await put(name);
  const { files } = await readProject(dir);
  expect(files.map(({ file, target, kind }) => [file, target, kind])).toEqual([
    ['...tmpl', '...tmpl', 'copy'],
    ['..tmpl', '..tmpl', 'copy'],
    ['.tmpl', '.tmpl', 'copy'],
    ['a.tmpl', 'a', 'template'],
    ['b.txt.tpl', 'b.txt', 'template'],
    ['c/d.template', 'c/d', 'template'],
    ['c/e.html.mustache', 'c/e.html', 'template'],
    ['f.tmpl.tmpl', 'f.tmpl', 'template'],
    ['g.TMPL', 'g.TMPL', 'copy'],
  ]);
});

test('vars.json at the top and the file that is named are left out; one deeper is a file as any other [X000-20]', async () => {
  for (const name of ['vars.json', 'sub/vars.json', 'live.json', 'a.txt']) await put(name, '{}');
  const { files, variables } = await readProject(dir, { varsFile: join(dir, 'sub/../live.json') });
  expect(files.map(({ file }) => file)).toEqual(['a.txt', 'sub/vars.json']);
  expect(variables).toBe(join(dir, 'vars.json'));
});

test.each([
  [['a.txt', 'a.txt.tmpl'], 'a.txt and a.txt.tmpl of '],
  [['a.txt.tpl', 'a.txt.tmpl'], 'both become a.txt'],
  [['a.tmpl', 'a/deep/b.txt'], 'becomes a, which is the folder of a/deep/b.txt'],
])('%j go to one place, which is refused [X000-20]', async (names, message) => {
  for (const name of names) await put(name);
  await expect(readProject(dir)).rejects.toThrow(message);
});

test('a link is refused with its path, to a file and to a folder, wherever it leads [X000-20]', async () => {
  await put('sub/a.txt');
  await symlink('a.txt', join(dir, 'sub/to-file'));
  await expect(readProject(dir)).rejects.toThrow(`${join(dir, 'sub/to-file')} is a symbolic link`);
  await rm(join(dir, 'sub/to-file'));
  await symlink('/', join(dir, 'sub/to-root'));
  await expect(readProject(dir)).rejects.toThrow(`${join(dir, 'sub/to-root')} is a symbolic link`);
});

test('variables that are a link are refused, too [X000-20]', async () => {
  await put('a.tmpl');
  await put('other.json', '{}');
  await symlink('other.json', join(dir, 'vars.json'));
  await expect(readProject(dir)).rejects.toThrow(`${join(dir, 'vars.json')} is a symbolic link`);
});

test('a project may be named by a link to it, and links in node_modules are nobody’s business [X000-20]', async () => {
  await put('real/a.txt');
  await put('real/node_modules/x.js');
  await symlink('/', join(dir, 'real/node_modules/root'));
  await symlink('real', join(dir, 'link'));
  const { root, files } = await readProject(join(dir, 'link'));
  expect(root.endsWith('/real')).toBe(true);
  expect(files.map(({ file }) => file)).toEqual(['a.txt']);
});

test('a pipe is refused, and nobody waits for it [X000-20]', async () => {
  await promisify(execFile)('mkfifo', [join(dir, 'pipe')]);
  await expect(readProject(dir)).rejects.toThrow(`${join(dir, 'pipe')} is no plain file`);
});

test('a folder that is not there, a file, and a folder with nothing to render are refused [X000-20]', async () => {
  await put('file');
  await expect(readProject(join(dir, 'gone'))).rejects.toThrow('which is not there');
  await expect(readProject(join(dir, 'file'))).rejects.toThrow('which is no folder');
  await rm(join(dir, 'file'));
  await put('vars.json', '{}');
  await put('.git/HEAD');
  await expect(readProject(dir)).rejects.toThrow('holds no file to render or copy');
});

test('more files or bytes than a project may have are refused, and as many are not [X000-20]', async () => {
  for (let at = 0; at < PROJECT_FILES_MAX; at += 1) await put(`f${at}`);
  expect((await readProject(dir)).files).toHaveLength(PROJECT_FILES_MAX);
  await put('vars.json', '{}');
  expect((await readProject(dir)).files).toHaveLength(PROJECT_FILES_MAX);
  await put('one-more');
  await expect(readProject(dir)).rejects.toThrow('has more than 1000 files');
  await rm(join(dir, 'one-more'));
  await truncate(join(dir, 'f0'), PROJECT_BYTES_MAX);
  expect((await readProject(dir)).files).toHaveLength(PROJECT_FILES_MAX);
  await put('f1', 'x');
  await expect(readProject(dir)).rejects.toThrow(`with ${join(dir, 'f1')} the files of`);
});

test('a template that is no text or larger than a task takes is refused; without its ending it is copied [X000-20]', async () => {
  await put('a.tmpl', new Uint8Array([0xff]));
  await expect(readProject(dir)).rejects.toThrow(`${join(dir, 'a.tmpl')} is not UTF-8`);
  await put('a.tmpl', 'x'.repeat(204_801));
  await expect(readProject(dir)).rejects.toThrow('has 204801 bytes; expected a template of at most 204800');
  await rm(join(dir, 'a.tmpl'));
  await put('a', 'x'.repeat(204_801));
  expect((await readProject(dir)).files).toMatchObject([{ kind: 'copy', file: 'a' }]);
});
