import { chmod, mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noNotes, openMachineNotes, type MachineNotes } from './machine-notes.ts';

let root = '';
/** Of the files that are written now. */
const NOW = Date.now();
let now = NOW;
let measured = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-notes-'));
  [now, measured] = [NOW, 0];
  await writeFile(join(root, 'program'), 'one');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const dir = (): string => join(root, 'cache');
const notes = (): MachineNotes => openMachineNotes({ dir: dir(), wallTime: () => now });
const measure = async (): Promise<{ readonly count: number }> => ({ count: (measured += 1) });
const recall = (what = 'tier', by = notes()): Promise<{ readonly count: number }> =>
  by.recall(what, [join(root, 'program')], measure);
const theNote = async (): Promise<string> => join(dir(), (await readdir(dir()))[0] ?? '');

test('what was measured is recalled, by another process too', async () => {
  expect(await recall()).toEqual({ count: 1 });
  expect(await recall()).toEqual({ count: 1 });
  expect(await recall('another tier')).toEqual({ count: 2 });
});

test('a note is its user’s alone, and there is nothing beside it', async () => {
  await recall();
  expect((await stat(await theNote())).mode & 0o777).toBe(0o600);
  expect((await stat(dir())).mode & 0o777).toBe(0o700);
  expect(await readdir(dir())).toHaveLength(1);
});

test.each<[string, () => Promise<unknown>]>([
  ['it is an hour old', async () => (now += 3_600_001)],
  ['it is of a time that has not come', async () => (now -= 1)],
  ['a program is another', () => writeFile(join(root, 'program'), 'two')],
  ['a program was touched', () => utimes(join(root, 'program'), 1, 1)],
  ['a program is gone', () => rm(join(root, 'program'))],
  ['others may write it', async () => chmod(await theNote(), 0o666)],
  ['others may read it', async () => chmod(await theNote(), 0o644)],
  ['it was cut off', async () => truncate(await theNote(), 10)],
  ['it is another’s text', async () => writeFile(await theNote(), '{"key":"","at":9e15,"value":{"count":9}}')],
])('it is measured again where %s', async (_why, change) => {
  await recall();
  await change();
  expect(await recall()).toEqual({ count: 2 });
});

test('notes that nobody can use any more are removed with the next that is written', async () => {
  await recall('one');
  await utimes(await theNote(), 1, 1);
  await recall('another');
  expect(await readdir(dir())).toHaveLength(1);
});

test('where nothing can be written it is measured each time, without an error', async () => {
  const nowhere = openMachineNotes({ dir: join(root, 'program', 'cache'), wallTime: () => now });
  expect(await recall('tier', nowhere)).toEqual({ count: 1 });
  expect(await recall('tier', nowhere)).toEqual({ count: 2 });
  expect(await recall('tier', noNotes)).toEqual({ count: 3 });
});

test('what could not be measured is not noted', async () => {
  const failing = notes().recall('tier', [], () => Promise.reject(new Error('no perl')));
  await expect(failing).rejects.toThrow('no perl');
  expect(await recall()).toEqual({ count: 1 });
});

test('a note is read and written by halves, by what and by which files', async () => {
  const [book, files] = [notes(), [join(root, 'program')]];
  expect(await book.read('trial', files)).toBeUndefined();
  await book.write('trial', files, { ready: true });
  expect(await notes().read('trial', files)).toEqual({ ready: true });
  expect(await book.read('another', files)).toBeUndefined();
  await writeFile(join(root, 'program'), 'three');
  expect(await book.read('trial', files)).toBeUndefined();
});

test('a note that is larger than notes may be is not kept', async () => {
  const small = openMachineNotes({ dir: dir(), wallTime: () => now, bytesMax: 2_000 });
  await small.write('large', [], 'x'.repeat(2_000));
  expect(await small.read('large', [])).toBeUndefined();
  await small.write('small', [], 'x');
  expect(await small.read('small', [])).toBe('x');
});
