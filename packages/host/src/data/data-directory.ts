/**
 * The folder in which a server keeps what outlives it. Made for its owner alone; what makes it unusable is an operator's to
 * mend, and is said as such.
 */
import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HostError, systemCodeOf } from '../base/host-error.ts';

const OWNER_ONLY = 0o700;

/**
 * Makes a data directory where it does not exist, with the folders above it.
 *
 * @throws {HostError} `DATA_UNUSABLE` where there is a file, where no folder can be made, or where nothing may be written.
 * @internal
 */
export async function openDataDirectory(dir: string): Promise<void> {
  try {
    await makeFolder(dir);
    await access(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toDataFault(dir, error);
  }
}

/**
 * Turns a system's refusal to read or write below a data directory into `DATA_UNUSABLE`; other errors stay what they are.
 *
 * @internal
 */
export function toDataFault(dir: string, error: unknown): unknown {
  const code = systemCodeOf(error);
  if (error instanceof HostError || code === undefined) return error;
  return new HostError('DATA_UNUSABLE', { message: `"${dir}" cannot be the data directory (${code})`, cause: error });
}

/** Folder by folder: Node's own recursion never ends in a place such as /proc, where each answer is ENOENT. */
async function makeFolder(dir: string): Promise<void> {
  if (await isFolder(dir)) return;
  const parent = dirname(dir);
  if (parent !== dir) await makeFolder(parent);
  try {
    await mkdir(dir, { mode: OWNER_ONLY });
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error; // Somebody else was faster.
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR' });
}
