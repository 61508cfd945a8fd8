/**
 * What plugins remember, as the host stores it: artifacts of one plugin for one tenant. An owner's artifacts go with its
 * tenant, its registration or its plugin, in the commit that removes those.
 *
 * Texts are compared by the host's own folding alone: `search_text` comes folded, and so do the words of a query. A storage
 * looks for them as they stand, so that every storage finds the same.
 */
import type { MemoryArtifact } from '@bulkhead/protocol';

/**
 * Whose memory it is.
 *
 * @internal
 */
export type MemoryOwner = { readonly tenant_id: string; readonly plugin_name: string };

/**
 * An artifact as it is kept; `search_text` is what a query's words are looked for in.
 *
 * @internal
 */
export type StoredMemory = MemoryArtifact & { readonly search_text: string };

/**
 * A place in the order of an owner's artifacts, newest first and of the same time the later id first; `timestamp` is ISO 8601 in UTC
 * with milliseconds.
 *
 * @internal
 */
export type MemoryPlace = Pick<MemoryArtifact, 'timestamp' | 'id'>;

/**
 * Which artifacts are wanted, newest first: those that fit in every way that is named.
 *
 * @internal
 */
export type MemoryQuery = {
  /** Each occurs somewhere in `search_text`. */
  readonly words: readonly string[];
  /** The artifact has all of them. */
  readonly tags: readonly string[];
  readonly source?: string;
  readonly minConfidence: number;
  /** Only what comes after this place in the order; there need be nothing at it. */
  readonly before?: MemoryPlace;
  readonly rowsMax: number;
};

/**
 * The memory's part of the Storage port.
 *
 * @internal
 */
export interface MemoryStorage {
  addMemory(owner: MemoryOwner, artifact: StoredMemory): Promise<void>;
  queryMemory(owner: MemoryOwner, query: MemoryQuery): Promise<readonly MemoryArtifact[]>;
  /** Those of the ids that are there, newest first. */
  readMemory(owner: MemoryOwner, ids: readonly string[]): Promise<readonly MemoryArtifact[]>;
  /** Answers whether it was there. */
  removeMemory(owner: MemoryOwner, id: string): Promise<boolean>;
  /** Where there are more than `rowsMax`, the least certain go, of those the oldest, until `rowsKept` are left. Answers how many went. */
  trimMemory(owner: MemoryOwner, bounds: { readonly rowsMax: number; readonly rowsKept: number }): Promise<number>;
}
