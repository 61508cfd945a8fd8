/**
 * An upgrade: one tenant's registration goes to another release, after the release has been tried for it.
 *
 *   registration -> release -> consent -> config -> bring up and try -> one commit -> the old instances end
 *
 * U1: Until the commit nothing has changed for the tenant; after it new calls go to the new release, and those in flight end
 *     on the old one.
 * U2: What was judged is what is written: a registration that changed meanwhile is judged again.
 */
import type { CallError } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { withReleaseUp } from '../install/bring-up.ts';
import { retireScope } from '../install/retire.ts';
import type { Trial } from '../install/trial.ts';
import type { StoredRegistration } from '../storage/catalogue-port.ts';
import { consentAsked, grantsAfterUpgrade, needsConsent } from './consent.ts';
import { releaseDifferences } from './differences.ts';
import { insistOnConfig, insistOnGrants } from './fits-release.ts';
import { registrationOf, toolsOf, visibleRelease, type Asked, type MovePath, type Whose } from './move-path.ts';

/**
 * What lets a release in at once; evidence takes its time (`gate/`).
 *
 * @experimental
 */
export type MoveGate = 'none' | 'trial';

/** To which version, by which gate; `grant` is the consent, also where it is empty; `kind` is `upgrade` where it is left out, and `canary` where evidence has let it in. */
export type Upgrade = Whose &
  Asked & {
    readonly version: string;
    readonly gate: MoveGate;
    readonly grant?: readonly string[];
    readonly kind?: 'upgrade' | 'canary';
  };

/** An administrator's change in between is judged again this often. */
const ATTEMPTS_MAX = 3;

/**
 * Moves the registration, or changes nothing. To the version that it has it stays as it is.
 *
 * @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `CAPABILITY_CHANGE` with what is asked and all differences,
 *   `VALIDATION_FAILED` for a grant that is not asked for, `CONFIG_INVALID`, `TRIAL_FAILED` with the plugin's reason,
 *   `GUARD_REQUIRED`, `REVISION_CONFLICT`, `ARTIFACT_MISSING`.
 */
export async function upgrade(path: MovePath, asked: Upgrade): Promise<StoredRegistration> {
  if (asked.kind !== 'canary') refuseWithoutEvidence(path);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await upgradeOnce(path, asked);
    } catch (error) {
      const isOvertaken = error instanceof HostError && error.code === 'REVISION_CONFLICT';
      if (!isOvertaken || asked.expected !== undefined || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function upgradeOnce(path: MovePath, asked: Upgrade): Promise<StoredRegistration> {
  const { plugin, tenant, version, gate, by, kind = 'upgrade' } = asked;
  const row = registrationOf(path, asked, asked.expected);
  const release = visibleRelease(path, asked, version);
  if (row.plugin_version === version) return row;
  const before = path.releases.release(plugin, row.plugin_version);
  const grants = await consentedGrants(path, { row, before, release, grant: asked.grant });
  insistOnConfig(release, row.config);
  const wanted = { release, tenant, config: row.config, mayRecall: gate === 'none' };
  return withReleaseUp(path, wanted, async (trial) => {
    if (gate === 'trial') insistOnTrial(release, trial);
    const expected = row.revision;
    const move = { kind, version, grants, expected, ...(by !== undefined && { by }) };
    const moved = await path.releases.move(tenant, plugin, move);
    if (before !== undefined) void retireScope(path, { name: plugin, tenant, digest: before.digest });
    return moved;
  });
}

/** Where the operator has every release judged, nothing but an evaluation moves anybody. @throws {HostError} `GUARD_REQUIRED`. */
export function refuseWithoutEvidence({ guard }: Pick<MovePath, 'guard'>): void {
  if (guard === 'required') throw new HostError('GUARD_REQUIRED');
}

type Consenting = {
  readonly row: StoredRegistration;
  readonly before: Release | undefined;
  readonly release: Release;
  readonly grant: readonly string[] | undefined;
};

async function consentedGrants(
  path: MovePath,
  { row, before, release, grant }: Consenting,
): Promise<readonly string[]> {
  if (grant !== undefined) insistOnGrants(release, grant);
  else if (before !== undefined) await insistOnConsent(path, before, release);
  return grantsAfterUpgrade(row.granted_permissions, release.manifest, grant ?? []);
}

/** @throws {HostError} `CAPABILITY_CHANGE`, with all that differs. */
export async function insistOnConsent(path: MovePath, before: Release, release: Release): Promise<void> {
  const asks_for = consentAsked(before.manifest, release.manifest);
  if (!needsConsent(asks_for)) return;
  const differences = releaseDifferences(
    { manifest: before.manifest, tools: await toolsOf(path, before), dependencies: before.origin.dependencies },
    { manifest: release.manifest, tools: await toolsOf(path, release), dependencies: release.origin.dependencies },
  );
  const { name, version } = release.manifest;
  const { permissions, hosts, tools } = asks_for;
  const what = [
    ...(permissions.length > 0 ? [`the permissions ${permissions.join(', ')}`] : []),
    ...(hosts.length > 0 ? [`the hosts ${hosts.join(', ')}`] : []),
    ...(tools.length > 0 ? [`other definitions of the tools ${tools.join(', ')}`] : []),
  ].join(' and ');
  throw new HostError('CAPABILITY_CHANGE', {
    message: `${name} ${version} asks for ${what}, which ${before.manifest.version} did not`,
    hint: `Send it again with "grant": ${JSON.stringify(permissions)}, or with fewer; what is not named is not granted.`,
    consent: { asks_for, differences },
  });
}

function insistOnTrial({ manifest }: Release, { failure }: Trial): void {
  if (failure === undefined) return;
  throw new HostError('TRIAL_FAILED', { message: trialMessage(`${manifest.name} ${manifest.version}`, failure) });
}

function trialMessage(release: string, { code, message, hint }: CallError): string {
  return `the trial of ${release} failed, ${code}: ${message}. ${hint}`;
}
