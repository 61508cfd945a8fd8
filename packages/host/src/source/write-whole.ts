/**
 * Replaces a file of an author's folder whole or not at all: a file beside it, flushed, then moved onto it. What was written
 * there by somebody else in the meantime is left alone.
 */
import { randomUUID } from 'node:crypto';
import { lstat, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file and what it held when it was read. */
export type FileToReplace = { readonly path: string; readonly before: Uint8Array };

/**
 * Writes the new content.
 *
 * @returns false where the file is no plain file, or no longer holds what was read; nothing is written then.
 */
export async function replaceFile({ path, before }: FileToReplace, text: string): Promise<boolean> {
  const entry = await lstat(path);
  if (!entry.isFile()) return false;
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const file = await open(draft, 'wx', entry.mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await readFile(path)).equals(before)) return false;
    await rename(draft, path);
    return true;
  } finally {
    await rm(draft, { force: true });
  }
}
