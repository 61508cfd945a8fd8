/**
 * Brings up what the storage says is registered, at start and when another node has registered it: a release from its
 * artifact, with no source read, and with the record of its trial where that went well.
 */
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { composeReason } from '../registry/reason.ts';
import { markTried } from './go-live.ts';
import type { StoredArtifact } from '../artifact/artifact.ts';
import type { InstallPath } from './install-path.ts';
import { tryRelease } from './trial.ts';

/** What came of it: brought up and tried; it cannot be; or the storage that would have it is away. */
export type Restored = 'tried' | 'lost' | 'away';

/**
 * Restores a release from its artifact; one that cannot be is UNAVAILABLE with the reason. Never rejects: where the host
 * is to blame, that is logged, and others go on.
 */
export async function restoreRelease(path: InstallPath, release: Release): Promise<Restored> {
  const { name, version, description } = release.manifest;
  if (!path.registry.registered().some((plugin) => plugin.name === name)) {
    path.registry.register(name, { place: release.place, version, description, tier: path.tier });
    path.metrics.addPlugin(name);
  }
  try {
    const artifact = await artifactOf(path, release);
    if (artifact === 'lost') return markLost(path, release, new HostError('ARTIFACT_MISSING'));
    const trial = await tryRelease(path, { release, artifact, tenant: undefined, mayRecall: true });
    // One that nobody runs is brought up to stand in for another, which is the one that is shown.
    if (path.releases.isNamed(name, release.manifest.version)) markTried(path, release, trial);
    return 'tried';
  } catch (error) {
    if (error instanceof HostError) return markLost(path, release, error);
    path.log.error({ err: error, plugin: name }, 'a release was not brought up');
    return markLost(path, release, new HostError('HOST_FAULT'));
  }
}

/** What is not read now is verified when it is. */
async function artifactOf(
  { artifacts }: InstallPath,
  { manifest, digest }: Release,
): Promise<StoredArtifact | undefined | 'lost'> {
  if (manifest.driver !== 'stdio') return (await artifacts.get(digest)) ?? 'lost';
  return (await artifacts.has(digest)) ? undefined : 'lost';
}

function markLost(
  path: InstallPath,
  { manifest: { name, version }, digest }: Release,
  { code, message, hint }: HostError,
): Restored {
  const reason = composeReason({ code, message, cure: hint });
  path.log.warn({ plugin: name, code }, reason);
  if (path.releases.isNamed(name, version)) path.registry.markUnavailable(name, reason, { code, digest });
  return code === 'STORAGE_UNAVAILABLE' ? 'away' : 'lost';
}
