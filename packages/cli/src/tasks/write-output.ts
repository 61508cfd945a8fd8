/**
 * Writes a result into a file, whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../usage-error.ts';

/** Writes it. @throws {UsageError} where it cannot be written. */
export async function writeOutput(file: string, text: string): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unwritable';
    throw new UsageError(`${file} cannot be written (${code})`, 'Name a file in a folder that is there.');
  } finally {
    await rm(draft, { force: true });
  }
}
