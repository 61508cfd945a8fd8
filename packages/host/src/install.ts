/**
 * The install flow: a folder becomes a release that runs, as a list of steps. Each step's output can be made only by
 * that step. Interrupted anywhere, it leaves nothing, or an unreferenced artifact that a sweep removes.
 *
 *   read -> manifest -> requirements -> review -> bundle -> store -> release -> trial -> live
 */
import type { Manifest } from '@bulkhead/protocol';
import { bundleSource } from './bundle/bundle-source.ts';
import { HostError } from './base/host-error.ts';
import { goLive } from './install/go-live.ts';
import { tryRelease } from './install/trial.ts';
import { claimName, publishBundle } from './install/publish.ts';
import { keepRelease } from './install/keep-release.ts';
import { lackingCandidate, refuse, refuseMissing } from './install/refuse.ts';
import { whileHeld } from './install/retire.ts';
import type { InstallPath, InstallRequest, Installed } from './install/install-path.ts';
import { checkRequirements, missingPackages } from './requirements/check-requirements.ts';
import { createSystemProbe } from './requirements/system-probe.ts';
import { reviewSource } from './review/review-source.ts';
import { readManifest } from './source/manifest-file.ts';
import { OPERATOR_FOLDER, readSource } from './source/read-source.ts';
import type { SourceTree } from './source/source-tree.ts';
import { inActiveSpan } from './tracing/install-span.ts';

/**
 * Installs a plugin folder and tries it once.
 *
 * @returns the release with the state that its trial left it in: INITIALIZED, FAILED or UNAVAILABLE.
 * @throws {HostError} where it is refused: `SOURCE_*`, `MANIFEST_INVALID`, `PLUGIN_NAME_TAKEN`, `REVIEW_REFUSED`,
 *   `REVIEW_LIMIT`, `BUNDLE_FAILED`, `BUNDLE_ESCAPES`, `RELEASE_EXISTS`; it is then listed as refused.
 */
export async function installPlugin(path: InstallPath, request: InstallRequest): Promise<Installed> {
  const source = await readSource(request.dir, OPERATOR_FOLDER);
  const manifest = manifestOf(source);
  const { candidate } = request;
  if (candidate === undefined) claimName(path, manifest, source.folder);
  const lack = candidate === undefined ? refuseMissing : lackingCandidate;
  const missing = await missingRequirements(path, manifest, source);
  if (missing.length > 0) return lack(path, { manifest, source }, missing);
  const reviewed = await inActiveSpan('bulkhead.review', {}, () =>
    reviewSource({ source, manifest, supplied: path.supplied }, path.workshop.ask),
  );
  if (reviewed.kind === 'refused') throw refuse(reviewed.findings, 'REVIEW_REFUSED');
  if (reviewed.kind === 'missing') {
    return lack(path, { manifest, source }, missingPackages(reviewed.packages, { shownDir: source.folder }));
  }
  const bundled = await inActiveSpan('bulkhead.bundle', {}, () => bundleSource(reviewed.reviewed, path.workshop.ask));
  if (bundled.kind === 'refused') throw refuse(bundled.findings, 'BUNDLE_FAILED');
  const artifact = await path.artifacts.put(bundled.bundle);
  const wasStored = path.releases.releasesOf(manifest.name).some(({ digest }) => digest === artifact.digest);
  const stored = { artifact, bundle: bundled.bundle, place: source.folder };
  const release = await publishBundle(path, stored, candidate);
  const { tenant, mayRecallTrial: mayRecall } = request;
  return whileHeld(path, { name: manifest.name, digest: release.digest }, async () => {
    const trial = await inActiveSpan('bulkhead.trial', {}, () =>
      tryRelease(path, { release, artifact, tenant, mayRecall }),
    );
    return candidate === undefined
      ? goLive(path, { release, trial, request, wasStored })
      : keepRelease(path, release, trial);
  });
}

function manifestOf(source: SourceTree): Manifest {
  const read = readManifest(source);
  if (read.ok) return read.manifest;
  const first = read.findings[0];
  const more = read.findings.length > 1 ? ` (and ${read.findings.length - 1} more)` : '';
  const message = first === undefined ? undefined : `${first.message}${more}`;
  throw new HostError('MANIFEST_INVALID', { findings: read.findings, ...(message !== undefined && { message }) });
}

function missingRequirements(
  path: InstallPath,
  manifest: Manifest,
  source: SourceTree,
): ReturnType<typeof checkRequirements> {
  const probe = createSystemProbe({ dir: source.folder, env: path.env });
  return checkRequirements(manifest, probe, { shownDir: source.folder, platformVersion: path.platformVersion });
}
