/**
 * Booted guests that hold no code, config or tenant, so that a cold start costs an import. A spare is bound once and
 * never comes back. Spares of the default shape are always kept; of another shape at most one, while it is in use.
 */

/** What the pool needs of a guest. */
export type Spare = {
  /** Resolves to undefined once the spare can be bound, else to why it never can. */
  readonly booted: Promise<unknown>;
  readonly died: Promise<unknown>;
  /** False from the moment it is known to be ending. */
  readonly isSpare: () => boolean;
  readonly close: () => Promise<void>;
};

/** How many spares there are, of which shapes, and how one is started. */
export type WarmPoolOptions<Shape, Guest extends Spare> = {
  /** Spares of the default shape; 0 for no pool at all. */
  readonly size: number;
  readonly defaultShape: Shape;
  readonly keyOf: (shape: Shape) => string;
  /** Starts a guest; undefined where that is not possible now. */
  readonly boot: (shape: Shape) => Guest | undefined;
  /** How long after a spare was taken its replacement is started, so that it does not slow the call that took it. */
  readonly refillDelayMs: number;
  /** How long after a spare died by itself it is replaced, so that a machine that kills them is not hammered. */
  readonly replaceDelayMs: number;
};

/** The pool. */
export type WarmPool<Shape, Guest extends Spare> = {
  /** Takes a booted spare of this shape; undefined where there is none. */
  readonly take: (shape: Shape) => Guest | undefined;
  /** Says that a shape is in use; the returned function says that it no longer is. */
  readonly retain: (shape: Shape) => () => void;
  readonly spareCount: () => number;
  /** Resolves when every spare that is being booted now has booted or failed. */
  readonly settled: () => Promise<void>;
  /** Ends every spare and boots no more. */
  readonly close: () => Promise<void>;
};

/** Makes a pool and starts its first spares. */
export function createWarmPool<Shape, Guest extends Spare>(
  options: WarmPoolOptions<Shape, Guest>,
): WarmPool<Shape, Guest> {
  const shelves = new Map<string, Shelf<Guest>>();
  const defaultKey = options.keyOf(options.defaultShape);
  let isClosed = false;

  function shelfOf(shape: Shape): Shelf<Guest> {
    const key = options.keyOf(shape);
    const existing = shelves.get(key);
    if (existing !== undefined) return existing;
    const boot = (): Guest | undefined => options.boot(shape);
    const shelf = createShelf({ ...options, boot, kept: key === defaultKey ? options.size : 0 });
    shelves.set(key, shelf);
    return shelf;
  }

  /** A plugin may ask for any of thousands of shapes; those that nobody uses leave nothing. */
  function release(shape: Shape): void {
    const key = options.keyOf(shape);
    shelves.get(key)?.release();
    if (shelves.get(key)?.isNeeded() === false) shelves.delete(key);
  }

  shelfOf(options.defaultShape).fill();
  return {
    take: (shape) => (isClosed ? undefined : shelves.get(options.keyOf(shape))?.take()),
    retain: (shape) => {
      if (!isClosed) shelfOf(shape).retain();
      return () => release(shape);
    },
    spareCount: () => [...shelves.values()].reduce((count, shelf) => count + shelf.spareCount(), 0),
    settled: async () => void (await Promise.all([...shelves.values()].map((shelf) => shelf.settled()))),
    close: async () => {
      isClosed = true;
      await Promise.all([...shelves.values()].map((shelf) => shelf.close()));
    },
  };
}

type ShelfOptions<Guest> = {
  readonly size: number;
  /** Spares that are kept whether the shape is in use or not. */
  readonly kept: number;
  readonly boot: () => Guest | undefined;
  readonly refillDelayMs: number;
  readonly replaceDelayMs: number;
};

/** The spares of one shape. */
type Shelf<Guest> = {
  readonly fill: () => void;
  readonly take: () => Guest | undefined;
  readonly retain: () => void;
  readonly release: () => void;
  readonly isNeeded: () => boolean;
  readonly spareCount: () => number;
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
};

function createShelf<Guest extends Spare>(options: ShelfOptions<Guest>): Shelf<Guest> {
  const booting = new Set<Guest>();
  const spares = new Set<Guest>();
  let uses = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const wanted = (): number => {
    if (isClosed || options.size === 0) return 0;
    return options.kept > 0 ? options.kept : Math.min(uses, 1);
  };

  function fill(): void {
    timer = undefined;
    while (spares.size + booting.size < wanted()) {
      const guest = options.boot();
      if (guest === undefined) return;
      booting.add(guest);
      void shelve(guest);
    }
  }

  async function shelve(guest: Guest): Promise<void> {
    const failure = await guest.booted;
    booting.delete(guest);
    // One that cannot boot is not tried again before somebody asks for a guest, and is told why there is none.
    if (failure !== undefined) return;
    if (spares.size >= wanted()) return void guest.close();
    spares.add(guest);
    void guest.died.then(() => spares.delete(guest) && fillAfter(options.replaceDelayMs));
  }

  function fillAfter(delayMs: number): void {
    if (!isClosed) timer ??= setTimeout(fill, delayMs).unref();
  }

  return {
    fill,
    take: () => {
      const taken = [...spares].find((spare) => spare.isSpare());
      if (taken !== undefined) spares.delete(taken);
      fillAfter(options.refillDelayMs);
      return taken;
    },
    retain: () => {
      uses += 1;
      fillAfter(options.refillDelayMs);
    },
    release: () => {
      uses -= 1;
      if (wanted() > 0) return;
      for (const spare of spares) void spare.close();
      spares.clear();
    },
    isNeeded: () => wanted() > 0 || booting.size > 0,
    spareCount: () => spares.size,
    settled: async () => void (await Promise.all([...booting].map((guest) => guest.booted))),
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await Promise.all([...spares, ...booting].map((guest) => guest.close()));
    },
  };
}
