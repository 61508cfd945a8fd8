/**
 * What MCP servers tried and were refused, by plugin and tenant: bounded, in memory, the newest last.
 */
import { LIMITS } from '@bulkhead/protocol';
import { isoTime } from '../base/clock.ts';
import { findRefusals, keyOf, type Refused } from './find-refusals.ts';

/**
 * Something that an MCP server tried and was refused. `permission` is the word that would permit it, null where none does; times are
 * ISO 8601.
 *
 * @public
 */
export type RefusedAttempt = Refused & { readonly times: number; readonly first_at: string; readonly last_at: string };

/** Whose attempts they are. */
export type RefusedOf = { readonly plugin: string; readonly tenant: string };

/** The attempts of one host. */
export type Refusals = {
  /** Notes what a text of the server's tells of. */
  readonly note: (whose: RefusedOf, text: string) => void;
  /** Notes one that the host itself refused. */
  readonly add: (whose: RefusedOf, one: Refused) => void;
  readonly of: (whose: RefusedOf) => readonly RefusedAttempt[];
};

const ROWS_MAX = LIMITS.refusals.value;
const OWNERS_MAX = 1_000;

/** Makes it; nothing has been refused yet. */
export function createRefusals(wallTime: () => number): Refusals {
  const byOwner = new Map<string, Map<string, RefusedAttempt>>();

  function rowsOf(owner: string): Map<string, RefusedAttempt> {
    const rows = byOwner.get(owner) ?? new Map<string, RefusedAttempt>();
    byOwner.delete(owner);
    byOwner.set(owner, rows); // The last that was heard of is the last to be forgotten.
    dropOldest(byOwner, OWNERS_MAX);
    return rows;
  }

  function add(whose: RefusedOf, one: Refused): void {
    const rows = rowsOf(ownerOf(whose));
    const at = isoTime(wallTime());
    const before = rows.get(keyOf(one));
    rows.delete(keyOf(one));
    rows.set(keyOf(one), { ...one, times: (before?.times ?? 0) + 1, first_at: before?.first_at ?? at, last_at: at });
    dropOldest(rows, ROWS_MAX);
  }

  return {
    add,
    note: (whose, text) => {
      for (const one of findRefusals(text)) add(whose, one);
    },
    of: (whose) => [...(byOwner.get(ownerOf(whose))?.values() ?? [])],
  };
}

function dropOldest(map: Map<string, unknown>, sizeMax: number): void {
  const [oldest] = map.keys();
  if (map.size > sizeMax && oldest !== undefined) map.delete(oldest);
}

function ownerOf({ plugin, tenant }: RefusedOf): string {
  return `${plugin}\0${tenant}`;
}
