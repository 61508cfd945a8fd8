/**
 * The port of the artifact stores, and the one in memory. An artifact is named by its digest alone: names, versions and
 * tenants are the registry's.
 */
import type { Digest } from '@bulkhead/protocol';
import { decodeArtifact, digestOf, encodeArtifact, type Storable, type StoredArtifact } from './artifact.ts';

/** Keeps artifacts by digest. Its methods may be called at the same time. */
export type ArtifactStore = {
  /**
   * Stores a bundle under its digest; storing it again changes nothing. Safe to call at the same time, also for the same.
   *
   * @throws {HostError} `STORAGE_UNAVAILABLE` where the disk is full or refuses.
   */
  readonly put: (bundle: Storable) => Promise<StoredArtifact>;
  /**
   * Stores bytes that another store had under this digest.
   *
   * @throws {HostError} `ARTIFACT_CORRUPT` where they are others; `STORAGE_UNAVAILABLE`.
   */
  readonly keep: (artifact: EncodedArtifact) => Promise<StoredArtifact>;
  /**
   * @returns undefined where there is none of that digest.
   * @throws {HostError} `ARTIFACT_CORRUPT` where its bytes changed.
   */
  readonly get: (digest: Digest) => Promise<StoredArtifact | undefined>;
  /** Tells whether there is one, unread. */
  readonly has: (digest: Digest) => Promise<boolean>;
  /** Removes what nothing refers to, and what an interrupted put left; returns the digests removed. */
  readonly sweep: (request: SweepRequest) => Promise<readonly Digest[]>;
};

/** An artifact as bytes, and the digest that it is said to have. */
export type EncodedArtifact = {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly sourceMap: Uint8Array | undefined;
};

/** What a sweep leaves in place. */
export type SweepRequest = {
  readonly referenced: ReadonlySet<Digest>;
  /**
   * Only what was last put before this wall time (milliseconds since the epoch) is removed: an install in flight has
   * stored its artifact and not registered it yet. At start nothing is in flight, and it is now.
   */
  readonly before: number;
};

type Held = { readonly bytes: Uint8Array; readonly sourceMap: Uint8Array | undefined; readonly putAt: number };

/** Makes a store that lives as long as the host. `wallTime` is the clock's. */
export function createMemoryArtifactStore(wallTime: () => number): ArtifactStore {
  const held = new Map<Digest, Held>();
  const read = (digest: Digest): StoredArtifact | undefined => {
    const found = held.get(digest);
    return found === undefined ? undefined : decodeArtifact(found.bytes, digest, found.sourceMap);
  };
  const keep = ({ digest, bytes, sourceMap }: EncodedArtifact): StoredArtifact => {
    const artifact = decodeArtifact(bytes, digest, sourceMap);
    held.set(digest, { bytes, sourceMap, putAt: wallTime() });
    return artifact;
  };
  return {
    put: async (bundle) => {
      const bytes = encodeArtifact(bundle);
      return keep({ digest: digestOf(bytes), bytes, sourceMap: bundle.sourceMap });
    },
    keep: async (artifact) => keep(artifact),
    get: async (digest) => read(digest),
    has: async (digest) => held.has(digest),
    sweep: async ({ referenced, before }) => {
      const stale = [...held].flatMap(([digest, { putAt }]) =>
        !referenced.has(digest) && putAt < before ? [digest] : [],
      );
      for (const digest of stale) held.delete(digest);
      return stale;
    },
  };
}
