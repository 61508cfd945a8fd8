/**
 * What the moves of registrations use, and which releases somebody may move to.
 */
import { wireToolOf, type WireTool } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { releaseNotFound, type Release } from '../catalogue/plugin-shelves.ts';
import type { InstallPath } from '../install/install-path.ts';
import type { StoredRegistration } from '../storage/catalogue-port.ts';

/** Wired once by the host. */
export type MovePath = InstallPath;

/** Whose registration of which plugin is meant. `isPlatform`: whoever asks may see every release. */
export type Whose = { readonly plugin: string; readonly tenant: string; readonly isPlatform: boolean };

/** What a registration must be, and who acts, for the audit log. */
export type Asked = { readonly expected?: number; readonly by?: string };

/** Finds the registration. @throws {HostError} `PLUGIN_NOT_FOUND`; `REVISION_CONFLICT` where it is not of the expected revision. */
export function registrationOf({ releases }: MovePath, whose: Whose, expected?: number): StoredRegistration {
  const { plugin, tenant } = whose;
  const row = releases.registrationOf(tenant, plugin);
  if (row === undefined) {
    const message = `Plugin '${plugin.slice(0, 80)}' is not registered for this tenant`;
    throw new HostError('PLUGIN_NOT_FOUND', { message });
  }
  if (expected === undefined || expected === row.revision) return row;
  throw new HostError('REVISION_CONFLICT', {
    message: `the registration of "${plugin}" has revision ${row.revision}, and ${expected} was expected`,
  });
}

/** Lists the releases that may be seen, highest version first: with those offered, those that the tenant has run. */
export function visibleReleases({ releases }: MovePath, { plugin, tenant, isPlatform }: Whose): readonly Release[] {
  if (isPlatform) return releases.releasesOf(plugin);
  const seen = new Set(releases.visibleTo(tenant, plugin).map(({ digest }) => digest));
  const versions = new Set(releases.movesOf(tenant, plugin).flatMap((move) => [move.from_version, move.to_version]));
  return releases
    .releasesOf(plugin)
    .filter(({ digest, manifest }) => seen.has(digest) || versions.has(manifest.version));
}

/** Finds a release that may be seen. @throws {HostError} `RELEASE_NOT_FOUND` for one of another tenant, as for none. */
export function visibleRelease(path: MovePath, whose: Whose, version: string): Release {
  const found = visibleReleases(path, whose).find(({ manifest }) => manifest.version === version);
  if (found === undefined) throw releaseNotFound(whose.plugin, version);
  return found;
}

/** The tools of a release, from its guests or the record of its trial; undefined where neither tells. */
export async function toolsOf(path: MovePath, { digest, manifest }: Release): Promise<readonly WireTool[] | undefined> {
  if (manifest.mcp !== undefined) return manifest.mcp.tools.map(wireToolOf); // Pinned.
  const ready = path.fleet.find(digest)?.ready();
  if (ready !== undefined) return ready.tools;
  const key = { digest, tier: path.tier, node_version: process.version };
  const trial = await path.storage.getTrial(key).catch(() => undefined); // Then the tools are not shown.
  return trial?.ready?.tools;
}
