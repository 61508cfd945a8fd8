/**
 * Holds new cases back while one that took its whole time waits to be asked again: a candidate that never answers is known after a few
 * of those, and cases that were begun ahead would take their whole time as well.
 *
 * No case waits for one behind it: cases come in their order, and whoever comes while nothing is slow goes on at once.
 */

/** One owner, the run of an evaluation's cases. */
export type HoldBack = {
  /** Settles when nothing slow waits to be taken. @throws {Error} once it has ended: nobody will take the case. */
  readonly turn: () => Promise<void>;
  readonly wasSlow: (caseIndex: number) => void;
  /** The case was taken, slow or not. */
  readonly taken: (caseIndex: number) => void;
  /** Turns all away who wait or come: there is nothing more to take. */
  readonly end: () => void;
};

/** Makes one that holds nothing. */
export function createHoldBack(): HoldBack {
  const slow = new Set<number>();
  const waiting: (() => void)[] = [];
  let hasEnded = false;
  const look = (): void => {
    if (hasEnded || slow.size === 0) for (const goOn of waiting.splice(0)) goOn();
  };
  return {
    turn: async () => {
      while (!hasEnded && slow.size > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      if (hasEnded) throw new Error('the evaluation has ended');
    },
    wasSlow: (caseIndex) => slow.add(caseIndex),
    taken: (caseIndex) => {
      slow.delete(caseIndex);
      look();
    },
    end: () => {
      hasEnded = true;
      look();
    },
  };
}
