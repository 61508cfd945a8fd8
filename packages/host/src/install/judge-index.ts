/**
 * Whether what came from an index is what the index listed, and whether that index is at least as new as the newest from which
 * a release here came. Who keeps an old copy of an index alive hides what was blocked since.
 */
import type { IndexOrigin, Manifest } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Releases } from '../catalogue/releases.ts';
import type { IndexedFrom } from '../plugin-index/read-index.ts';

/**
 * Insists on an index that is no older than what was seen of it: the same name, signed by the same key, wherever it lies.
 *
 * @throws {HostError} `INDEX_STALE`.
 */
export function insistOnNewerIndex(
  origin: IndexOrigin | undefined,
  releases: Pick<Releases, 'plugins' | 'releasesOf'>,
): void {
  if (origin === undefined) return;
  const seen = releases
    .plugins()
    .flatMap((plugin) => releases.releasesOf(plugin))
    .flatMap(({ origin: { index } }) =>
      index?.name === origin.name && index.key === origin.key ? [index.serial] : [],
    );
  const newest = Math.max(0, ...seen);
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
