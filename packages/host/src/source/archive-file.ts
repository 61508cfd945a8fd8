/**
 * Reads an archive that lies in a file, and the signature that lies beside it. Only bytes: what they mean is decided where
 * they are unpacked and verified.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { LIMITS } from '@bulkhead/protocol';
import { HostError, systemCodeOf } from '../base/host-error.ts';

/**
 * What a signature's file has after the archive's name.
 *
 * @public
 */
export const SIGNATURE_ENDING = '.sig.json';

/**
 * An archive in a file; `signature` is the text of the file beside it, where there is one.
 *
 * @public
 */
export type ArchiveFile = { readonly bytes: Uint8Array; readonly signature: string | undefined };

/**
 * Tells whether a path is a file, and so an archive and no plugin folder.
 *
 * @public
 */
export async function isArchiveFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // Whoever reads it says why it cannot be read.
  return found?.isFile() === true;
}

/**
 * Reads archive and signature.
 *
 * @throws {HostError} `SOURCE_NOT_FOUND` where the archive cannot be read; `ARCHIVE_TOO_LARGE`; `SIGNATURE_INVALID` for a
 *   signature that is larger than any is.
 * @public
 */
export async function readArchiveFile(path: string): Promise<ArchiveFile> {
  const archive = await readBounded(path, LIMITS.archive_packed_bytes.value);
  if (archive.kind === 'absent') throw notFound(path, archive.cause);
  if (archive.kind === 'too_large')
    throw new HostError('ARCHIVE_TOO_LARGE', {
      message: `"${path}" has ${archive.sizeBytes} bytes; at most ${LIMITS.archive_packed_bytes.value} are taken`,
    });
  const beside = await readBounded(path + SIGNATURE_ENDING, LIMITS.signature_bytes.value);
  if (beside.kind === 'too_large')
    throw new HostError('SIGNATURE_INVALID', {
      message: `"${path}${SIGNATURE_ENDING}" has ${beside.sizeBytes} bytes; at most ${LIMITS.signature_bytes.value} are taken`,
    });
  const signature = beside.kind === 'read' ? Buffer.from(beside.bytes).toString('utf8') : undefined;
  return { bytes: archive.bytes, signature };
}

type Reading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large'; readonly sizeBytes: number }
  | { readonly kind: 'absent'; readonly cause: unknown };

async function readBounded(path: string, bytesMax: number): Promise<Reading> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return { kind: 'absent', cause };
    throw notFound(path, cause);
  }
  await using opened = file;
  const { size } = await opened.stat();
  if (size > bytesMax) return { kind: 'too_large', sizeBytes: size };
  // As much as was promised: a file that grows meanwhile is read to where it ended.
  const bytes = new Uint8Array(size);
  const { bytesRead } = await opened.read(bytes, 0, size, 0);
  return { kind: 'read', bytes: bytes.subarray(0, bytesRead) };
}

function notFound(path: string, cause: unknown): HostError {
  const message = `"${path}" is no archive that can be read (${systemCodeOf(cause) ?? 'unreadable'})`;
  return new HostError('SOURCE_NOT_FOUND', { message, hint: 'Name an existing .tgz or .zip file.', cause });
}
