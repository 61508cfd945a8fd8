/**
 * Whom the greeter has greeted, and when. It lives in memory only, once per instance; an instance serves one tenant, so
 * no name of one tenant is ever told to another.
 *
 * G1: at most NAMES_MAX names are held; the one greeted longest ago leaves first.
 */
import { createLock } from '@bulkhead/sdk';

const NAMES_MAX = 1_000;

/** A guest book; while it is closed it holds nobody and writes nobody down. */
export type GuestBook = {
  readonly open: () => void;
  readonly close: () => boolean;
  readonly isOpen: () => boolean;
  readonly count: () => number;
  /** Names in the order of their last greeting. */
  readonly names: () => readonly string[];
  /** Writes a name down; answers when it was greeted before, in milliseconds since the epoch. */
  readonly enter: (name: string, now: number) => Promise<number | undefined>;
};

/** Makes a closed guest book. */
export function createGuestBook(): GuestBook {
  let greetedAt: Map<string, number> | undefined;
  const inTurn = createLock();
  return {
    open: () => void (greetedAt ??= new Map()),
    close: () => {
      const wasOpen = greetedAt !== undefined;
      greetedAt = undefined;
      return wasOpen;
    },
    isOpen: () => greetedAt !== undefined,
    count: () => greetedAt?.size ?? 0,
    names: () => [...(greetedAt?.keys() ?? [])],
    // Reading and writing belong together: calls in flight change places at every await (F004-18).
    enter: (name, now) => inTurn(() => (greetedAt === undefined ? undefined : write(greetedAt, name, now))),
  };
}

function write(greetedAt: Map<string, number>, name: string, now: number): number | undefined {
  const before = greetedAt.get(name);
  greetedAt.delete(name); // So that it comes last again.
  greetedAt.set(name, now);
  const [oldest] = greetedAt.keys();
  if (greetedAt.size > NAMES_MAX && oldest !== undefined) greetedAt.delete(oldest);
  return before;
}

/** The one of this instance: with plain functions there is no object that could hold it. */
export const guestBook = createGuestBook();
