/**
 * The install flow: a folder or an archive becomes a release that runs, as a list of steps. Each step's output can be made only by
 * that step. Interrupted anywhere, it leaves nothing, or an unreferenced artifact that a sweep removes.
 *
 *   read -> manifest -> requirements -> review -> bundle, or freeze -> store -> release -> trial -> live
 */
import type { Manifest } from '@bulkhead/protocol';
import { isAbsolute } from 'node:path';
import { goLive } from './install/go-live.ts';
import { tryRelease } from './install/trial.ts';
import { claimName, publishBundle } from './install/publish.ts';
import { keepRelease } from './install/keep-release.ts';
import { readPlugin } from './install/read-plugin.ts';
import { prepareArtifact } from './install/prepare-artifact.ts';
import { lackingCandidate, refuseMissing } from './install/refuse.ts';
import { whileHeld } from './install/retire.ts';
import type { InstallPath, InstallRequest, Installed } from './install/install-path.ts';
import { checkRequirements, type RequirementProbe } from './requirements/check-requirements.ts';
import { createSystemProbe } from './requirements/system-probe.ts';
import type { SourceTree } from './source/source-tree.ts';
import { inActiveSpan } from './tracing/install-span.ts';

/**
 * Installs a plugin from its folder or archive, and tries it once.
 *
 * @returns the release with the state that its trial left it in: INITIALIZED, FAILED or UNAVAILABLE.
 * @throws {HostError} where it is refused: `SOURCE_*`, `ARCHIVE_*`, `SIGNATURE_*`, `MANIFEST_INVALID`, `PLUGIN_NAME_TAKEN`, `REVIEW_REFUSED`,
 *   `REVIEW_LIMIT`, `BUNDLE_FAILED`, `BUNDLE_ESCAPES`, `RELEASE_EXISTS`; it is then listed as refused.
 */
export async function installPlugin(path: InstallPath, request: InstallRequest): Promise<Installed> {
  const read = await readPlugin(path, request);
  const { source, manifest } = read;
  const { candidate, tenant, mayRecallTrial: mayRecall } = request;
  if (candidate === undefined) claimName(path, manifest, source.folder);
  const lack = candidate === undefined ? refuseMissing : lackingCandidate;
  const missing = await missingRequirements(path, manifest, source);
  if (missing.length > 0) return lack(path, { manifest, source, findings: [] }, missing);
  const prepared = await prepareArtifact(path, { source, manifest, mayRecall });
  if (prepared.kind === 'missing')
    return lack(path, { manifest, source, findings: prepared.findings }, prepared.lacking);
  const { bundle, dependencies } = prepared;
  const artifact = await path.artifacts.put(bundle);
  const wasStored = path.releases.releasesOf(manifest.name).some(({ digest }) => digest === artifact.digest);
  const stored = { artifact, bundle, read, dependencies };
  const release = await publishBundle(path, stored, candidate);
  return whileHeld(path, { name: manifest.name, digest: release.digest }, async () => {
    const trial = await inActiveSpan('bulkhead.trial', {}, () =>
      tryRelease(path, { release, artifact, tenant, mayRecall }),
    );
    return candidate === undefined
      ? goLive(path, { release, trial, request, wasStored })
      : keepRelease(path, release, trial);
  });
}

function missingRequirements(
  path: InstallPath,
  manifest: Manifest,
  source: SourceTree,
): ReturnType<typeof checkRequirements> {
  const probe = createSystemProbe({ dir: source.folder, env: path.env });
  const { folder: shownDir, isPacked } = source;
  const options = { shownDir, isPacked, platformVersion: path.platformVersion };
  return checkRequirements(manifest, isPacked ? ofArchive(probe, source) : probe, options);
}

/** What is packed with a plugin is all that there is of its packages and files; the rest is the machine's. */
function ofArchive(probe: RequirementProbe, source: SourceTree): RequirementProbe {
  return {
    ...probe,
    hasModule: async (name) => (await source.readPackage(name, '')) !== undefined,
    faultOfFile: async (file) => (isAbsolute(file) ? probe.faultOfFile(file) : 'absent'),
  };
}
