/**
 * What a guest's temp folder holds, while the guest may still write in it. What is found there is only ever counted: a
 * folder that is swapped for something else under the look makes a wrong number, and nothing more.
 */
import { lstat, opendir, readdir, stat, statfs } from 'node:fs/promises';
import { systemCodeOf } from '../../base/host-error.ts';

/** Files and folders together, and the bytes that they take. */
export type TempUsage = { readonly bytes: number; readonly files: number };

/**
 * Looks through a folder on the disk, and at files that the guest has removed and still holds open.
 *
 * @param pid - The guest's Node; undefined while it is not known.
 * @param most - The look ends once it has seen more.
 * @returns undefined where a part of the folder cannot be looked at: the guest has locked it, or made it too deep.
 */
export async function measureFolder(
  path: string,
  pid: number | undefined,
  most: TempUsage,
): Promise<TempUsage | undefined> {
  const seen = { bytes: 0, files: 0 };
  const pending = [Buffer.from(path)];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (!(await addFolder(folder, { seen, pending, most }))) return undefined;
    if (isBeyond(seen, most)) return seen;
  }
  return { files: seen.files, bytes: seen.bytes + (pid === undefined ? 0 : await removedBytes(path, pid)) };
}

/**
 * Looks at a folder that is a file system to itself in the guest's mount namespace: one call, whatever it holds. Nothing is
 * seen where the guest is not there yet, or no longer.
 */
export async function measureMemoryFolder(path: string, pid: number | undefined): Promise<TempUsage> {
  if (pid === undefined) return NOTHING;
  try {
    const { bsize, blocks, bfree, files, ffree } = await statfs(`/proc/${pid}/root${path}`);
    return { bytes: (blocks - bfree) * bsize, files: files - ffree - OWN_FOLDER };
  } catch {
    return NOTHING; // Of the process, not of the folder: a guest cannot take a mount away.
  }
}

/** Tells whether something is more than it may be. */
function isBeyond(usage: TempUsage, most: TempUsage): boolean {
  return usage.bytes > most.bytes || usage.files > most.files;
}

const NOTHING: TempUsage = { bytes: 0, files: 0 };
const OWN_FOLDER = 1;
const LOOKS_AT_ONCE = 64;
const BLOCK_BYTES = 512;

type Look = {
  readonly seen: { bytes: number; files: number };
  readonly pending: Buffer[];
  readonly most: TempUsage;
};

/** Names need not be text, which Latin-1 keeps byte by byte, and a folder may hold more than anybody has room to list. */
async function addFolder(folder: Buffer, { seen, pending, most }: Look): Promise<boolean> {
  try {
    let batch: Buffer[] = [];
    for await (const entry of await opendir(folder, { encoding: 'latin1' })) {
      const path = Buffer.concat([folder, Buffer.from(`/${entry.name}`, 'latin1')]);
      if (entry.isDirectory()) pending.push(path);
      seen.files += 1;
      if (seen.files > most.files) return true;
      batch.push(path);
      if (batch.length < LOOKS_AT_ONCE) continue;
      seen.bytes += await bytesOf(batch);
      batch = [];
    }
    seen.bytes += await bytesOf(batch);
    return true;
  } catch (error) {
    // What is gone by now counts nothing; every other refusal would be a place to hide in.
    return isGone(error);
  }
}

function isGone(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function bytesOf(paths: readonly Buffer[]): Promise<number> {
  const sizes = paths.map(async (path) => {
    try {
      return sizeOf(await lstat(path));
    } catch (error) {
      if (isGone(error)) return 0;
      throw error;
    }
  });
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

/** What it takes, or would take once it is written out. */
function sizeOf({ size, blocks }: { readonly size: number; readonly blocks: number }): number {
  return Math.max(size, blocks * BLOCK_BYTES);
}

/** A file without a name is on the disk for as long as it is open. Where the host may not look, open files are few and bounded. */
async function removedBytes(path: string, pid: number): Promise<number> {
  try {
    const { dev } = await lstat(path);
    const opened = await readdir(`/proc/${pid}/fd`);
    const files = await Promise.all(opened.map((fd) => stat(`/proc/${pid}/fd/${fd}`).catch(() => undefined)));
    const removed = files.filter((file) => file !== undefined && file.nlink === 0 && file.isFile() && file.dev === dev);
    return removed.reduce((sum, file) => sum + (file === undefined ? 0 : sizeOf(file)), 0);
  } catch {
    return 0; // The guest is gone, or is another user's whom this host may not look at.
  }
}
