/**
 * Artifacts of several nodes: each keeps those it runs in a store of its own and passes on what it installs by the storage
 * that all share. What comes from there is believed by its digest alone.
 */
import type { Digest } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { isoTime, type Clock } from '../base/clock.ts';
import type { ArtifactStorage } from '../storage/artifact-port.ts';
import { encodeArtifact, type StoredArtifact } from './artifact.ts';
import type { ArtifactStore } from './store.ts';

/** What all nodes share, and this node's clock. */
export type Sharing = { readonly storage: ArtifactStorage; readonly wallTime: Clock['wallTime'] };

/** Makes a store of a node's own and the shared one: what is put is in both, what is got comes from the nearer. */
export function shareArtifacts(local: ArtifactStore, { storage, wallTime }: Sharing): ArtifactStore {
  async function getShared(digest: Digest): Promise<StoredArtifact | undefined> {
    const row = await storage.getArtifact(digest);
    if (row === undefined) return undefined;
    return local.keep({ digest, bytes: row.bytes, sourceMap: row.source_map ?? undefined });
  }

  return {
    ...local,
    put: async (bundle) => {
      const artifact = await local.put(bundle);
      const { digest, sourceMap } = artifact;
      const row = { digest, bytes: encodeArtifact(artifact), source_map: sourceMap ?? null };
      await storage.putArtifact(row, isoTime(wallTime()));
      return artifact;
    },
    has: async (digest) => (await local.has(digest)) || (await storage.getArtifact(digest)) !== undefined,
    get: async (digest) => {
      const own = await readOwn(local, digest);
      if (own.artifact !== undefined) return own.artifact;
      const shared = await getShared(digest);
      if (shared === undefined && own.damage !== undefined) throw own.damage;
      return shared;
    },
  };
}

type Own = { readonly artifact?: StoredArtifact | undefined; readonly damage?: HostError };

/** A damaged copy is no worse than none while another is to be had. */
async function readOwn(local: ArtifactStore, digest: Digest): Promise<Own> {
  try {
    return { artifact: await local.get(digest) };
  } catch (error) {
    if (error instanceof HostError && error.code === 'ARTIFACT_CORRUPT') return { damage: error };
    throw error;
  }
}
