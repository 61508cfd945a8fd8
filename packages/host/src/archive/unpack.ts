/**
 * A plugin archive becomes files in memory, or is refused. Runs in the workshop, whose process may be lost to whatever a
 * stranger packed (FAULTS 85); opens no file and writes none.
 *
 *   size -> format -> entries, each judged before it is unpacked -> hidden ones left out -> root -> checksums
 */
import { gunzipSync } from 'node:zlib';
import { LIMITS } from '@bulkhead/protocol';
import { systemCodeOf } from '../base/host-error.ts';
import { verifyChecksums } from './checksums.ts';
import { checkSize, createGathering, unreadable, type Gathering } from './gathering.ts';
import { readTar } from './read-tar.ts';
import { readZip } from './read-zip.ts';

/**
 * Unpacks a `.tgz` or `.zip`, told apart by their first bytes.
 *
 * @returns the files by path, without hidden ones; where all lie in one folder (npm's `package/`), that is the root.
 * @throws {HostError} `ARCHIVE_*`.
 */
export async function unpackArchive(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const gathering = createGathering(bytes.length);
  await readInto(gathering, bytes);
  const files = withoutTopFolder(new Map([...gathering.files].filter(([path]) => !isHidden(path))));
  verifyChecksums(files);
  return files;
}

async function readInto(gathering: Gathering, bytes: Uint8Array): Promise<void> {
  if (startsWith(bytes, [0x1f, 0x8b])) return readTar(gunzip(bytes), gathering);
  if (startsWith(bytes, [0x50, 0x4b])) return await readZip(bytes, gathering);
  throw unreadable('it begins neither as a .tgz nor as a .zip does');
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

/** Each entry of a tar has a block for itself and may be padded by another. */
const TAR_OVERHEAD_BYTES = 2 * 512 * LIMITS.archive_entries.value;

function gunzip(bytes: Uint8Array): Uint8Array {
  const bytesMax = LIMITS.archive_bytes.value + TAR_OVERHEAD_BYTES;
  try {
    const tar = gunzipSync(bytes, { maxOutputLength: bytesMax });
    checkSize(Math.min(tar.length, LIMITS.archive_bytes.value), bytes.length);
    return tar;
  } catch (error) {
    if (systemCodeOf(error) === 'ERR_BUFFER_TOO_LARGE') checkSize(bytesMax, bytes.length);
    if (systemCodeOf(error)?.startsWith('Z_') === true) throw unreadable('its compression is broken', error);
    throw error;
  }
}

/** Left out as in a folder: editors', Finder's and git's own. */
function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

function withoutTopFolder(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const tops = new Set([...files.keys()].map((path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const [top = ''] = tops;
  if (tops.size !== 1 || top === '' || top === 'node_modules') return files;
  return new Map([...files].map(([path, bytes]) => [path.slice(top.length + 1), bytes]));
}
