/**
 * Steps of an install that make a name and a version somebody's: the name is claimed before anything is done under it,
 * the version is published once its bytes are stored.
 */
import { parseManifest, type Dependency, type Manifest } from '@bulkhead/protocol';
import type { Storable, StoredArtifact } from '../artifact/artifact.ts';
import { assertInvariant } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import type { InstallPath, InstallRequest } from './install-path.ts';
import type { ReadPlugin } from './read-plugin.ts';

/**
 * Claims the plugin's name for its folder; the same folder may claim it again (a reload).
 *
 * @throws {HostError} `PLUGIN_NAME_TAKEN` with both places: the first stays (CONTRACTS decision 6).
 */
export function claimName(path: InstallPath, manifest: Manifest, place: string): void {
  const { name, version, description } = manifest;
  const owner = path.registry.registered().find((plugin) => plugin.name === name);
  if (owner?.place === place) return;
  // Brought back from an earlier start, and its folder has moved since.
  if (owner !== undefined && path.releases.placeOf(name) === undefined) path.registry.unregister(name);
  path.registry.register(name, { place, version, description, tier: path.tier });
  path.metrics.addPlugin(name);
}

/** A bundle that is stored, with what was read of it before. */
export type ReadyToPublish = {
  readonly artifact: StoredArtifact;
  readonly bundle: Storable;
  readonly read: ReadPlugin;
  readonly dependencies: readonly Dependency[];
};

/**
 * Publishes a stored bundle. A folder whose content changed under the same version is published with its digest as
 * build metadata, so that no version is ever rewritten and an author need not raise it at each save. Of a candidate the
 * version is what was asked for, and of an archive what its author wrote: other content is refused.
 */
export async function publishBundle(
  path: InstallPath,
  stored: ReadyToPublish,
  candidate: InstallRequest['candidate'],
): Promise<Release> {
  const { artifact, bundle, read } = stored;
  const { digest } = artifact;
  const place = read.source.folder;
  const isFolder = read.origin.form === 'folder';
  const findings = [...read.findings, ...bundle.findings];
  const origin = { ...read.origin, dependencies: stored.dependencies };
  if (candidate !== undefined) {
    const foreign = { isPublic: false, isTrusted: false, isUpgrade: true, by: candidate.by };
    return path.releases.publish({ ...bundle, digest, place, findings, origin, ...foreign });
  }
  const known = path.releases.releasesOf(bundle.manifest.name);
  const same = known.find((release) => release.digest === digest);
  const clash = known.find((release) => release.manifest.version === bundle.manifest.version);
  const isRewrite = isFolder && same === undefined && clash?.place === place;
  const manifest = same?.manifest ?? (isRewrite ? withDigest(bundle.manifest, digest) : bundle.manifest);
  return path.releases.publish({
    manifest,
    digest,
    place,
    findings,
    origin,
    isPublic: true,
    isTrusted: isFolder,
  });
}

const SHOWN_DIGITS = 12;

function withDigest(manifest: Manifest, digest: string): Manifest {
  const separator = manifest.version.includes('+') ? '.' : '+';
  const version = `${manifest.version}${separator}${digest.slice(0, SHOWN_DIGITS)}`;
  const parsed = parseManifest({ ...manifest.source, version });
  assertInvariant(parsed.ok, 'build metadata keeps a version valid');
  return parsed.manifest;
}
