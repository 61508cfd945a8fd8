/**
 * Events on their way from one node to the others of the same storage, as the host keeps them: numbered in the order in which
 * they may be read, so that whoever has read up to a number has missed none below it. They are kept for minutes, not for good.
 */
import type { PluginEvent } from '@bulkhead/protocol';

/**
 * An event, and how many led to it, itself included.
 *
 * @internal
 */
export type EventRow = { readonly event: PluginEvent; readonly depth: number };

/**
 * What other nodes than `node` told after a number, oldest first, at most so many.
 *
 * @internal
 */
export type EventQuery = { readonly after: number; readonly node: string; readonly rowsMax: number };

/**
 * Some of it; `next` is the number to go on after. There may be more where there are as many as were wanted.
 *
 * @internal
 */
export type EventPage = { readonly rows: readonly EventRow[]; readonly next: number };

/**
 * The events' part of the Storage port.
 *
 * @internal
 */
export interface EventStorage {
  /**
   * Keeps what a node tells the others, in this order, where another one has said that it lives; else nothing. An event that is
   * there is not kept again.
   */
  addEvents(node: string, rows: readonly EventRow[]): Promise<void>;
  /** Number of the newest that is kept; 0 where there is none. */
  lastEvent(): Promise<number>;
  readEvents(query: EventQuery): Promise<EventPage>;
  /** Removes what happened before a time (ISO 8601), and the oldest beyond `rowsMax`. */
  trimEvents(bounds: { readonly before: string; readonly rowsMax: number }): Promise<void>;
  /**
   * Calls back when another node may have told something: after each notice, and whenever some may have been missed. Returns what
   * ends it.
   */
  watchEvents(mayHaveCome: () => void): () => void;
}
