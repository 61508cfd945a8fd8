/**
 * The releases of a plugin as an administrator looks at them before a move, with the history of the moves so far.
 */
import type { ConsentAsked, ReleaseDifferences, WireTool } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import type { MoveRow } from '../storage/catalogue-port.ts';
import { consentAsked } from './consent.ts';
import { releaseDifferences } from './differences.ts';
import { toolsOf, visibleRelease, visibleReleases, type MovePath, type Whose } from './move-path.ts';

/**
 * What there is of a plugin for a tenant, highest version first, and how it moved, newest first.
 *
 * @public
 */
export type ReleaseList = {
  /** The version that the tenant's registration names; undefined without one. */
  readonly current: string | undefined;
  readonly releases: readonly Release[];
  readonly moves: readonly MoveRow[];
};

/**
 * A release against the one that the tenant runs; the last two are undefined where it runs none, or this one.
 *
 * @public
 */
export type ComparedWithCurrent = {
  readonly release: Release;
  readonly isCurrent: boolean;
  readonly tools: readonly WireTool[] | undefined;
  readonly asksFor: ConsentAsked | undefined;
  readonly differences: ReleaseDifferences | undefined;
};

/** Lists them. @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant may see no release of such a plugin. */
export function listReleases(path: MovePath, whose: Whose): ReleaseList {
  const { tenant, plugin } = whose;
  const releases = visibleReleases(path, whose);
  if (releases.length === 0) {
    const message = `Plugin '${plugin.slice(0, 80)}' not found in registry`;
    throw new HostError('PLUGIN_NOT_FOUND', { message });
  }
  const current = path.releases.registrationOf(tenant, plugin)?.plugin_version;
  return { current, releases, moves: path.releases.movesOf(tenant, plugin).toReversed() };
}

/** Compares one with what the tenant runs. @throws {HostError} `RELEASE_NOT_FOUND`. */
export async function compareRelease(path: MovePath, whose: Whose, version: string): Promise<ComparedWithCurrent> {
  const release = visibleRelease(path, whose, version);
  const { plugin, tenant } = whose;
  const current = path.releases.registrationOf(tenant, plugin)?.plugin_version;
  const before = current === undefined ? undefined : path.releases.release(plugin, current);
  const tools = await toolsOf(path, release);
  const isCurrent = current === version;
  if (before === undefined || isCurrent)
    return { release, isCurrent, tools, asksFor: undefined, differences: undefined };
  const differences = releaseDifferences(
    { manifest: before.manifest, tools: await toolsOf(path, before), dependencies: before.origin.dependencies },
    { manifest: release.manifest, tools, dependencies: release.origin.dependencies },
  );
  return { release, isCurrent, tools, asksFor: consentAsked(before.manifest, release.manifest), differences };
}
