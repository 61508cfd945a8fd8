/**
 * Reads memory part by part, so that all of it can be looked at and one part at a time is held.
 */
import type { Memory, MemoryWanted } from '@bulkhead/sdk';
import type { Facts } from './analysis.ts';

const PART = 100;
/** As many as a memory holds; one that grows while it is read ends here, too. */
const ARTIFACTS_MAX = 10_000;

/** What a memory is asked for, a signal that ends the reading, and who is told of each part. */
export type Reading = {
  readonly text?: string;
  readonly wanted?: MemoryWanted;
  readonly signal: AbortSignal;
  readonly didRead?: () => void;
};

/**
 * Reads the facts of every artifact that fits, newest first.
 *
 * @throws {Error} what the host refuses, with its `code`; the signal's reason where it was aborted.
 */
export async function readFacts(
  memory: Memory,
  { text = '', wanted = {}, signal, didRead }: Reading,
): Promise<readonly Facts[]> {
  const all: Facts[] = [];
  while (all.length < ARTIFACTS_MAX) {
    signal.throwIfAborted();
    const before = all.at(-1);
    const part = await memory.query(text, { ...wanted, ...(before && { before }), limit: PART });
    all.push(...part.map(({ content: _content, ...facts }) => facts));
    didRead?.();
    if (part.length < PART) break;
  }
  return all;
}
