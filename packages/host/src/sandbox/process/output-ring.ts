/**
 * What a guest wrote to one of its pipes: the last 64 KiB, as text that is safe in a log and a terminal.
 */
import { LIMITS } from '@bulkhead/protocol';
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

export type OutputRing = {
  /** Takes bytes as they came from the pipe. */
  readonly push: (chunk: Buffer) => void;
  /** Bytes taken since the start; a mark for {@link OutputRing.since}. */
  readonly position: () => number;
  /** Text since a position, its last 16 KiB, cleaned; '' where nothing came. */
  readonly since: (position: number) => string;
};

/** Control characters other than tab and newline, bidirectional overrides and zero-width text (FAULTS 37). */
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Makes an empty ring. */
export function createOutputRing(): OutputRing {
  let chunks: Buffer[] = [];
  let keptBytes = 0;
  let takenBytes = 0;
  return {
    push: (chunk) => {
      chunks.push(chunk);
      keptBytes += chunk.length;
      takenBytes += chunk.length;
      if (keptBytes > 2 * LIMITS.log_ring_bytes.value) {
        chunks = [Buffer.concat(chunks).subarray(-LIMITS.log_ring_bytes.value)];
        keptBytes = LIMITS.log_ring_bytes.value;
      }
    },
    position: () => takenBytes,
    since: (position) => {
      const wantedBytes = Math.min(takenBytes - position, keptBytes, LIMITS.call_output_bytes.value);
      if (wantedBytes <= 0) return '';
      return cleanOutput(decode(Buffer.concat(chunks).subarray(-wantedBytes)));
    },
  };
}

/** Removes escape sequences and characters that could forge a line or hide text. */
export function cleanOutput(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n').replace(UNSAFE, '');
}

function decode(bytes: Buffer): string {
  return new StringDecoder('utf8').write(bytes);
}
