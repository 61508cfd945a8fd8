/**
 * What was seen of plugin indexes (ADR 19), as the host keeps it: nobody is to play an older one, also to a server that has nothing
 * of it any more.
 */

/**
 * An index by its name and the key that signed it, and a serial of it.
 *
 * @internal
 */
export type SeenIndex = { readonly name: string; readonly key: string; readonly serial: number };

/**
 * The indexes' part of the Storage port.
 *
 * @internal
 */
export interface IndexStorage {
  /**
   * Keeps the serial, unless a higher one of this index is kept, and answers the highest that there is now. What is kept stays: one
   * small row for each index that an operator names.
   */
  seeIndex(seen: SeenIndex): Promise<number>;
}
