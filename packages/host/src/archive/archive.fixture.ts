/**
 * Archives of every honest and dishonest kind for tests, written byte by byte: what a library would refuse to write is
 * just what must be refused when it is read.
 */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** One entry; a text is its content as UTF-8. Fields that are left out are those of a plain file. */
export type TestEntry = {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** tar: the type flag. */
  readonly type?: string;
  /** zip: type and permissions of Unix, as in `0o120777`. tar: permissions. */
  readonly mode?: number;
  /** What the headers say instead of the content's size. */
  readonly saidBytes?: number;
  /** zip: another name in the local header. */
  readonly localName?: string;
  /** zip: flags, such as 1 for encrypted. */
  readonly flags?: number;
  /** tar: what is at the place of the checksum. */
  readonly checksum?: string;
};

const BLOCK = 512;

/** Writes a tar, uncompressed; `end` is left out for one that is cut off. */
export function makeTar(entries: readonly TestEntry[], end: Uint8Array = new Uint8Array(2 * BLOCK)): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), end]);
}

/** Writes a `.tgz`. */
export function makeTgz(entries: readonly TestEntry[], end?: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(makeTar(entries, end)));
}

/** A pax header before an entry: one record for each key. */
export function paxEntry(records: Readonly<Record<string, string>>, type = 'x'): TestEntry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const size = Buffer.byteLength(rest);
    const digits = String(size + String(size).length).length;
    return `${size + digits}${rest}`;
  });
  return { name: 'PaxHeader/x', type, content: lines.join('') };
}

function tarEntry(entry: TestEntry): readonly Buffer[] {
  const { name, type = '0', mode = 0o644, saidBytes, checksum } = entry;
  const content = bytesOf(entry.content);
  const header = Buffer.alloc(BLOCK);
  Buffer.from(typeof name === 'string' ? Buffer.from(name) : name).copy(header, 0, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write(`${(saidBytes ?? content.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write(`        ${type}`, 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return [header, content, padding];
}

/** Writes a zip. */
export function makeZip(entries: readonly TestEntry[]): Uint8Array {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const local = localEntry(entry);
    centrals.push(centralEntry(entry, offset));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...locals, central, end]));
}

function localEntry(entry: TestEntry): Buffer {
  const name = bytesOf(entry.localName ?? entry.name);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  commonFields(entry, header, 4);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name, deflated(bytesOf(entry.content))]);
}

function centralEntry(entry: TestEntry, offset: number): Buffer {
  const name = bytesOf(entry.name);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE((3 << 8) | 20, 4); // Made by Unix.
  commonFields(entry, header, 6);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name]);
}

/** Version, flags, method, time, date, checksum and both sizes, which both headers have in this order. */
function commonFields({ content, saidBytes, flags = 0x800 }: TestEntry, header: Buffer, at: number): void {
  const bytes = bytesOf(content);
  header.writeUInt16LE(20, at);
  header.writeUInt16LE(flags, at + 2);
  header.writeUInt16LE(8, at + 4);
  header.writeUInt32LE(crc32(bytes), at + 10);
  header.writeUInt32LE(deflated(bytes).length, at + 14);
  header.writeUInt32LE(saidBytes ?? bytes.length, at + 18);
}

function bytesOf(content: string | Uint8Array = ''): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

const NOTHING = deflateRawSync('');

function deflated(bytes: Uint8Array): Buffer {
  return bytes.length === 0 ? NOTHING : deflateRawSync(bytes);
}
