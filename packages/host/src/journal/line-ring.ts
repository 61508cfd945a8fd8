/**
 * The newest lines of one plugin and scope, oldest first. Adding and dropping are O(1): a plugin may print with each call.
 *
 *   | newest | free | oldest ...... |
 *                   ^-first
 */

/** What is kept, with what it costs. */
type Slot<Line> = { readonly line: Line; readonly size: number };

/** A ring of lines. */
export type LineRing<Line> = {
  /** Adds a line; where the ring is full, drop the oldest before. */
  readonly add: (line: Line, size: number) => void;
  /** Drops the oldest line and returns it with its size; undefined where there is none. */
  readonly dropOldest: () => Slot<Line> | undefined;
  readonly lines: () => readonly Line[];
  readonly count: () => number;
  /** Of all lines together. */
  readonly size: () => number;
};

/** Makes an empty ring of at most `linesMax` lines. */
export function createLineRing<Line>(linesMax: number): LineRing<Line> {
  const slots: (Slot<Line> | undefined)[] = [];
  let first = 0;
  let count = 0;
  let size = 0;
  return {
    add: (line, own) => {
      slots[(first + count) % linesMax] = { line, size: own };
      count += 1;
      size += own;
    },
    dropOldest: () => {
      const oldest = slots[first];
      if (oldest === undefined) return undefined;
      slots[first] = undefined;
      first = (first + 1) % linesMax;
      count -= 1;
      size -= oldest.size;
      return oldest;
    },
    lines: () =>
      Array.from({ length: count }, (_, at) => slots[(first + at) % linesMax]).flatMap((slot) => slot?.line ?? []),
    count: () => count,
    size: () => size,
  };
}
