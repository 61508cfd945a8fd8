/**
 * Opens files below a folder so that no link is followed and nobody can swap a folder for a link in between: every step
 * is one name, opened relative to the folder that is open already (openat by way of /proc/self/fd), never through a
 * path. On systems other than Linux the step goes by path, and only its last part is safe from being swapped.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../base/host-error.ts';

/** An open folder; whoever opened it closes it. */
export type OpenFolder = { readonly handle: FileHandle; readonly path: string };

/** What an entry of a folder is; `other` is a pipe, socket or device. */
export type EntryKind = 'file' | 'folder' | 'link' | 'other';

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Non-blocking, so that a named pipe cannot hold the host; it is refused once it is open. */
const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const DESCRIPTORS = '/proc/self/fd';

/** Opens a folder that the operator named. The caller has resolved links in its path. */
export async function openFolder(path: string): Promise<OpenFolder> {
  return { handle: await open(path, FOLDER_FLAGS), path };
}

/**
 * Opens a folder inside an open one.
 *
 * @returns undefined where there is none of that name, or where it is a link or no folder.
 */
export async function openFolderIn(parent: OpenFolder, name: string): Promise<OpenFolder | undefined> {
  try {
    return { handle: await open(within(parent, name), FOLDER_FLAGS), path: join(parent.path, name) };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Lists a folder's entries, sorted by name in code-unit order. */
export async function listFolder(folder: OpenFolder): Promise<readonly string[]> {
  return (await readdir(reach(folder))).toSorted();
}

/** Says what an entry is, without following it; undefined where it is gone. */
export async function kindOf(folder: OpenFolder, name: string): Promise<EntryKind | undefined> {
  try {
    const stat = await lstat(within(folder, name));
    if (stat.isSymbolicLink()) return 'link';
    if (stat.isDirectory()) return 'folder';
    return stat.isFile() ? 'file' : 'other';
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What came of reading a file; `size` in bytes. */
export type FileReading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly isExecutable: boolean }
  | { readonly kind: 'too_large'; readonly size: number }
  | { readonly kind: 'link' }
  | { readonly kind: 'not_a_file' };

/**
 * Reads a file: opened without following a link, judged by what was opened, read to at most `bytesMax`.
 *
 * @throws system errors such as EACCES as they are.
 */
export async function readFileIn(folder: OpenFolder, name: string, bytesMax: number): Promise<FileReading> {
  let handle: FileHandle;
  try {
    handle = await open(within(folder, name), FILE_FLAGS);
  } catch (error) {
    if (systemCodeOf(error) === 'ELOOP') return { kind: 'link' };
    if (systemCodeOf(error) === 'ENXIO') return { kind: 'not_a_file' }; // A socket.
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return { kind: 'not_a_file' };
    if (stat.size > bytesMax) return { kind: 'too_large', size: stat.size };
    const isExecutable = (stat.mode & 0o111) !== 0;
    return await readWhole(handle, { size: stat.size, isExecutable }, bytesMax);
  } finally {
    await handle.close();
  }
}

/** Reads what is there, even where the file grows or shrinks meanwhile; growth beyond the bound is too large. */
async function readWhole(
  handle: FileHandle,
  { size, isExecutable }: { readonly size: number; readonly isExecutable: boolean },
  bytesMax: number,
): Promise<FileReading> {
  const bytes = Buffer.alloc(Math.min(size, bytesMax) + 1);
  let length = 0;
  while (length < bytes.length) {
    const wanted = bytes.length - length;
    const { bytesRead } = await handle.read(bytes, length, wanted, length);
    length += bytesRead;
    // One byte more than it had was asked for, so that the usual file needs no second reading.
    const hasEnded = bytesRead === 0 || (bytesRead < wanted && length === size);
    if (hasEnded) return { kind: 'read', bytes: new Uint8Array(bytes.subarray(0, length)), isExecutable };
  }
  return { kind: 'too_large', size: length };
}

function reach(folder: OpenFolder): string {
  return process.platform === 'linux' ? `${DESCRIPTORS}/${folder.handle.fd}` : folder.path;
}

function within(folder: OpenFolder, name: string): string {
  // One name only: a separator would let the kernel walk through a link.
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw new TypeError(`"${name}" is no entry name`);
  return `${reach(folder)}/${name}`;
}
