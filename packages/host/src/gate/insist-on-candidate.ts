/**
 * What has to hold before a gated move begins, so that whoever asks is told at once, and not by an evaluation that fails.
 */
import { HostError } from '../base/host-error.ts';
import { releaseNotFound } from '../catalogue/plugin-shelves.ts';
import { insistOnConfig, insistOnGrants } from '../moves/fits-release.ts';
import { registrationOf, visibleRelease, type MovePath, type Whose } from '../moves/move-path.ts';
import { insistOnConsent } from '../moves/upgrade.ts';

/** A tenant's registration, and the version that it is to be moved to. */
export type Candidate = Whose & {
  readonly version: string;
  readonly grant: readonly string[] | undefined;
  readonly expected: number | undefined;
};

/** Judges the upgrade of one tenant, and answers the version that it runs. @throws {HostError} as `upgrade` does, without a trial. */
export async function insistOnCandidate(path: MovePath, asked: Candidate): Promise<string> {
  const { plugin, version, grant, expected } = asked;
  const row = registrationOf(path, asked, expected);
  const release = visibleRelease(path, asked, version);
  if (row.plugin_version === version) throw runsAlready(plugin, version, 'the tenant runs');
  if (!row.enabled)
    throw new HostError('PLUGIN_DISABLED', { message: `plugin "${plugin}" is disabled for this tenant` });
  const before = path.releases.release(plugin, row.plugin_version);
  if (before === undefined) throw releaseNotFound(plugin, row.plugin_version);
  if (grant !== undefined) insistOnGrants(release, grant);
  else await insistOnConsent(path, before, release);
  insistOnConfig(release, row.config);
  return row.plugin_version;
}

/** The version that most tenants run: what a candidate for all of them is compared with. @throws {HostError} where nobody would be moved. */
export function baselineOfRollout(
  { releases }: Pick<MovePath, 'releases'>,
  { plugin, version }: { readonly plugin: string; readonly version: string },
): string {
  if (releases.release(plugin, version) === undefined) throw releaseNotFound(plugin, version);
  const counts = new Map<string, number>();
  for (const { enabled, plugin_version: own } of releases.registrantsOf(plugin))
    if (enabled && own !== version) counts.set(own, (counts.get(own) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  if (most === undefined) throw runsAlready(plugin, version, 'every tenant that has it enabled runs');
  return most[0];
}

function runsAlready(plugin: string, version: string, whoRuns: string): HostError {
  return new HostError('VALIDATION_FAILED', {
    message: `version is ${version}, which is what ${whoRuns} of ${plugin}; expected another one`,
  });
}
