/**
 * How far the guest of one call is ahead of whoever reads its result. Guest and host count alike: a chunk takes its bytes and
 * an overhead, and what its reader has taken is given back in portions, so that neither side sends a message for each chunk.
 *
 * W1: what the host holds unread of a call is at most the window and one chunk, whatever the guest does.
 */
import { LIMITS } from '@bulkhead/protocol';

/** Bytes that a guest may be ahead. */
export const WINDOW_BYTES = LIMITS.stream_window_bytes.value;
const PORTION_BYTES = WINDOW_BYTES / 2;

/** The window of one call. */
export type ChunkWindow = {
  /** Takes a chunk's bytes out of the window; false where the guest had no room left and sent it all the same (W1). */
  readonly take: (bytes: number) => boolean;
  /** Notes that a chunk was read; answers how many bytes the guest is to be given back now, 0 for none yet. */
  readonly giveBack: (bytes: number) => number;
};

/** Opens a window that is empty. */
export function createChunkWindow(): ChunkWindow {
  let left: number = WINDOW_BYTES;
  let owed = 0;
  return {
    take: (bytes) => {
      if (left <= 0) return false;
      left -= costOf(bytes);
      return true;
    },
    giveBack: (bytes) => {
      owed += costOf(bytes);
      if (owed < PORTION_BYTES) return 0;
      const portion = owed;
      owed = 0;
      left += portion;
      return portion;
    },
  };
}

function costOf(bytes: number): number {
  return bytes + LIMITS.stream_chunk_overhead_bytes.value;
}
