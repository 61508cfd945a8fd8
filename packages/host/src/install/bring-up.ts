/**
 * Brings a stored release up on this node, so that somebody may decide to run it: tried anew, or believed from the record
 * of an earlier trial. Where nobody runs it afterwards it is ended again.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { markTried } from './go-live.ts';
import type { InstallPath } from './install-path.ts';
import { whileHeld } from './retire.ts';
import { tryRelease, type Trial } from './trial.ts';

/** A release, and for whom it is brought up: with which configuration it is tried, and whether a record may stand for that. */
export type BringUp = {
  readonly release: Release;
  readonly tenant: string;
  readonly config: JsonObject;
  readonly mayRecall: boolean;
};

/**
 * Brings the release up and lets `decide` use it, by its trial. Until that has ended it is not retired.
 *
 * @throws {HostError} `ARTIFACT_MISSING`, `ARTIFACT_CORRUPT`, `STORAGE_UNAVAILABLE`, and what `decide` throws.
 */
export async function withReleaseUp<Answer>(
  path: InstallPath,
  wanted: BringUp,
  decide: (trial: Trial) => Promise<Answer>,
): Promise<Answer> {
  const { release, mayRecall } = wanted;
  const { name, version } = release.manifest;
  return whileHeld(path, { name, digest: release.digest }, async () => {
    const running = path.fleet.find(release.digest);
    const isUp = running?.ready() !== undefined;
    const trial = isUp && mayRecall ? RUNNING : await tryStored(path, wanted);
    const answer = await decide(trial);
    // Scopes that ran it already know better how it is than a trial for another does.
    if (running === undefined && path.releases.isNamed(name, version)) introduce(path, release, trial);
    return answer;
  });
}

const RUNNING: Trial = { failure: undefined, health: 'unknown' };

async function tryStored(path: InstallPath, { release, tenant, config, mayRecall }: BringUp): Promise<Trial> {
  const artifact = await path.artifacts.get(release.digest);
  if (artifact === undefined) throw new HostError('ARTIFACT_MISSING');
  return tryRelease(path, { release, artifact, tenant, config, mayRecall });
}

/** Makes a plugin known that no folder of this start has brought, by one of its releases. */
export function introduce(path: InstallPath, release: Release, trial: Trial): void {
  const { name, version, description } = release.manifest;
  if (!path.registry.registered().some((plugin) => plugin.name === name)) {
    path.registry.register(name, { place: release.place, version, description, tier: path.tier });
    path.metrics.addPlugin(name);
  }
  markTried(path, release, trial);
}
