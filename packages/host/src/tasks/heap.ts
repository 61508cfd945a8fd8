/**
 * A binary heap whose items know their places, so that any of them can be moved or taken out in O(log n).
 */

/** What an item is to have: its place, which is the heap's alone; -1 where it is in none. */
export type Heaped = { place: number };

/** A heap; `first` is before all others. */
export type Heap<Item extends Heaped> = {
  readonly size: () => number;
  readonly first: () => Item | undefined;
  readonly add: (item: Item) => void;
  /** Puts an item where it belongs after what it is ordered by has changed. */
  readonly moved: (item: Item) => void;
  /** Takes an item out; nothing where it is not in. */
  readonly remove: (item: Item) => void;
  /** All items, in no order; not to be changed. */
  readonly items: () => readonly Item[];
};

/** Makes an empty heap. */
export function createHeap<Item extends Heaped>(isBefore: (a: Item, b: Item) => boolean): Heap<Item> {
  const items: Item[] = [];

  function put(item: Item, place: number): void {
    items[place] = item;
    item.place = place;
  }

  function rise(item: Item): void {
    let place = item.place;
    for (;;) {
      const above = items[(place - 1) >> 1];
      if (place === 0 || above === undefined || !isBefore(item, above)) break;
      put(above, place);
      place = (place - 1) >> 1;
    }
    put(item, place);
  }

  function sink(item: Item): void {
    let place = item.place;
    for (;;) {
      const [left, right] = [items[2 * place + 1], items[2 * place + 2]];
      const least = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (least === undefined || !isBefore(least, item)) break;
      const below = least.place;
      put(least, place);
      place = below;
    }
    put(item, place);
  }

  function moved(item: Item): void {
    rise(item);
    sink(item);
  }

  return {
    size: () => items.length,
    first: () => items[0],
    add: (item) => {
      item.place = items.length;
      items.push(item);
      rise(item);
    },
    moved,
    remove: (item) => {
      if (items[item.place] !== item) return;
      const last = items.pop();
      if (last !== undefined && last !== item) {
        last.place = item.place;
        items[item.place] = last;
        moved(last);
      }
      item.place = -1;
    },
    items: () => items,
  };
}
