/**
 * A rollback: one tenant's registration comes back to a release, by an administrator or by the host itself. Its
 * configuration stays; what it is granted is what it was when it left that release.
 */
import { releaseNotFound } from '../catalogue/plugin-shelves.ts';
import type { Release } from '../catalogue/releases.ts';
import { HostError } from '../base/host-error.ts';
import { withReleaseUp } from '../install/bring-up.ts';
import { retireScope } from '../install/retire.ts';
import type { MoveRow, StoredRegistration } from '../storage/catalogue-port.ts';
import { grantsAfterRollback } from './consent.ts';
import type { Fallen } from './probation.ts';
import { registrationOf, visibleRelease, type Asked, type MovePath, type Whose } from './move-path.ts';

/** To which version; without one, to the release before the last upgrade. */
export type Rollback = Whose & Asked & { readonly version?: string };

/**
 * Moves the registration by one write, and brings the release up where nobody runs it here. It is not tried first: whoever
 * rolls back wants what was.
 *
 * @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `REVISION_CONFLICT`, `ARTIFACT_MISSING`.
 */
export async function rollBack(path: MovePath, asked: Rollback): Promise<StoredRegistration> {
  const { plugin, tenant, by } = asked;
  const row = registrationOf(path, asked, asked.expected);
  const version = asked.version ?? versionBefore(path.releases.movesOf(tenant, plugin), row.plugin_version);
  if (version === undefined) {
    throw new HostError('RELEASE_NOT_FOUND', {
      message: `there is no release to go back to: this tenant has come to ${plugin} ${row.plugin_version} by no upgrade`,
      hint: 'Name one with `version`; `GET /api/v1/plugins/{name}/releases` lists them.',
    });
  }
  const release = visibleRelease(path, asked, version);
  return comeBack(path, { row, release }, { kind: 'rollback', ...(by !== undefined && { by }) });
}

/** The host takes an upgrade back by itself. @throws {HostError} as {@link rollBack} does. */
export async function takeBack(path: MovePath, { row, move, reason }: Fallen): Promise<StoredRegistration> {
  const release = path.releases.release(row.plugin_name, move.from_version);
  if (release === undefined) throw releaseNotFound(row.plugin_name, move.from_version);
  return comeBack(path, { row, release }, { kind: 'automatic_rollback', reason });
}

/**
 * The release that a tenant was upgraded from to the one that it runs. What it came to by a rollback was taken back
 * already, so that rolling back twice goes two releases back and never to and fro.
 */
export function versionBefore(moves: readonly MoveRow[], current: string): string | undefined {
  return moves.findLast(({ kind, to_version }) => to_version === current && !kind.endsWith('rollback'))?.from_version;
}

type Why = { readonly kind: 'rollback' | 'automatic_rollback'; readonly by?: string; readonly reason?: string };

function comeBack(
  path: MovePath,
  { row, release }: { readonly row: StoredRegistration; readonly release: Release },
  why: Why,
): Promise<StoredRegistration> {
  const { tenant_id: tenant, plugin_name: plugin, granted_permissions, revision: expected } = row;
  const { version } = release.manifest;
  if (version === row.plugin_version) return Promise.resolve(row);
  const before = path.releases.release(plugin, row.plugin_version);
  const grants = grantsAfterRollback(granted_permissions, release.manifest, path.releases.movesOf(tenant, plugin));
  return withReleaseUp(path, { release, tenant, config: row.config, mayRecall: true }, async () => {
    const moved = await path.releases.move(tenant, plugin, { ...why, version, grants, expected });
    if (before !== undefined) void retireScope(path, { name: plugin, tenant, digest: before.digest });
    return moved;
  });
}
