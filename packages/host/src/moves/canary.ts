/**
 * What stands behind an upgrade that evidence let in, for as long as it is watched: the release before it, ready to serve what the
 * new one fails. It decides, and changes nothing.
 *
 * C1: A release that stands in has what coming back to it would give it, and nothing that the new release alone was granted.
 * C2: Nothing stands behind a registration that somebody moved since, but by taking the upgrade back.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { Releases, Resolution } from '../catalogue/releases.ts';
import type { MoveRow } from '../storage/catalogue-port.ts';
import { grantsAfterRollback } from './consent.ts';

type Resolved = Extract<Resolution, { readonly kind: 'resolved' }>;

/** Where moves are read, and by which clock they are young. */
export type CanaryWatch = {
  readonly releases: Pick<Releases, 'registrationOf' | 'movesOf' | 'release' | 'resolve'>;
  readonly clock: Pick<Clock, 'wallTime'>;
};

/** Which release of a plugin a tenant was served by, or is to be. */
export type Served = { readonly tenant: string; readonly plugin: string; readonly version: string };

/**
 * The release before: with the registration and the configuration that it would have, and until when it stands behind the other, in
 * milliseconds since the epoch. `isCurrent`: the upgrade was taken back, so the tenant runs it again. `lost` is what the new release was granted.
 */
export type Earlier = {
  readonly standIn: Resolved;
  readonly until: number;
  readonly isCurrent: boolean;
  readonly granted: readonly string[];
};

/** Finds what stands behind a release on probation; undefined where nothing does. O(1) but for a release that does. */
export function earlierRelease({ releases, clock }: CanaryWatch, served: Served): Earlier | undefined {
  const { tenant, plugin, version } = served;
  const moves = releases.movesOf(tenant, plugin);
  const canary = canaryTo(moves, version);
  if (canary === undefined) return undefined;
  const until = Date.parse(canary.at) + LIMITS.probation_ms.value;
  const row = releases.registrationOf(tenant, plugin);
  const release = releases.release(plugin, canary.from_version);
  if (clock.wallTime() >= until || row?.enabled !== true || release === undefined) return undefined;
  const last = moves.at(-1);
  if (row.plugin_version !== last?.to_version) return undefined;
  const isCurrent = last !== canary;
  const grants = isCurrent
    ? row.granted_permissions
    : grantsAfterRollback(row.granted_permissions, release.manifest, moves);
  const registration = { ...row, plugin_version: canary.from_version, granted_permissions: grants };
  const config = { ...release.manifest.config, ...row.config };
  const granted = isCurrent ? last.granted_before : row.granted_permissions;
  return { standIn: { kind: 'resolved', release, registration, config }, until, isCurrent, granted };
}

/** The upgrade to a version, where it is the last move, or was taken back by the last. */
function canaryTo(moves: readonly MoveRow[], version: string): MoveRow | undefined {
  const last = moves.at(-1);
  const isBack = last?.kind.endsWith('rollback') === true && last.from_version === version;
  const canary = isBack ? moves.at(-2) : last;
  if (canary?.kind !== 'canary' || canary.to_version !== version) return undefined;
  return isBack && last.to_version !== canary.from_version ? undefined : canary;
}

/**
 * Tells how a release stands for a tenant: by its registration, or, of one that stands behind what it runs, by what coming back would
 * give it.
 */
export function findStanding(
  watch: CanaryWatch,
  tenant: string,
  { name: plugin, digest }: { readonly name: string; readonly digest: string | undefined },
): Resolution {
  const resolution = watch.releases.resolve(tenant, plugin);
  if (resolution.kind === 'refused' || digest === undefined || resolution.release.digest === digest) return resolution;
  const { version } = resolution.release.manifest;
  const earlier = earlierRelease(watch, { tenant, plugin, version });
  return earlier?.standIn.release.digest === digest ? earlier.standIn : resolution;
}
