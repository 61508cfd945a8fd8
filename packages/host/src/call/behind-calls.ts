/**
 * Work that calls give rise to and nobody waits for: one piece at a time, when the host has done what is at hand, so that whatever
 * else is due comes between.
 */

/** What it works with. */
export type BehindOptions<Piece> = {
  /** How many pieces wait at most. */
  readonly waitingMax: number;
  /** Does one piece; it must not throw. */
  readonly work: (piece: Piece) => void;
  /** Runs something when the host has done what is at hand. */
  readonly defer: (work: () => void) => void;
};

/** Work behind calls. */
export type BehindCalls<Piece> = {
  readonly hasRoom: () => boolean;
  /** Puts a piece behind those that wait; false where there was no room for it. O(1). */
  readonly add: (piece: Piece) => boolean;
  /** Does all that waits, now. */
  readonly drain: () => void;
};

/** Creates it with nothing to do. */
export function createBehindCalls<Piece>({ waitingMax, work, defer }: BehindOptions<Piece>): BehindCalls<Piece> {
  const waiting: Piece[] = [];
  let isDeferred = false;

  function later(): void {
    if (isDeferred || waiting.length === 0) return;
    isDeferred = true;
    defer(() => {
      isDeferred = false;
      workNext();
      later();
    });
  }

  function workNext(): void {
    const piece = waiting.shift();
    if (piece !== undefined) work(piece);
  }

  return {
    hasRoom: () => waiting.length < waitingMax,
    add: (piece) => {
      if (waiting.length >= waitingMax) return false;
      waiting.push(piece);
      later();
      return true;
    },
    drain: () => {
      while (waiting.length > 0) workNext();
    },
  };
}
