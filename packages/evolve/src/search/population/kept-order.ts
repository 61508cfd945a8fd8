/**
 * Members in order, kept so as they come and go. A list with its places found by halving: moving the tail of 100,000 entries is one copy
 * of memory and takes microseconds, and everything that reads it has a plain list with the rank as its place.
 */
import { compareMembers, type Member } from './program-view.ts';

/** A list in order that its owner changes. */
export interface KeptOrder<P> {
  readonly list: readonly Member<P>[];
  readonly add: (member: Member<P>) => void;
  /** Takes one out; nothing happens where it is not there. */
  readonly remove: (member: Member<P>) => void;
  readonly clear: () => void;
}

/** Starts with none. */
export function createKeptOrder<P>(): KeptOrder<P> {
  const list: Member<P>[] = [];
  return {
    list,
    add: (member) => void list.splice(placeOf(list, member), 0, member),
    remove: (member) => {
      const at = placeOf(list, member);
      if (list[at] === member) list.splice(at, 1);
    },
    clear: () => void (list.length = 0),
  };
}

/** The first place whose member does not stand before this one. */
function placeOf<P>(list: readonly Member<P>[], member: Member<P>): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = list[middle];
    if (there !== undefined && compareMembers(there, member) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
