/**
 * Steps of an install that make a name and a version somebody's: the name is claimed before anything is done under it,
 * the version is published once its bytes are stored.
 */
import { parseManifest, type Manifest } from '@bulkhead/protocol';
import type { StoredArtifact } from '../artifact/artifact.ts';
import type { Bundle } from '../bundle/bundle-source.ts';
import { assertInvariant } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import type { InstallPath, InstallRequest } from './install-path.ts';

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

/**
 * Publishes a stored bundle. A folder whose content changed under the same version is published with its digest as
 * build metadata, so that no version is ever rewritten and an author need not raise it at each save. Of a candidate the
 * version is what was asked for: other content is refused.
 */
export async function publishBundle(
  path: InstallPath,
  stored: { readonly artifact: StoredArtifact; readonly bundle: Bundle; readonly place: string },
  candidate: InstallRequest['candidate'],
): Promise<Release> {
  const { artifact, bundle, place } = stored;
  const { digest } = artifact;
  if (candidate !== undefined) {
    const foreign = { isPublic: false, isTrusted: false, isUpgrade: true, by: candidate.by };
    return path.releases.publish({ ...bundle, digest, place, ...foreign });
  }
  const known = path.releases.releasesOf(bundle.manifest.name);
  const same = known.find((release) => release.digest === digest);
  const clash = known.find((release) => release.manifest.version === bundle.manifest.version);
  const isRewrite = same === undefined && clash?.place === place;
  const manifest = same?.manifest ?? (isRewrite ? withDigest(bundle.manifest, digest) : bundle.manifest);
  return path.releases.publish({
    manifest,
    digest,
    place,
    findings: bundle.findings,
    isPublic: true,
    isTrusted: true,
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
