import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openNodeId } from './node-id.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-node-test-'));
});
afterEach(() => rm(dir, { recursive: true }));

test('a data directory keeps the id of its node; without one each start is a new node', async () => {
  const id = await openNodeId(dir);
  expect(await openNodeId(dir)).toBe(id);
  expect(await openNodeId(undefined)).not.toBe(await openNodeId(undefined));
});

test('an id that was damaged is made anew', async () => {
  const id = await openNodeId(dir);
  await writeFile(join(dir, 'node'), '');
  const next = await openNodeId(dir);
  expect(next).not.toBe(id);
  expect((await readFile(join(dir, 'node'), 'utf8')).trim()).toBe(next);
});

test('a directory that cannot be written is said to be so', async () => {
  await expect(openNodeId(join(dir, 'none'))).rejects.toMatchObject({ code: 'DATA_UNUSABLE' });
});
