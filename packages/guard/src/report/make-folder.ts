/**
 * Makes a folder with those above it. Node's own recursive `mkdir` never ends where a folder is there and takes none, as `/proc` does.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes it; one that is there already is left as it is.
 *
 * @throws {Error} Of the file system, such as `EACCES`, `ENOTDIR`, `EEXIST` where a file is there, and `ENOENT` where the folder above takes
 *   none.
 * @public
 */
export async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) await makeFolder(above);
  try {
    await mkdir(path);
  } catch (error) {
    if (!(await isFolder(path))) throw error; // Somebody else may have made it meanwhile.
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // Making it says why.
  }
}
