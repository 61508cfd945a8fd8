/**
 * Writes a `.tgz` whose bytes depend on names and contents alone: entries sorted, times and owners zero, one mode, and a
 * compressor in JavaScript, since zlib's output differs between processors and versions of Node.
 */
import { gzipSync } from 'fflate';
import { assertInvariant } from '../base/host-error.ts';
import { splitName } from './tar-names.ts';

const BLOCK_BYTES = 512;
/** A record of tar; archives end with a whole one. */
const RECORD_BYTES = 20 * BLOCK_BYTES;

/** Packs files by path, below one folder; a path fits a ustar header, which `pathFault` and this folder's bounds see to. */
export function writeTgz(files: ReadonlyMap<string, Uint8Array>, topFolder: string): Uint8Array {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const blocks = sorted.flatMap(([path, bytes]) => [headerOf(`${topFolder}/${path}`, bytes.length), padded(bytes)]);
  const length = blocks.reduce((sum, block) => sum + block.length, 2 * BLOCK_BYTES);
  const tar = new Uint8Array(Math.ceil(length / RECORD_BYTES) * RECORD_BYTES);
  tar.set(Buffer.concat(blocks));
  return gzipSync(tar, { level: 9, mtime: 0 });
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES);
  whole.set(bytes);
  return whole;
}

function headerOf(path: string, sizeBytes: number): Uint8Array {
  const split = splitName(path);
  assertInvariant(split !== undefined, 'only paths that fit are packed');
  const [prefix, name] = split;
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  header.write(name, 0);
  header.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100); // Mode, owner, group.
  header.write(`${octal(sizeBytes, 11)}\0${octal(0, 11)}\0`, 124); // Size, time.
  header.write('        0', 148); // The checksum as it counts itself, and the type: a file.
  header.write('ustar\u000000', 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return new Uint8Array(header);
}
