import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDirectory, type Identities } from './data-lock.ts';

type Id = { readonly pid: number };

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-lock-test-'));
});
afterEach(() => rm(dir, { recursive: true }));

function identities(pid: number, dead: readonly number[] = []): Identities<Id> {
  return {
    own: async () => ({ pid }),
    parse: (value) =>
      typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number'
        ? { pid: value.pid }
        : undefined,
    isProvedDead: async (id) => dead.includes(id.pid),
  };
}

test('a second host is refused and told whose the directory is', async () => {
  await using lock = await lockDataDirectory(dir, identities(1));
  expect(lock).toBeDefined();
  await expect(lockDataDirectory(dir, identities(2))).rejects.toMatchObject({
    code: 'DATA_LOCKED',
    message: expect.stringContaining('pid 1') as string,
  });
});

test('a lock that was given back can be taken, and nothing is left behind', async () => {
  {
    await using lock = await lockDataDirectory(dir, identities(1));
    expect(lock).toBeDefined();
  }
  expect(await readdir(dir)).toEqual([]);
  await using again = await lockDataDirectory(dir, identities(2));
  expect(again).toBeDefined();
  expect(await readdir(dir)).toEqual(['lock']);
});

test('the lock of an owner that is proved dead is taken at once', async () => {
  await writeFile(join(dir, 'lock'), JSON.stringify({ pid: 1 }));
  await using lock = await lockDataDirectory(dir, identities(2, [1]));
  expect(lock).toBeDefined();
  expect(await readdir(dir)).toEqual(['lock']);
});

test('of many takers of a dead lock exactly one gets it', async () => {
  await writeFile(join(dir, 'lock'), JSON.stringify({ pid: 1 }));
  const taken = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => lockDataDirectory(dir, identities(100 + index, [1]))),
  );
  expect(taken.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

test('a lock that cannot be read is never taken from whoever made it', async () => {
  await writeFile(join(dir, 'lock'), 'not json');
  await expect(lockDataDirectory(dir, identities(2, [1]))).rejects.toMatchObject({ code: 'DATA_LOCKED' });
});
