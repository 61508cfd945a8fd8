/**
 * Brings back, at start, what the storage says is registered: each release from its artifact, with no source read, and
 * with the record of its trial where that went well.
 */
import type { ErrorCode } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { composeReason } from '../registry/reason.ts';
import { markTried } from './go-live.ts';
import type { InstallPath } from './install-path.ts';
import { tryRelease } from './trial.ts';

/**
 * Restores every release of a plugin that somebody has enabled; one that cannot be is UNAVAILABLE with the reason, and the
 * others go on.
 */
export async function restoreReleases(path: InstallPath): Promise<void> {
  const enabled = path.releases.registered().filter(({ manifest }) => !path.releases.isDisabled(manifest.name));
  for (const release of enabled) await restore(path, release);
}

async function restore(path: InstallPath, release: Release): Promise<void> {
  const { name, version, description } = release.manifest;
  if (!path.registry.registered().some((plugin) => plugin.name === name)) {
    path.registry.register(name, { place: release.place, version, description, tier: path.tier });
    path.metrics.addPlugin(name);
  }
  try {
    const artifact = await path.artifacts.get(release.digest);
    if (artifact === undefined) return markLost(path, name, new HostError('ARTIFACT_MISSING'));
    markTried(path, release, await tryRelease(path, { release, artifact, tenant: undefined, mayRecall: true }));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    markLost(path, name, error);
  }
}

function markLost(
  path: InstallPath,
  name: string,
  { code, message, hint }: { readonly code: ErrorCode; readonly message: string; readonly hint: string },
): void {
  const reason = composeReason({ code, message, cure: hint });
  path.log.warn({ plugin: name, code }, reason);
  path.registry.markUnavailable(name, reason, { code });
}
