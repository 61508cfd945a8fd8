/**
 * Removes what a guest may have written. Links are removed, never followed; folders that the guest has locked against
 * reading are opened first. Never called while the guest lives: it could swap a folder under the walk.
 */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../base/host-error.ts';

/** Removes the folder with all that is in it; nothing happens where it is not there. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await unlock(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** A folder without its owner's rights cannot be emptied by its owner, but the owner can give them back. */
async function unlock(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await unlock(join(directory, entry.name));
}
