import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { openDataDirectory, toDataFault } from './data-directory.ts';

let parent = '';
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'bulkhead-data-test-'));
});
afterEach(() => rm(parent, { recursive: true }));

test('it is made with what lies above it, for its owner alone', async () => {
  const dir = join(parent, 'one', 'two');
  await openDataDirectory(dir);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  expect(await readdir(dir)).toEqual([]);
});

test('one that is there keeps its content and its mode', async () => {
  const dir = join(parent, 'kept');
  await mkdir(dir);
  await chmod(dir, 0o750);
  await writeFile(join(dir, 'token'), 'kept');
  await openDataDirectory(dir);
  expect(await readdir(dir)).toEqual(['token']);
  expect((await stat(dir)).mode & 0o777).toBe(0o750);
});

test('a file in its place, or on the way to it, is refused and named', async () => {
  const file = join(parent, 'file');
  await writeFile(file, '');
  for (const dir of [file, join(file, 'below')]) {
    await expect(openDataDirectory(dir)).rejects.toMatchObject({
      code: 'DATA_UNUSABLE',
      message: `"${dir}" cannot be the data directory (ENOTDIR)`,
    });
  }
});

test('a place where no folder can be made is an error, and no wait without end', async () => {
  const failure = openDataDirectory('/proc/self/bulkhead/data');
  await expect(failure).rejects.toMatchObject({ code: 'DATA_UNUSABLE', message: expect.stringContaining('ENOENT') });
});

test('of two that make it at once both have it', async () => {
  const dir = join(parent, 'one', 'two', 'three');
  await Promise.all([openDataDirectory(dir), openDataDirectory(dir)]);
  expect(await readdir(dir)).toEqual([]);
});

test('a fault of the system is the directory’s, any other error stays what it is', () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  expect(toDataFault('/data', full)).toMatchObject({
    code: 'DATA_UNUSABLE',
    message: '"/data" cannot be the data directory (ENOSPC)',
  });
  const held = new HostError('DATA_LOCKED');
  expect(toDataFault('/data', held)).toBe(held);
});
