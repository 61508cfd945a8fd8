/**
 * Reads a tar archive that lies in memory. Of the format's history only what tools of today write is understood: ustar
 * headers, the path records of pax, GNU's long names. Own code because node-tar repairs in silence what must be refused
 * here (FAULTS 79), and the other readers write to disk or bring native parts.
 *
 *   header (512 bytes: name, mode, size, type, checksum, ...) | content, padded to 512 | ... | two blocks of zeros
 */
import { entryRefused, unreadable, type Gathering } from './gathering.ts';

const BLOCK_BYTES = 512;

/** Fields of a header: where they begin, and how long they are. */
const FIELDS = {
  name: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

/** What is neither file nor folder, by type, as the rest of a sentence. */
const REFUSED_TYPES: ReadonlyMap<string, string> = new Map([
  ['1', 'a hard link'],
  ['2', 'a symbolic link'],
  ['3', 'a character device'],
  ['4', 'a block device'],
  ['6', 'a named pipe'],
  ['K', 'a symbolic link'],
  ['S', 'a sparse file'],
]);

/** Gathers the files of a tar archive. @throws {HostError} `ARCHIVE_*`. */
export function readTar(bytes: Uint8Array, gathering: Gathering): void {
  let at = 0;
  let longName: Uint8Array | undefined;
  while (!isBlank(block(bytes, at))) {
    const header = readHeader(block(bytes, at));
    const content = contentAt(bytes, at + BLOCK_BYTES, header.sizeBytes);
    at += BLOCK_BYTES + padded(header.sizeBytes);
    if (header.type === 'L') longName = upToNul(content);
    else if (header.type === 'x') longName = paxPath(content) ?? longName;
    else if (header.type === 'g') refuseGlobalPath(content);
    else {
      gather({ ...header, name: longName ?? header.name }, content, gathering);
      longName = undefined;
    }
  }
  // What another reader might go on to read is no part of what was judged here.
  if (!isBlank(bytes.subarray(at))) throw unreadable('something follows its end');
}

function block(bytes: Uint8Array, at: number): Uint8Array {
  if (at + BLOCK_BYTES > bytes.length) throw unreadable('it is cut off');
  return bytes.subarray(at, at + BLOCK_BYTES);
}

function contentAt(bytes: Uint8Array, at: number, sizeBytes: number): Uint8Array {
  if (at + padded(sizeBytes) > bytes.length) throw unreadable('it is cut off');
  return bytes.subarray(at, at + sizeBytes);
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

type Header = { readonly name: Uint8Array; readonly type: string; readonly sizeBytes: number };

function readHeader(header: Uint8Array): Header {
  const text = (field: readonly [number, number]): string => Buffer.from(fieldOf(header, field)).toString('latin1');
  if (octal(text(FIELDS.checksum)) !== checksumOf(header)) throw unreadable('a header has a wrong checksum');
  const magic = text(FIELDS.magic);
  if (magic !== 'ustar\u000000' && magic !== 'ustar  \0') throw unreadable('a header is not of the ustar format');
  const sizeBytes = octal(text(FIELDS.size));
  if (sizeBytes === undefined) throw unreadable('a header has no size');
  // GNU's own format keeps times where ustar has the first part of a long name.
  const prefix = magic === 'ustar  \0' ? new Uint8Array() : nameIn(header, FIELDS.prefix);
  const name = nameIn(header, FIELDS.name);
  const slash = prefix.length === 0 ? [] : [SLASH];
  return {
    name: new Uint8Array(Buffer.concat([prefix, Buffer.from(slash), name])),
    type: text(FIELDS.type),
    sizeBytes,
  };
}

const SLASH = 0x2f;

function fieldOf(header: Uint8Array, [at, length]: readonly [number, number]): Uint8Array {
  return header.subarray(at, at + length);
}

/** A name ends at its first NUL. Where more follows, it stays in the name, which is refused for it. */
function nameIn(header: Uint8Array, field: readonly [number, number]): Uint8Array {
  const bytes = fieldOf(header, field);
  const last = bytes.findLastIndex((byte) => byte !== 0);
  return bytes.subarray(0, last + 1);
}

function upToNul(content: Uint8Array): Uint8Array {
  const last = content.findLastIndex((byte) => byte !== 0);
  return content.subarray(0, last + 1);
}

/** Digits, then blanks or NULs. GNU's binary numbers are for sizes that are refused anyway. */
function octal(text: string): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/** The sum of all bytes, those of the checksum itself taken as blanks. */
function checksumOf(header: Uint8Array): number {
  const [at, length] = FIELDS.checksum;
  const blank = 0x20;
  return header.reduce((sum, byte, index) => sum + (index >= at && index < at + length ? blank : byte), 0);
}

function gather({ name, type, sizeBytes }: Header, content: Uint8Array, gathering: Gathering): void {
  if (type !== '0' && type !== '\0' && type !== '5')
    throw entryRefused(name, REFUSED_TYPES.get(type) ?? `an entry of type ${JSON.stringify(type)}`);
  const kind = type === '5' || name.at(-1) === SLASH ? 'folder' : 'file';
  if (kind === 'folder' && sizeBytes > 0) throw entryRefused(name, 'a folder with content');
  const path = gathering.enter(name, kind);
  if (kind === 'folder' || path === undefined) return;
  gathering.announce(sizeBytes);
  gathering.keep(path, content);
}

/** The records of a pax header: `LENGTH SP KEY=VALUE LF`, where the length counts all of it. */
function paxRecords(content: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < content.length;) {
    const head = /^(\d{1,7}) ([^=\n]{1,100})=/.exec(Buffer.from(content.subarray(at, at + 128)).toString('latin1'));
    const [whole = '', length = '', key = ''] = head ?? [];
    const end = at + Number(length);
    if (head === null || end > content.length || end <= at + whole.length || content[end - 1] !== LINE_FEED)
      throw unreadable('a pax header is malformed');
    if (records.has(key)) throw unreadable(`a pax header says ${JSON.stringify(key)} twice`);
    records.set(key, content.subarray(at + whole.length, end - 1));
    at = end;
  }
  return records;
}

const LINE_FEED = 0x0a;

function paxPath(content: Uint8Array): Uint8Array | undefined {
  const records = paxRecords(content);
  // A second size is what lets two readers see two archives; a file that needs it is refused for being too large anyway.
  const odd = [...records.keys()].find((key) => key === 'size' || key.startsWith('GNU.sparse'));
  if (odd !== undefined) throw unreadable(`a pax header sets ${JSON.stringify(odd)}`);
  return records.get('path');
}

/** Git writes its commit there as a comment. A path for all entries is nobody's honest wish. */
function refuseGlobalPath(content: Uint8Array): void {
  const odd = [...paxRecords(content).keys()].find((key) => key !== 'comment');
  if (odd !== undefined) throw unreadable(`a global pax header sets ${JSON.stringify(odd)}`);
}
