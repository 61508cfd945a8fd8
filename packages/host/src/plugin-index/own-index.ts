/**
 * The index.json of an index that is kept here: read only where it was signed by the same key, and replaced whole or not at
 * all, also where two keep it at once.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LIMITS, type PluginIndex } from '@bulkhead/protocol';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import { isArchiveFile } from '../source/archive-file.ts';
import { replaceFile } from '../source/write-whole.ts';
import { openPlace } from './index-place.ts';
import { openIndex } from './sealed-index.ts';

/** An index with the text that it was read from. */
export type OwnIndex = { readonly text: string; readonly index: PluginIndex };

/**
 * Reads the index that is kept at a path; undefined where there is none yet. Whether it has ended is of no concern to who is
 * about to publish it anew.
 *
 * @throws {HostError} `INDEX_INVALID`; `SIGNATURE_INVALID` where another key signed it; `INDEX_UNREACHABLE`.
 */
export async function readOwnIndex(path: string, key: string): Promise<OwnIndex | undefined> {
  if (!(await isArchiveFile(path))) return undefined; // A file is all that it asks for.
  const bytes = await openPlace(dirname(path)).read(basename(path), LIMITS.index_bytes.value);
  if (bytes === undefined)
    throw new HostError('INDEX_INVALID', { message: `"${path}" has more than ${LIMITS.index_bytes.value} bytes` });
  const text = Buffer.from(bytes).toString('utf8');
  const { index } = openIndex(text, { place: path, publicKey: key, now: Number.NEGATIVE_INFINITY });
  return { text, index };
}

/**
 * Writes it, where it is still as it was read.
 *
 * @throws {HostError} `INDEX_REFUSED` where somebody else wrote it meanwhile; `INDEX_UNREACHABLE` where it cannot be written.
 */
export async function writeOwnIndex(path: string, before: string | undefined, text: string): Promise<void> {
  const isWritten = await write(path, before, text).catch((cause: unknown) => {
    const message = `"${path}" cannot be written (${systemCodeOf(cause) ?? 'no reason given'})`;
    throw new HostError('INDEX_UNREACHABLE', { message, hint: 'Look at the folder’s rights.', cause });
  });
  if (isWritten) return;
  throw new HostError('INDEX_REFUSED', {
    message: `"${path}" was changed by somebody else meanwhile`,
    hint: 'Do the same again: it then goes on from what is there.',
  });
}

async function write(path: string, before: string | undefined, text: string): Promise<boolean> {
  if (before !== undefined) return replaceFile({ path, before: Buffer.from(before) }, text);
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, path);
    return true;
  } finally {
    await rm(draft, { force: true });
  }
}
