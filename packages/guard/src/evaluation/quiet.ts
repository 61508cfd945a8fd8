/**
 * Work that wants to be alone: it begins when what runs beside others has ended, and nothing begins until it has ended itself. A run that
 * was too slow among others is so asked again (EVIDENCE 1a, "timeouts").
 */

/** Both ways to run; what the work rejects with is its caller's. */
export type Quiet = {
  readonly beside: <T>(work: () => Promise<T>) => Promise<T>;
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
};

/** Makes one, with nothing running. */
export function createQuiet(): Quiet {
  let besideCount = 0;
  let isAlone = false;
  const waiting: (() => boolean)[] = [];
  const look = (): void => {
    while (waiting.length > 0 && waiting[0]?.() === true) waiting.shift();
  };
  const turn = async (mayBegin: () => boolean, begin: () => void): Promise<void> => {
    await new Promise<void>((resolve) => {
      waiting.push(() => {
        if (!mayBegin()) return false;
        begin();
        resolve();
        return true;
      });
      look();
    });
  };
  return {
    beside: async (work) => {
      await turn(
        () => !isAlone,
        () => (besideCount += 1),
      );
      try {
        return await work();
      } finally {
        besideCount -= 1;
        look();
      }
    },
    alone: async (work) => {
      await turn(
        () => !isAlone && besideCount === 0,
        () => (isAlone = true),
      );
      try {
        return await work();
      } finally {
        isAlone = false;
        look();
      }
    },
  };
}
