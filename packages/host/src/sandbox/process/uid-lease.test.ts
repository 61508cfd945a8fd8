import { mkdtemp, readdir, rm, writeFile, chmod, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAliveSocket } from './alive-socket.ts';
import { ownIdentity } from './process-table.ts';
import { UID_BLOCK_SIZE, blocksOf, leaseUids, reapUidLeases } from './uid-lease.ts';

// Above every block that a host leases, so that no live process has one of these ids.
const BLOCKS = [0x7f00_0000, 0x7f00_0000 + UID_BLOCK_SIZE, 0x7f00_0000 + 2 * UID_BLOCK_SIZE];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bulkhead-test-leases-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const lease = () => leaseUids({ directory, blocks: BLOCKS });

test('two leases never share an id', async () => {
  const [one, two] = await Promise.all([lease(), lease()]);
  const ids = [one, two].flatMap(({ acquire }) => Array.from({ length: UID_BLOCK_SIZE }, acquire));
  expect(new Set(ids).size).toBe(2 * UID_BLOCK_SIZE);
});

test('of many that start at once, each block has one owner and the rest are refused', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 12 }, lease));
  const firsts = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.first] : []));
  expect(firsts.toSorted((a, b) => a - b)).toEqual(BLOCKS);
});

test('an id is not given again before all others were', async () => {
  const { acquire, release, first } = await lease();
  const id = acquire();
  release(id ?? 0);
  expect(id).toBe(first);
  expect(Array.from({ length: UID_BLOCK_SIZE - 1 }, acquire)).not.toContain(first);
  expect(acquire()).toBe(first);
});

test('a full block has no id left', async () => {
  const { acquire } = await lease();
  for (let count = 0; count < UID_BLOCK_SIZE; count += 1) acquire();
  expect(acquire()).toBeUndefined();
});

test('an id that was not handed out cannot be given back', async () => {
  const { acquire, release, first } = await lease();
  release(first);
  expect(new Set(Array.from({ length: UID_BLOCK_SIZE }, acquire)).size).toBe(UID_BLOCK_SIZE);
});

test('a closed lease hands out nothing, and its block is free at once', async () => {
  const one = await lease();
  await one.close();
  await one.close();
  expect(one.acquire()).toBeUndefined();
  expect((await lease()).first).toBe(one.first);
});

test('a dead owner’s block is taken over, and its numbers are never given twice', async () => {
  const dead = { ...(await ownIdentity()), start_time: 1 };
  await writeFile(join(directory, `uids-${BLOCKS[0]}.7`), JSON.stringify(dead));
  expect((await lease()).first).toBe(BLOCKS[0]);
  expect(await readdir(directory)).toEqual([`uids-${BLOCKS[0]}.8`]);
});

test('an owner of another pid namespace, as before a container’s restart, is dead when its socket is', async () => {
  const other = { ...(await ownIdentity(join(directory, 'alive'))), pid_namespace: 'pid:[1]' };
  await writeFile(join(directory, `uids-${BLOCKS[0]}.1`), JSON.stringify(other));
  const alive = await openAliveSocket(join(directory, 'alive'));
  expect((await lease()).first).toBe(BLOCKS[1]);
  await alive.close();
  expect((await lease()).first).toBe(BLOCKS[0]);
});

test('a live owner’s block is passed over', async () => {
  await writeFile(join(directory, `uids-${BLOCKS[0]}.1`), JSON.stringify(await ownIdentity()));
  expect((await lease()).first).toBe(BLOCKS[1]);
});

test('reaping gives dead owners’ blocks back and leaves live ones', async () => {
  const own = await ownIdentity();
  await writeFile(join(directory, `uids-${BLOCKS[0]}.1`), JSON.stringify({ ...own, start_time: 1 }));
  await writeFile(join(directory, `uids-${BLOCKS[1]}.1`), JSON.stringify(own));
  expect(await reapUidLeases(directory)).toEqual([BLOCKS[0]]);
});

test('a folder that others can write to is refused', async () => {
  const open = join(directory, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  await expect(leaseUids({ directory: open, blocks: BLOCKS })).rejects.toThrow('can be written by others');
});

test('blocks lie within what the user namespace maps', () => {
  expect(blocksOf('         0          0 4294967295\n')).toHaveLength(512);
  expect(blocksOf('0 100000 65536')[0]).toBe(32_768);
  expect(blocksOf('0 1000 1')).toEqual([]);
});
