/**
 * A table of what is under way, by ids that count up: set once, read once and deleted, thousands of times a millisecond.
 * A Map does the same and costs the garbage collector a quarter of a busy host's time: it replaces its storage every few
 * dozen deletions, each storage refers to the next for the sake of iterators, and so one that has grown old keeps all
 * that follow it, with the calls in them, alive until the next full collection.
 *
 * Open addressing with linear probing; an entry is deleted by shifting back those behind it (Knuth, TAOCP 6.4,
 * algorithm R), so that nothing is left in its place.
 */

/**
 * Values by id, a whole number of at least 0.
 *
 * @internal
 */
export type IdTable<Value> = {
  readonly size: () => number;
  /** Adds a value, or replaces the one that the id had. */
  readonly set: (id: number, value: Value) => void;
  readonly get: (id: number) => Value | undefined;
  /** Takes a value out. */
  readonly take: (id: number) => Value | undefined;
  /** All values in the order of their ids. */
  readonly values: () => readonly Value[];
  readonly clear: () => void;
};

const SLOTS_MIN = 128;

type Entry<Value> = { readonly id: number; readonly value: Value };
type Slots<Value> = (Entry<Value> | undefined)[];

/**
 * Makes an empty table; it grows as needed and never shrinks.
 *
 * @internal
 */
export function createIdTable<Value>(): IdTable<Value> {
  let slots = emptySlots<Value>(SLOTS_MIN);
  let count = 0;

  function set(id: number, value: Value): void {
    if (2 * count >= slots.length) slots = grown(slots);
    const slot = slotOf(slots, id);
    if (slots[slot] === undefined) count += 1;
    slots[slot] = { id, value };
  }

  function take(id: number): Value | undefined {
    const slot = slotOf(slots, id);
    const entry = slots[slot];
    if (entry === undefined) return undefined;
    slots[slot] = undefined;
    count -= 1;
    closeGap(slots, slot);
    return entry.value;
  }

  function values(): readonly Value[] {
    const entries = slots.filter((entry) => entry !== undefined);
    return entries.toSorted((one, other) => one.id - other.id).map(({ value }) => value);
  }

  return {
    size: () => count,
    set,
    get: (id) => slots[slotOf(slots, id)]?.value,
    take,
    values,
    clear: () => {
      slots = emptySlots(SLOTS_MIN);
      count = 0;
    },
  };
}

function emptySlots<Value>(length: number): Slots<Value> {
  return Array.from({ length }, () => undefined);
}

/** The slot that holds an id, or the free one where it belongs; at least half of all slots are free. */
function slotOf<Value>(slots: Slots<Value>, id: number): number {
  let slot = id % slots.length;
  for (let held = slots[slot]; held !== undefined && held.id !== id; held = slots[slot]) {
    slot = (slot + 1) % slots.length;
  }
  return slot;
}

function grown<Value>(slots: Slots<Value>): Slots<Value> {
  const wider = emptySlots<Value>(2 * slots.length);
  for (const entry of slots) if (entry !== undefined) wider[slotOf(wider, entry.id)] = entry;
  return wider;
}

/** Moves back every entry of the run behind a gap that could no longer be found across it. */
function closeGap<Value>(slots: Slots<Value>, first: number): void {
  const distance = (from: number, to: number): number => (to - from + slots.length) % slots.length;
  let gap = first;
  let slot = (gap + 1) % slots.length;
  for (let entry = slots[slot]; entry !== undefined; entry = slots[slot]) {
    if (distance(entry.id % slots.length, slot) >= distance(gap, slot)) {
      slots[gap] = entry;
      slots[slot] = undefined;
      gap = slot;
    }
    slot = (slot + 1) % slots.length;
  }
}
