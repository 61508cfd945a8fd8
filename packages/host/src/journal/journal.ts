/**
 * What a plugin said for a tenant, and what became of it there, in memory alone: the newest lines of each plugin and scope.
 * It never shows one scope's lines to another, and it judges no text: whoever adds a line has cleaned it.
 *
 * J1: At most `journal_lines` lines and `journal_characters` characters are kept of one plugin and scope.
 * J2: At most `journals_characters` are kept altogether. Whoever holds most loses its oldest half, so that a plugin which
 *     floods does not push out the few lines of a quiet one.
 * J3: A line's number is above that of every line before it, of any plugin; a reader that asks after a number misses none
 *     that is kept, and is told of a gap where some are not.
 */
import { LIMITS, type JsonObject, type LogLevel } from '@bulkhead/protocol';
import { createLineRing, type LineRing } from './line-ring.ts';

/** Where a line is from: the plugin's logger or one of its pipes; or the host, which tells of its instances and its state. */
export type JournalSource = 'logger' | 'stdout' | 'stderr' | 'host' | 'state';

/** A line to keep. `level` is null for what came through a pipe. */
export type JournalEntry = {
  readonly source: JournalSource;
  readonly level: LogLevel | null;
  readonly text: string;
  readonly fields?: JsonObject;
  readonly instanceId?: string;
  readonly callId?: string;
};

/** A line as it is kept; `at` is in milliseconds since the epoch. */
export type JournalLine = JournalEntry & { readonly number: number; readonly at: number };

/** Whose lines are meant. */
export type JournalOf = { readonly plugin: string; readonly scope: string };

/** Some lines in their order; `next` is the number to go on after. `hasGap`: lines before these are no longer kept. */
export type JournalPage = {
  readonly lines: readonly JournalLine[];
  readonly next: number;
  readonly hasGap: boolean;
};

/** The journals of one host. */
export type Journal = {
  readonly add: (of: JournalOf, entry: JournalEntry) => void;
  /**
   * Reads the lines of a plugin in these scopes, joined.
   *
   * @param after - Number of a line, or undefined for the newest lines there are.
   * @remarks O(lines kept of the scopes).
   */
  readonly read: (
    plugin: string,
    scopes: readonly string[],
    wanted: { readonly after: number | undefined; readonly linesMax: number },
  ) => JournalPage;
  /** Calls `didAdd` after each line of one of these scopes, until the returned function is called; it must not throw. */
  readonly watch: (plugin: string, scopes: readonly string[], didAdd: () => void) => () => void;
};

/** Bounds J1 and J2; of {@link LIMITS} where they are left out. */
export type JournalBounds = {
  readonly linesMax: number;
  readonly charactersMax: number;
  readonly totalCharactersMax: number;
};

type Kept = { readonly ring: LineRing<JournalLine>; lastDropped: number };

const BOUNDS: JournalBounds = {
  linesMax: LIMITS.journal_lines.value,
  charactersMax: LIMITS.journal_characters.value,
  totalCharactersMax: LIMITS.journals_characters.value,
};
/** What a line without text costs, about. */
const LINE_CHARACTERS = 128;

/** Makes empty journals; `wallTime` gives milliseconds since the epoch. */
export function createJournal(wallTime: () => number, bounds: JournalBounds = BOUNDS): Journal {
  const kept = new Map<string, Kept>();
  const watchers = new Map<string, Set<() => void>>();
  let lastNumber = 0;
  let characters = 0;

  function dropOldest(from: Kept): void {
    const dropped = from.ring.dropOldest();
    characters -= dropped?.size ?? 0;
    from.lastDropped = dropped?.line.number ?? from.lastDropped;
  }

  /** Makes room for a line that costs so much; one that is larger than all that may be kept is kept alone. */
  function makeRoom(own: Kept, size: number): void {
    const { ring } = own;
    const isTooMuch = (): boolean => ring.count() >= bounds.linesMax || ring.size() + size > bounds.charactersMax;
    while (ring.count() > 0 && isTooMuch()) dropOldest(own);
    while (characters > 0 && characters + size > bounds.totalCharactersMax) {
      const largest = largestOf(kept.values(), own);
      for (let half = Math.ceil(largest.ring.count() / 2); half > 0; half -= 1) dropOldest(largest);
    }
  }

  return {
    add: (of, entry) => {
      const key = keyOf(of.plugin, of.scope);
      const own = kept.get(key) ?? { ring: createLineRing(bounds.linesMax), lastDropped: 0 };
      kept.set(key, own);
      const size = sizeOf(entry);
      makeRoom(own, size);
      lastNumber += 1;
      own.ring.add({ ...entry, number: lastNumber, at: wallTime() }, size);
      characters += size;
      for (const didAdd of watchers.get(key) ?? []) didAdd();
    },
    read: (plugin, scopes, { after, linesMax }) => {
      const found = scopes.flatMap((scope) => kept.get(keyOf(plugin, scope)) ?? []);
      const lines = found.flatMap((own) => own.ring.lines()).toSorted((a, b) => a.number - b.number);
      const lastDropped = Math.max(0, ...found.map((own) => own.lastDropped));
      const wanted =
        after === undefined ? lines.slice(-linesMax) : lines.filter(({ number }) => number > after).slice(0, linesMax);
      const next = wanted.at(-1)?.number ?? Math.max(after ?? 0, lastDropped);
      return { lines: wanted, next, hasGap: after !== undefined && lastDropped > after };
    },
    watch: (plugin, scopes, didAdd) => {
      const keys = scopes.map((scope) => keyOf(plugin, scope));
      for (const key of keys) watchers.set(key, (watchers.get(key) ?? new Set()).add(didAdd));
      return () => {
        for (const key of keys) {
          const listening = watchers.get(key);
          listening?.delete(didAdd);
          if (listening?.size === 0) watchers.delete(key);
        }
      };
    },
  };
}

/** Neither name holds a space. */
function keyOf(plugin: string, scope: string): string {
  return `${plugin} ${scope}`;
}

function sizeOf({ text, fields }: JournalEntry): number {
  return LINE_CHARACTERS + text.length + (fields === undefined ? 0 : JSON.stringify(fields).length);
}

function largestOf(kept: Iterable<Kept>, own: Kept): Kept {
  let largest = own;
  for (const each of kept) if (each.ring.size() > largest.ring.size()) largest = each;
  return largest;
}
