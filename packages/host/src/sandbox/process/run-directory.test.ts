import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';

let parent: string;
let run: RunDirectory;
beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-test-run-')));
  await chmod(parent, 0o755);
  run = await openRunDirectory({ forOtherUsers: true, parents: [parent] });
});
afterEach(async () => {
  await run.close();
  await rm(parent, { recursive: true, force: true });
});

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('others can pass through the folder, not list it, and not read who owns it', async () => {
  expect(await modeOf(run.path)).toBe(0o711);
  expect(await modeOf(join(run.path, 'owner.json'))).toBe(0o600);
});

test('a file that others can reach is used in place', async () => {
  await writeFile(join(parent, 'open'), 'x', { mode: 0o644 });
  expect(await run.stage(join(parent, 'open'), 'staged')).toBe(join(parent, 'open'));
});

test('a file below a folder of mode 0700 is linked, which takes no space', async () => {
  const source = await closedFile(0o755);
  const staged = await run.stage(source, 'staged');
  expect(staged).toBe(join(run.path, 'staged'));
  expect((await stat(staged)).ino).toBe((await stat(source)).ino);
});

test('a file that only its owner may read is copied, readable by all', async () => {
  const source = await closedFile(0o700);
  const staged = await run.stage(source, 'staged');
  expect((await stat(staged)).ino).not.toBe((await stat(source)).ino);
  expect(await modeOf(staged)).toBe(0o755);
});

test('where guests run as the host’s own user, every file is in place', async () => {
  const own = await openRunDirectory({ forOtherUsers: false, parents: [parent] });
  const source = await closedFile(0o600);
  expect(await own.stage(source, 'staged')).toBe(source);
  await own.close();
});

test('a parent that others cannot pass through is passed over', async () => {
  const closed = join(parent, 'closed-parent');
  await mkdir(closed, { mode: 0o700 });
  const other = await openRunDirectory({ forOtherUsers: true, parents: [closed, parent] });
  expect(other.path.startsWith(join(parent, 'bulkhead-run-'))).toBe(true);
  await other.close();
});

test('a guest’s temp folder goes with everything in it, also what it locked', async () => {
  const temp = run.makeTempDir(undefined);
  await mkdir(join(temp, 'locked', 'deeper'), { recursive: true });
  await chmod(join(temp, 'locked'), 0o000);
  await run.removeTempDir(temp);
  expect(await readdir(join(run.path, 'temp'))).toEqual([]);
});

test('closing removes everything, and may be done twice', async () => {
  await run.close();
  await run.close();
  expect(await readdir(parent)).toEqual([]);
});

async function closedFile(mode: number): Promise<string> {
  const directory = join(parent, 'closed');
  await mkdir(directory, { mode: 0o700 });
  const path = join(directory, 'file');
  await writeFile(path, 'x');
  await chmod(path, mode);
  return path;
}
