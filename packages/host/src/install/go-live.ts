/**
 * The last step of an install: the one write by which new calls go to the new release while those in flight end on the
 * old one.
 */
import { DEFAULT_TENANT, HEALTH_NOT_IMPLEMENTED, type CallError, type ErrorCode } from '@bulkhead/protocol';
import { composeReason } from '../registry/reason.ts';
import type { SaidHealth } from '../registry/records.ts';
import type { Release } from '../catalogue/releases.ts';
import type { InstallPath, InstallRequest, Installed } from './install-path.ts';
import { problemsOfTrial } from './problems.ts';
import type { Trial } from './trial.ts';

/** A release that was tried. `wasStored`: before this install, too. */
export type GoingLive = {
  readonly release: Release;
  readonly trial: Trial;
  readonly request: InstallRequest;
  readonly wasStored: boolean;
};

/**
 * Makes the release the one that is called. A first release goes live even when its trial failed, so that a call tells
 * why; a later one does not replace a release that runs.
 */
export async function goLive(path: InstallPath, { release, trial, request, wasStored }: GoingLive): Promise<Installed> {
  const { manifest, digest, findings } = release;
  const problems = problemsOfTrial(manifest, trial);
  if (wasStored && isMovedOn(path, release, request)) return { manifest, release, findings, problems };
  if (isDisabledAtStart(path, release, request)) {
    markTried(path, release, trial);
    return { manifest, release, findings, problems };
  }
  const before = runningDigest(path, manifest.name, request.tenant);
  if (trial.failure !== undefined && before !== undefined && before !== digest) {
    path.log.warn(
      { plugin: manifest.name, error: trial.failure },
      'the new release failed its trial; the old one stays',
    );
    return { manifest, release: undefined, findings, problems };
  }
  if (path.guard === 'required' && before !== undefined && before !== digest) {
    path.log.warn({ plugin: manifest.name, version: manifest.version }, UNJUDGED);
    return { manifest, release: undefined, findings, problems };
  }
  await path.releases.enable(release, enabling(request, manifest.name));
  markTried(path, release, trial);
  return { manifest, release, findings, problems };
}

const UNJUDGED =
  'the release is stored and the old one stays: this server wants evidence, so ask for an upgrade with the gate "guard"';

/** Tells the registry how the trial of a release ended, where it is one that everybody may be shown. */
export function markTried(path: InstallPath, release: Release, trial: Trial): void {
  if (isKeptBack(path, release)) return;
  const { manifest, digest } = release;
  const { name, version, description } = manifest;
  const facts = { version, description, digest, tier: path.tier };
  path.registry.markLoaded(name, facts);
  if (trial.failure === undefined) path.registry.markInitialized(name, facts);
  else markTrialFailed(path, name, trial.failure);
  path.registry.recordHealth(name, trial.report ?? saidOf(trial));
}

/** A record of a trial keeps the word alone. */
function saidOf({ health, failure }: Trial): SaidHealth {
  const isAbsent = health === 'unknown' && failure === undefined;
  return { word: health, message: isAbsent ? HEALTH_NOT_IMPLEMENTED : '', metrics: {}, isFault: false };
}

/** A release that was offered to some is not shown to all, where another runs that is everybody's. */
function isKeptBack({ releases, fleet }: InstallPath, { isPublic, digest, manifest }: Release): boolean {
  const others = isPublic ? [] : releases.releasesOf(manifest.name).filter((other) => other.digest !== digest);
  return others.some((other) => other.isPublic && fleet.find(other.digest) !== undefined);
}

/** At a start a folder brings back what it brought before; whoever was moved from there since stays where it is. */
function isMovedOn({ releases }: InstallPath, { manifest }: Release, request: InstallRequest): boolean {
  const { tenant, mayRecallTrial: isStart } = request;
  const row = tenant === undefined ? undefined : releases.registrationOf(tenant, manifest.name);
  return isStart && row !== undefined && row.plugin_version !== manifest.version;
}

/** Whoever disabled a plugin meant it for longer than until the next start. */
function isDisabledAtStart({ releases }: InstallPath, { manifest }: Release, request: InstallRequest): boolean {
  const { tenant, mayRecallTrial: isStart } = request;
  return isStart && tenant !== undefined && releases.isDisabled(manifest.name, tenant);
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

/** The reason that a trial which failed gives a plugin. */
export function reasonOfFailure(failure: CallError): string {
  return composeReason({ code: codeOf(failure), message: failure.message, cure: failure.hint });
}

function codeOf({ code }: CallError): ErrorCode {
  return code as ErrorCode; // callError made it of the table.
}

function markTrialFailed(path: InstallPath, name: string, failure: CallError): void {
  const code = codeOf(failure);
  const reason = reasonOfFailure(failure);
  if (failure.kind === 'unavailable') path.registry.markUnavailable(name, reason, { code });
  else path.registry.markFailed(name, reason, { code });
}
