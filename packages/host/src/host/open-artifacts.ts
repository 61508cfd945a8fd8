/**
 * Opens where the bytes of releases are kept.
 */
import { join } from 'node:path';
import { createArtifactStore } from '../artifact/disk-store.ts';
import { shareArtifacts } from '../artifact/shared-store.ts';
import { createMemoryArtifactStore, type ArtifactStore } from '../artifact/store.ts';
import type { Releases } from '../catalogue/releases.ts';
import type { Storage } from '../storage/port.ts';
import type { HostSettings } from './settings.ts';

/** Of one node alone, or passed on by a storage that others use, too. */
export async function openArtifacts(
  settings: HostSettings,
  releases: Releases,
  storage: Storage,
): Promise<ArtifactStore> {
  const local = await openLocalArtifacts(settings, releases);
  return storage.isShared ? shareArtifacts(local, { storage, wallTime: settings.clock.wallTime }) : local;
}

/** What an install that was cut off left behind goes now, while none is in flight; so does what no release names. */
async function openLocalArtifacts({ dataDir, clock }: HostSettings, releases: Releases): Promise<ArtifactStore> {
  if (dataDir === undefined) return createMemoryArtifactStore(clock.wallTime);
  const artifacts = await createArtifactStore(join(dataDir, 'artifacts'));
  const named = releases.plugins().flatMap((plugin) => releases.releasesOf(plugin));
  await artifacts.sweep({ referenced: new Set(named.map(({ digest }) => digest)), before: clock.wallTime() });
  return artifacts;
}
