/**
 * Reads a zip archive that lies in memory, by its central directory; what is nowhere in that does not exist. yauzl knows
 * the format; what is a file, a name or too large is judged here, because it hands links and bombs through (FAULTS 80, 81).
 */
import { crc32 } from 'node:zlib';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { HostError } from '../base/host-error.ts';
import { entryRefused, unreadable, type Gathering } from './gathering.ts';

/** Gathers the files of a zip archive. @throws {HostError} `ARCHIVE_*`. */
export async function readZip(bytes: Uint8Array, gathering: Gathering): Promise<void> {
  try {
    const options = { lazyEntries: true, decodeStrings: false, validateEntrySizes: true };
    const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), options);
    for await (const entry of zip.eachEntry()) await gather(zip, entry, gathering);
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw unreadable(error instanceof Error ? error.message : 'the reader gave up', error);
  }
}

async function gather(zip: ZipFile, entry: Entry, gathering: Gathering): Promise<void> {
  const name = entry.fileNameRaw;
  const kind = kindOf(entry);
  if (typeof kind !== 'string') throw entryRefused(name, kind.refused);
  const path = gathering.enter(name, kind);
  if (kind === 'folder' || path === undefined) return;
  if (entry.isEncrypted()) throw unreadable('it is encrypted');
  gathering.announce(entry.uncompressedSize);
  const { fileName } = await zip.readLocalFileHeaderPromise(entry);
  // Readers that go by the local headers would see another file.
  if (!fileName.equals(name)) throw unreadable('a file has two names');
  gathering.keep(path, await contentOf(zip, entry));
}

const FILE_TYPE_MASK = 0o170000;
const FOLDER_TYPE = 0o040000;
const FILE_TYPES = [0, 0o100000];

/** The upper half of the attributes is the mode of a Unix file; writers of other systems leave it 0. */
function kindOf(entry: Entry): 'file' | 'folder' | { readonly refused: string } {
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  const isNamedFolder = entry.fileNameRaw.at(-1) === 0x2f;
  if (!FILE_TYPES.includes(type) && type !== FOLDER_TYPE)
    return { refused: `an entry of type 0o${type.toString(8)}, such as a link or a device` };
  if (!isNamedFolder && type !== FOLDER_TYPE) return 'file';
  return entry.uncompressedSize === 0 ? 'folder' : { refused: 'a folder with content' };
}

/** yauzl ends the stream where more or less comes than was announced. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Uint8Array); // Of no encoding.
  const content = new Uint8Array(Buffer.concat(chunks));
  if (crc32(content) !== entry.crc32) throw unreadable('a file has a wrong checksum');
  return content;
}
