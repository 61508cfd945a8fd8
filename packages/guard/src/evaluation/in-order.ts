/**
 * Work that is done side by side and taken in order: what comes of the items never depends on which of them was quicker.
 *
 * O1: `take` is given every item's answer once, in the order of the items, and never two at a time.
 * O2: at most `atOnce` items are worked on; at most a few more wait to be taken.
 * O3: when it settles nothing is being worked on.
 */

/** How to work, how many at once, and who takes what comes of it; `take` answers whether to stop. */
export type InOrder<Item, Done> = {
  readonly atOnce: number;
  readonly work: (item: Item) => Promise<Done>;
  readonly take: (done: Done, item: Item) => Promise<'go_on' | 'stop'>;
};

/** Finished ones that may wait for an earlier one, for each that is worked on. */
const AHEAD = 4;

/**
 * Works through the items.
 *
 * @throws What `work` or `take` rejects with, the first in order, once everything that was begun has ended.
 */
export async function inOrder<Item, Done>(
  items: Iterable<Item>,
  { atOnce, work, take }: InOrder<Item, Done>,
): Promise<void> {
  const places = createPlaces(atOnce);
  const begun: { readonly item: Item; readonly done: Promise<Done> }[] = [];
  const begin = (item: Item): void => {
    const done = places.run(() => work(item));
    done.catch(() => undefined); // It is heard of when its turn comes.
    begun.push({ item, done });
  };
  const next = Iterator.from(items);
  const fill = (): void => {
    while (begun.length < atOnce * AHEAD) {
      const { done, value } = next.next();
      if (done === true) return;
      begin(value);
    }
  };
  try {
    for (fill(); ; fill()) {
      const first = begun.shift();
      if (first === undefined || (await take(await first.done, first.item)) === 'stop') return;
    }
  } finally {
    places.close();
    await Promise.allSettled(begun.map(({ done }) => done));
  }
}

class NotBegunError extends Error {}

/** So many places; whoever finds none waits for one, and is turned away once they are closed. */
function createPlaces(count: number): {
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
  readonly close: () => void;
} {
  let free = count;
  let isClosed = false;
  const waiting: (() => void)[] = [];
  return {
    run: async (work) => {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free -= 1;
      try {
        if (isClosed) throw new NotBegunError('nobody waits for it any more');
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
    close: () => {
      isClosed = true;
    },
  };
}
