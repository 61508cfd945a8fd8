/**
 * The folder of one run of a command: what is put in before it begins, and what is taken out when all of it is gone. Links in it
 * are never followed, and nothing is read beyond its bounds.
 */
import { LIMITS } from '@bulkhead/protocol';
import { chmod, chown, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import { openFolder, openFolderIn, readFileIn, type OpenFolder } from '../source/open-beneath.ts';
import type { FolderBounds } from '../sandbox/temp-watch.ts';

/** A file that a command is given; `name` is relative, with `/` between folders and no `..`. */
export type CommandFile = { readonly name: string; readonly bytes: Uint8Array };

/** What such a folder may hold. */
export const COMMAND_FOLDER_BOUNDS: FolderBounds = {
  code: 'TEMP_DIR_LIMIT',
  folder: 'folder of a command',
  name: 'temp',
  bytes: LIMITS.command_folder_bytes.value,
  files: LIMITS.command_folder_files.value,
};

const PART = String.raw`[^/\u0000-\u001f\u007f]+`;
const NAME = String.raw`(?!(?:.*/)?\.{1,2}(?:/|$))${PART}(?:/${PART})*`;

/** What a name of a file has to be: no `.` or `..` by itself, no empty part, and nothing that does not print. */
export const FILE_NAME_PATTERN = `^${NAME}$`;
/** What a command has to be: a name that is looked for, or a file of its own folder; never a path of the machine. */
export const COMMAND_PATTERN = String.raw`^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*|\./${NAME})$`;

const OWNER_ONLY = 0o700;

/**
 * Writes the files, each executable, for that user; `undefined` stands for the host's own. Nothing runs in the folder yet.
 *
 * @throws {HostError} `SERVICE_ASK_INVALID` where one name is a folder of another.
 */
export async function writeCommandFiles(
  dir: string,
  files: readonly CommandFile[],
  uid: number | undefined,
): Promise<void> {
  try {
    for (const { name, bytes } of files) {
      for (const folder of foldersOf(name)) await makeFolder(join(dir, folder), uid);
      const path = join(dir, name);
      await writeFile(path, bytes, { flag: 'wx', mode: OWNER_ONLY });
      await give(path, uid);
    }
  } catch (cause) {
    if (!['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(systemCodeOf(cause) ?? '')) throw cause;
    const message = 'commands.run: two files have the same name, one is the folder of another, or a name is too long';
    throw new HostError('SERVICE_ASK_INVALID', { message, cause });
  }
}

function foldersOf(name: string): readonly string[] {
  const parts = dirname(name).split('/');
  return parts[0] === '.' ? [] : parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function makeFolder(path: string, uid: number | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  await give(path, uid);
}

async function give(path: string, uid: number | undefined): Promise<void> {
  await chmod(path, OWNER_ONLY); // The umask may have taken bits.
  if (uid !== undefined) await chown(path, uid, uid);
}

/**
 * Reads files in base64; null for one that is not there, is no plain file, is reached by a link, or may not be read.
 *
 * @throws {HostError} `SERVICE_QUOTA_EXCEEDED` where they hold more than `command_files_bytes` together.
 */
export async function collectCommandFiles(
  dir: string,
  names: readonly string[],
): Promise<Readonly<Record<string, string | null>>> {
  const found: [string, string | null][] = [];
  let bytesLeft = LIMITS.command_files_bytes.value;
  if (names.length === 0) return {};
  const root = await openFolder(await realpath(dir));
  try {
    for (const name of names) {
      const bytes = await readBelow(root, name.split('/'), bytesLeft);
      if (bytes === 'too_large') throw tooLarge();
      bytesLeft -= bytes?.length ?? 0;
      found.push([name, bytes === undefined ? null : Buffer.from(bytes).toString('base64')]);
    }
  } finally {
    await root.handle.close();
  }
  return Object.fromEntries(found);
}

async function readBelow(
  folder: OpenFolder,
  [name = '', ...rest]: readonly string[],
  bytesMax: number,
): Promise<Uint8Array | 'too_large' | undefined> {
  if (rest.length === 0) return readPlain(folder, name, bytesMax);
  const inner = await openFolderIn(folder, name).catch(unlessFault);
  if (inner === undefined) return undefined;
  try {
    return await readBelow(inner, rest, bytesMax);
  } finally {
    await inner.handle.close();
  }
}

async function readPlain(
  folder: OpenFolder,
  name: string,
  bytesMax: number,
): Promise<Uint8Array | 'too_large' | undefined> {
  const reading = await readFileIn(folder, name, bytesMax).catch(unlessFault);
  if (reading?.kind === 'too_large') return 'too_large';
  return reading?.kind === 'read' ? reading.bytes : undefined;
}

/** What cannot be reached is not there for whoever asked; a fault of the machine is one. */
function unlessFault(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO'].includes(systemCodeOf(error) ?? '')) return undefined;
  throw error;
}

function tooLarge(): HostError {
  const allowed = LIMITS.command_files_bytes.value;
  return new HostError('SERVICE_QUOTA_EXCEEDED', {
    message: `the files that are collected from a command have more than ${allowed} bytes together; collect fewer or smaller ones`,
  });
}
