/**
 * Removes what a guest may have written: names that are no text, folders that it has locked, trees deeper than a path may be
 * long. Links are removed, never followed. Never called while the guest lives: it could swap a folder under the walk.
 */
import { randomBytes } from 'node:crypto';
import { chmod, opendir, rename, rm } from 'node:fs/promises';
import { systemCodeOf } from '../../base/host-error.ts';

/** Removes the folder with all that is in it; nothing happens where it is not there. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!MENDABLE.has(systemCodeOf(error) ?? '')) throw error;
    await flatten(Buffer.from(path));
    await rm(path, { recursive: true, force: true });
  }
}

const MENDABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG']);
/** The kernel takes paths of 4,095 bytes, and a name below this one has at most 255. */
const LONG_PATH_BYTES = 3_000;

/**
 * Gives its owner back the rights to every folder, which an owner can do, and moves what is too deep to the top. Each is opened
 * before what is in it is looked at.
 */
async function flatten(root: Buffer): Promise<void> {
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    await chmod(folder, 0o700);
    for await (const entry of await opendir(folder, { encoding: 'latin1' })) {
      if (!entry.isDirectory()) continue;
      const path = join(folder, entry.name);
      pending.push(path.length > LONG_PATH_BYTES ? await moveTo(root, path) : path);
    }
  }
}

/** A name that cannot be taken: the guest is dead and could not have guessed it. */
async function moveTo(root: Buffer, path: Buffer): Promise<Buffer> {
  const target = join(root, `moved-${randomBytes(16).toString('hex')}`);
  await chmod(path, 0o700); // Moving a folder changes its "..", which takes the right to write in it.
  await rename(path, target);
  return target;
}

/** A name as Latin-1, which keeps its bytes whatever they are. */
function join(folder: Buffer, name: string): Buffer {
  return Buffer.concat([folder, Buffer.from(`/${name}`, 'latin1')]);
}
