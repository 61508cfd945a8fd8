/**
 * Whether what came from an index is what the index listed, and whether that index is at least as new as the newest that
 * was seen here, or from which a release came. Who keeps an old copy of an index alive hides what was blocked since.
 */
import type { IndexOrigin, Manifest } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Releases } from '../catalogue/releases.ts';
import type { IndexedFrom } from '../plugin-index/read-index.ts';
import type { IndexStorage } from '../storage/index-port.ts';

/** Where it is known what was seen of indexes: releases say it of what is here, and the storage of what was. */
export type SeenIndexes = {
  readonly releases: Pick<Releases, 'plugins' | 'releasesOf'>;
  readonly storage: IndexStorage;
};

/**
 * Insists on an index that is no older than what was seen of it: the same name, signed by the same key, wherever it lies. From
 * now on it was seen.
 *
 * @throws {HostError} `INDEX_STALE`; `STORAGE_UNAVAILABLE`, since then nobody knows what was seen.
 */
export async function insistOnNewerIndex(
  origin: IndexOrigin | undefined,
  { releases, storage }: SeenIndexes,
): Promise<void> {
  if (origin === undefined) return;
  const { name, key, serial } = origin;
  const seen = releases
    .plugins()
    .flatMap((plugin) => releases.releasesOf(plugin))
    .flatMap(({ origin: { index } }) =>
      index?.name === origin.name && index.key === origin.key ? [index.serial] : [],
    );
  const newest = Math.max(await storage.seeIndex({ name, key, serial }), ...seen);
  if (origin.serial >= newest) return;
  throw new HostError('INDEX_STALE', {
    message: `the index "${origin.name}" at ${origin.place} has serial ${origin.serial}; ${newest} was seen before`,
  });
}

/** Insists that an archive holds what it was listed as. @throws {HostError} `INDEX_INVALID`. */
export function insistOnListed(from: IndexedFrom | undefined, { name, version }: Manifest): void {
  if (from === undefined || (from.plugin === name && from.version === version)) return;
  throw new HostError('INDEX_INVALID', {
    message: `the index "${from.origin.name}" lists the archive as ${from.plugin} ${from.version}, and it holds ${name} ${version}`,
    hint: 'Take nothing from this index until whoever keeps it says why.',
  });
}
