/**
 * Booted guests that hold no code, config or tenant, so that a cold start costs an import. A spare is bound once and
 * never comes back. Spares of the default shape are always kept; of another shape at most one, while it is in use.
 */
export type Spare = {
  /** Resolves to undefined once the spare can be bound, else to why it never can. */
  readonly booted: Promise<unknown>;
  readonly died: Promise<unknown>;
  readonly close: () => Promise<void>;
};

export type WarmPoolOptions<Shape, Guest extends Spare> = {
  readonly size: number;
  readonly defaultShape: Shape;
  readonly keyOf: (shape: Shape) => string;
  /** Starts a guest; undefined where that is not possible now. */
  readonly boot: (shape: Shape) => Guest | undefined;
  /** How long after a spare was taken its replacement is started, so that it does not slow the call that took it. */
  readonly refillDelayMs: number;
};

export type WarmPool<Shape, Guest extends Spare> = {
  /** Takes a booted spare of this shape; undefined where there is none. */
  readonly take: (shape: Shape) => Guest | undefined;
  /** Says that a shape is in use, and when it no longer is. */
  readonly retain: (shape: Shape) => () => void;
  readonly spareCount: () => number;
  /** Resolves when every spare that is wanted now has booted or failed. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
};

type Shelf<Shape, Guest> = {
  readonly shape: Shape;
  readonly booting: Set<Guest>;
  readonly spares: Guest[];
  uses: number;
  timer: NodeJS.Timeout | undefined;
};

/** Makes a pool and starts its first spares. */
export function createWarmPool<Shape, Guest extends Spare>(
  options: WarmPoolOptions<Shape, Guest>,
): WarmPool<Shape, Guest> {
  const shelves = new Map<string, Shelf<Shape, Guest>>();
  let isClosed = false;

  function shelfOf(shape: Shape): Shelf<Shape, Guest> {
    const key = options.keyOf(shape);
    const existing = shelves.get(key);
    if (existing !== undefined) return existing;
    const shelf: Shelf<Shape, Guest> = { shape, booting: new Set(), spares: [], uses: 0, timer: undefined };
    shelves.set(key, shelf);
    return shelf;
  }

  const wanted = (shelf: Shelf<Shape, Guest>): number => {
    if (options.size === 0) return 0;
    if (options.keyOf(shelf.shape) === options.keyOf(options.defaultShape)) return options.size;
    return shelf.uses > 0 ? 1 : 0;
  };

  function fill(shelf: Shelf<Shape, Guest>): void {
    shelf.timer = undefined;
    while (!isClosed && shelf.spares.length + shelf.booting.size < wanted(shelf)) {
      const guest = options.boot(shelf.shape);
      if (guest === undefined) return;
      shelf.booting.add(guest);
      void shelve(shelf, guest);
    }
  }

  async function shelve(shelf: Shelf<Shape, Guest>, guest: Guest): Promise<void> {
    const failure = await guest.booted;
    shelf.booting.delete(guest);
    // A machine that cannot boot spares is not hammered: the next taker tries again, and is told why it fails.
    if (failure !== undefined || isClosed) return;
    shelf.spares.push(guest);
    void guest.died.then(() => {
      const index = shelf.spares.indexOf(guest);
      if (index >= 0) shelf.spares.splice(index, 1);
    });
  }

  const refill = (shelf: Shelf<Shape, Guest>): void => {
    shelf.timer ??= setTimeout(() => fill(shelf), options.refillDelayMs).unref();
  };

  fill(shelfOf(options.defaultShape));
  return {
    take: (shape) => {
      const shelf = shelfOf(shape);
      const guest = shelf.spares.shift();
      refill(shelf);
      return guest;
    },
    retain: (shape) => {
      const shelf = shelfOf(shape);
      shelf.uses += 1;
      refill(shelf);
      return () => {
        shelf.uses -= 1;
        if (wanted(shelf) === 0) for (const spare of shelf.spares.splice(0)) void spare.close();
      };
    },
    spareCount: () => [...shelves.values()].reduce((count, shelf) => count + shelf.spares.length, 0),
    settled: async () => {
      await Promise.all([...shelves.values()].flatMap((shelf) => [...shelf.booting].map((guest) => guest.booted)));
    },
    close: async () => {
      isClosed = true;
      const guests = [...shelves.values()].flatMap((shelf) => [...shelf.spares, ...shelf.booting]);
      for (const shelf of shelves.values()) clearTimeout(shelf.timer);
      await Promise.all(guests.map((guest) => guest.close()));
    },
  };
}
