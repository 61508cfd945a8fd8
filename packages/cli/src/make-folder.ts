/**
 * Makes a folder that somebody named, with those above it, or says why there is none.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './file-error.ts';
import { UsageError } from './usage-error.ts';

/** Makes it where it is not there. @throws {UsageError} where it cannot be made, or a file has its name. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await make(path);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === undefined) throw cause;
    throw new UsageError(`${path} cannot be made a folder (${code})`, 'Name a folder in one that you may write to.');
  }
}

/** Step by step: Node's own `recursive` never comes back where a folder that is there takes none, as /proc does. */
async function make(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST' && (await isFolder(path))) return;
    if (code !== 'ENOENT' || (await isFolder(dirname(path)))) throw error;
    await make(dirname(path));
    await mkdir(path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
