/**
 * Writes built files so that a reader never sees half of one: beside the target first, then moved over it.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes the bytes to the path unless they stand there already; tells whether it wrote. */
export async function writeIfChanged(path: string, bytes: Uint8Array): Promise<boolean> {
  if (await holds(path, bytes)) return false;
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.part`;
  await writeFile(beside, bytes);
  await rename(beside, path);
  return true;
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return Buffer.compare(await readFile(path), bytes) === 0;
  } catch {
    return false; // Not there, or not readable: the write says which.
  }
}
