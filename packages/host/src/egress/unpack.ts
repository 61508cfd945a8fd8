/**
 * Unpacks a body that came packed though nobody asked for it, piece by piece: whoever counts what comes out ends a bomb early
 * (FAULTS 100).
 */
import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { failed } from './egress-errors.ts';

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
  ['zstd', () => createZstdDecompress()],
]);

/**
 * Gives the body as it was before it was packed.
 *
 * @param encoding - The header `content-encoding`; undefined or `identity` where it is not packed.
 * @throws {HostError} `EGRESS_FAILED` where nobody knows the packing, at once, or the bytes are not so packed, while they are read.
 */
export function unpack(body: AsyncIterable<Uint8Array>, encoding: string | undefined): AsyncIterable<Uint8Array> {
  const named = encoding?.trim().toLowerCase() ?? '';
  if (named === '' || named === 'identity') return body;
  const decoder = DECODERS.get(named)?.();
  if (decoder === undefined) throw failed('the answer is packed in a way that was not asked for');
  let broken: unknown;
  pipeline(body, decoder, (error) => (broken = error));
  return told(decoder, () => broken);
}

async function* told(decoder: Transform, broken: () => unknown): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of decoder) yield piece as Uint8Array; // A transform of bytes.
  } catch (error) {
    const isZlibs =
      error instanceof Error && 'errno' in error && 'code' in error && /^(?:Z_|ERR_|ZSTD_)/.test(String(error.code));
    if (isZlibs) throw failed('the answer is not packed as its headers say', error);
    throw broken() ?? error;
  }
}
