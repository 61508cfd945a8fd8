/**
 * A bounded number of pieces of work at once.
 */

/** Lets so many run at once; the others wait in the order in which they came. */
export type Places = { readonly within: <Answer>(work: () => Promise<Answer>) => Promise<Answer> };

/** Makes them. */
export function createPlaces(count: number): Places {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    within: async (work) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
