/**
 * The last steps of an install: a trial load in the sandbox under the same limits as live, and the one write by which
 * new calls go to the new release while those in flight end on the old one.
 */
import {
  DEFAULT_TENANT,
  callError,
  isTierAtLeast,
  strongestTier,
  type CallError,
  type HealthWord,
  type Manifest,
} from '@bulkhead/protocol';
import type { StoredArtifact } from '../artifact/artifact.ts';
import { composeReason } from '../registry/reason.ts';
import type { Release } from '../catalogue/releases.ts';
import type { InstallPath, InstallRequest, Installed } from './install-path.ts';

/** How the trial ended; `failure` is undefined where the plugin is ready. */
export type Trial = { readonly failure: CallError | undefined; readonly health: HealthWord };

/** Loads the release once; no call is served in it. In a sandbox weaker than it needs, it is not even loaded. */
export async function tryRelease(
  path: InstallPath,
  {
    release,
    artifact,
    request,
  }: { readonly release: Release; readonly artifact: StoredArtifact; readonly request: InstallRequest },
): Promise<Trial> {
  const { manifest, digest } = release;
  const live = path.fleet.add({
    kind: 'plugin',
    name: manifest.name,
    version: manifest.version,
    digest,
    manifest,
    artifact: artifact.module,
    sourceMap: artifact.sourceMap,
    limits: manifest.limits,
  });
  const weak = refuseWeakSandbox(path, manifest);
  if (weak !== undefined) return { failure: weak, health: 'unknown' };
  const tried = await live.tryOut(request.tenant ?? DEFAULT_TENANT, manifest.config);
  return tried.ok ? { failure: undefined, health: tried.health } : { failure: tried.error, health: 'error' };
}

function refuseWeakSandbox(path: InstallPath, manifest: Manifest): CallError | undefined {
  const needed = strongestTier([path.minTier, manifest.sandbox.min_tier]);
  if (isTierAtLeast(path.tier, needed)) return undefined;
  const message = `the plugin needs a sandbox of tier "${needed}"; this machine has "${path.tier}"`;
  return callError('SANDBOX_TOO_WEAK', { message });
}

/**
 * Makes the release the one that is called. A first release goes live even when its trial failed, so that a call tells
 * why; a later one does not replace a release that runs.
 */
export async function goLive(
  path: InstallPath,
  { release, trial, request }: { readonly release: Release; readonly trial: Trial; readonly request: InstallRequest },
): Promise<Installed> {
  const { manifest, digest, findings } = release;
  const before = runningDigest(path, manifest.name, request.tenant);
  if (trial.failure !== undefined && before !== undefined && before !== digest) {
    void path.fleet.retire(digest);
    path.log.warn(
      { plugin: manifest.name, error: trial.failure },
      'the new release failed its trial; the old one stays',
    );
    return { manifest, release: undefined, findings };
  }
  await path.releases.enable(release, enabling(request, manifest.name));
  const { name, version, description } = manifest;
  const facts = { version, description, digest, tier: path.tier };
  path.registry.markLoaded(name, facts);
  if (trial.failure === undefined) path.registry.markInitialized(name, facts);
  else markTrialFailed(path, name, trial.failure);
  path.registry.recordHealth(name, trial.health);
  if (before !== undefined && before !== digest) void replace(path, name, before);
  return { manifest, release, findings };
}

function runningDigest(path: InstallPath, name: string, tenant: string | undefined): string | undefined {
  const resolution = path.releases.resolve(tenant ?? DEFAULT_TENANT, name);
  return resolution.kind === 'resolved' ? resolution.release.digest : undefined;
}

function enabling(request: InstallRequest, name: string): Parameters<InstallPath['releases']['enable']>[1] {
  const grants = request.grantsOf(name);
  return {
    ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
    ...(grants === undefined ? {} : { grants }),
  };
}

function markTrialFailed(path: InstallPath, name: string, failure: CallError): void {
  const code = failure.code as Parameters<typeof composeReason>[0]['code']; // callError made it of the table.
  const reason = composeReason({ code, message: failure.message, cure: failure.hint });
  if (failure.kind === 'unavailable') path.registry.markUnavailable(name, reason, { code });
  else path.registry.markFailed(name, reason, { code });
}

async function replace(path: InstallPath, name: string, digest: string): Promise<void> {
  const scopes = path.fleet.find(digest)?.scopes() ?? [];
  await path.fleet.retire(digest);
  for (const scope of scopes) path.registry.retire(name, scope, digest);
}
