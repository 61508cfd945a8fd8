/**
 * What a tool yields (an async iterable instead of a value): given on piece by piece, as far ahead as its reader allows, or
 * put together where the result is wanted whole. Each piece is written as it is yielded, so that a tool may use an object again.
 */
import { LIMITS, type ChunkForm } from '@bulkhead/protocol';
import { base64 } from './binary.ts';
import { AnswerFault, tooLarge, writeJson, type Answer } from './reply.ts';

const OVERHEAD_BYTES = LIMITS.stream_chunk_overhead_bytes.value;
/** A part of the window, so that reader and writer work at the same time. */
const PIECE_BYTES_MAX = LIMITS.stream_window_bytes.value / 4;

// Taken before any plugin code can replace them.
const copy = Buffer.from.bind(Buffer) as (bytes: Uint8Array | string) => Buffer; // Two overloads.
const concat = Buffer.concat.bind(Buffer);

/** Tells whether a tool answered with pieces. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof Reflect.get(value, Symbol.asyncIterator) === 'function';
}

/** Whoever reads a call's pieces, at the other end: how much it still takes, and whether it has gone. */
export class StreamReader {
  #left: number;
  #isGone = false;
  #wake: (() => void) | undefined;

  constructor(windowBytes: number) {
    this.#left = windowBytes;
  }

  take(bytes: number): void {
    this.#left -= bytes + OVERHEAD_BYTES;
  }

  give(bytes: number): void {
    this.#left += bytes;
    this.#wake?.();
  }

  leave(): void {
    this.#isGone = true;
    this.#wake?.();
  }

  /** Resolves once it takes more: true, or false where it has gone. */
  async whenReady(): Promise<boolean> {
    while (this.#left <= 0 && !this.#isGone) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return !this.#isGone;
  }
}

/** Where pieces go; without a reader the result is wanted whole. `bytesMax` is for one piece, or for the whole. */
export type PieceOutlet = {
  readonly reader: StreamReader | undefined;
  readonly send: (form: ChunkForm, bytes: Uint8Array) => void;
  readonly bytesMax: number;
};

/** Runs a stream to its end. @throws What it throws; AnswerFault where a piece cannot be given. */
export function drainStream(pieces: AsyncIterable<unknown>, outlet: PieceOutlet): Promise<Answer> {
  const { reader, bytesMax } = outlet;
  return reader === undefined ? putTogether(pieces, bytesMax) : giveOn(pieces, { ...outlet, reader });
}

/**
 * Gives the pieces on.
 *
 * @returns what the generator returned; where that is nothing, null, or no pieces where there were none.
 */
async function giveOn(
  pieces: AsyncIterable<unknown>,
  { reader, send, bytesMax }: PieceOutlet & { readonly reader: StreamReader },
): Promise<Answer> {
  let isEmpty = true;
  const give = async (form: ChunkForm, bytes: Uint8Array): Promise<void> => {
    if (!(await reader.whenReady())) throw new Error('the reader has gone');
    reader.take(bytes.length);
    send(form, bytes);
  };
  const returned = await eachPiece(pieces, async (piece) => {
    isEmpty = false;
    if (!(piece instanceof Uint8Array)) return give('json', copy(writeJson(piece, bytesMax)));
    for (let from = 0; from < piece.length; from += PIECE_BYTES_MAX) {
      await give('bytes', piece.subarray(from, from + PIECE_BYTES_MAX));
    }
  });
  if (returned !== undefined) return { value: returned };
  return { value: isEmpty ? [] : null };
}

/**
 * Puts the pieces together.
 *
 * @returns what the generator returned; where that is nothing, its pieces: bytes as one, else as a list.
 */
async function putTogether(pieces: AsyncIterable<unknown>, bytesMax: number): Promise<Answer> {
  const kept: (string | Buffer)[] = [];
  let bytes = 0;
  const returned = await eachPiece(pieces, async (piece) => {
    const written = piece instanceof Uint8Array ? copy(piece) : writeJson(piece, bytesMax);
    bytes += written.length;
    if (bytes > bytesMax) throw new AnswerFault(tooLarge(bytes));
    kept.push(written);
  });
  if (returned !== undefined) return { value: returned };
  if (kept.length > 0 && kept.every(isBytes)) return { json: `"${base64(concat(kept))}"` };
  return { json: `[${kept.map((piece) => (isBytes(piece) ? `"${base64(piece)}"` : piece)).join(',')}]` };
}

function isBytes(piece: string | Buffer): piece is Buffer {
  return typeof piece !== 'string';
}

/** Hands each piece on, and answers what the generator returned; one that is not wanted to its end is ended. */
async function eachPiece(stream: AsyncIterable<unknown>, use: (piece: unknown) => Promise<void>): Promise<unknown> {
  const pieces = stream[Symbol.asyncIterator]();
  let isSuspended = false;
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      if (done === true) return value;
      isSuspended = true;
      await use(value);
      isSuspended = false;
    }
  } finally {
    if (isSuspended) await pieces.return?.();
  }
}
