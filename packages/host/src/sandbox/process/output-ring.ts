/**
 * What a guest wrote to one of its pipes: the last 64 KiB, as text that is safe in a log and a terminal.
 */
import { LIMITS } from '@bulkhead/protocol';
import { cleanOutput } from './clean-text.ts';

/** Bytes of one pipe, kept in a bounded ring. */
export type OutputRing = {
  /** Takes bytes as they came from the pipe. */
  readonly push: (chunk: Buffer) => void;
  /** Bytes taken since the start; a mark for {@link OutputRing.since}. */
  readonly position: () => number;
  /** Text since a position, cleaned: at most its last 16 KiB, then from its first whole line; '' where nothing came. */
  readonly since: (position: number) => string;
};

const KEPT_BYTES = LIMITS.log_ring_bytes.value;
const SHOWN_BYTES = LIMITS.call_output_bytes.value;
/** Most guests write a line or two, if anything. */
const FIRST_BYTES = 1_024;
/** A cut through a line this long is a cut in the middle of it. */
const LINE_SEARCH_CHARACTERS = 4_096;

/**
 * Makes an empty ring: one buffer that doubles up to 64 KiB, written over from there on. Whatever a guest floods it with
 * costs the host no memory to collect; pieces that were joined again and again cost it pauses of 70 ms.
 *
 *   before it is full   | kept ............ | free |     after   | newest | oldest ...... |
 *                       0        takenBytes-^                           ^-takenBytes % size
 */
export function createOutputRing(): OutputRing {
  let ring = NOTHING;
  let takenBytes = 0;

  function makeRoom(neededBytes: number): void {
    if (neededBytes <= ring.length || ring.length === KEPT_BYTES) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(KEPT_BYTES, Math.max(FIRST_BYTES, 2 * ring.length, neededBytes)));
    ring.copy(grown, 0, 0, takenBytes);
    ring = grown;
  }

  function push(chunk: Buffer): void {
    makeRoom(takenBytes + chunk.length);
    const kept = chunk.subarray(-ring.length);
    const from = (takenBytes + chunk.length - kept.length) % ring.length;
    const copiedBytes = kept.copy(ring, from);
    kept.copy(ring, 0, copiedBytes);
    takenBytes += chunk.length;
  }

  function newest(bytes: number): Buffer {
    const end = takenBytes % ring.length;
    if (bytes <= end) return ring.subarray(end - bytes, end);
    return Buffer.concat([ring.subarray(ring.length - (bytes - end)), ring.subarray(0, end)]);
  }

  return {
    push: (chunk) => {
      if (chunk.length > 0) push(chunk);
    },
    position: () => takenBytes,
    since: (position) => {
      const writtenBytes = takenBytes - position;
      if (writtenBytes <= 0) return '';
      const shownBytes = Math.min(writtenBytes, SHOWN_BYTES);
      const bytes = newest(shownBytes);
      return cleanOutput(shownBytes < writtenBytes ? fromFirstLine(bytes) : wholeCharacters(bytes));
    },
  };
}

const NOTHING = Buffer.alloc(0);

/** What was cut begins inside a line, and maybe inside an escape sequence, a path or a character. */
function fromFirstLine(bytes: Buffer): string {
  const text = wholeCharacters(bytes);
  const end = text.slice(0, LINE_SEARCH_CHARACTERS).indexOf('\n');
  return end < 0 ? text : text.slice(end + 1);
}

/** UTF-8 without the pieces of characters at either end; pieces within are the plugin's own doing. */
function wholeCharacters(bytes: Buffer): string {
  let from = 0;
  while (from < 3 && isContinuation(bytes[from])) from += 1;
  return bytes.subarray(from, bytes.length - unfinishedBytes(bytes)).toString('utf8');
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Bytes at the end that begin a character and do not end it. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
