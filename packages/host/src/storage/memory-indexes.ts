/**
 * What was seen of plugin indexes, in the in-memory storage.
 */
import type { SeenIndex } from './index-port.ts';

/** Creates an empty table. */
export function createIndexes() {
  const serials = new Map<string, number>();

  function see({ name, key, serial }: SeenIndex): number {
    const which = JSON.stringify([name, key]);
    const highest = Math.max(serial, serials.get(which) ?? 0);
    serials.set(which, highest);
    return highest;
  }

  return { see };
}
