/**
 * The last step for a release that nobody runs yet: it stays in the catalogue for whoever moves to it. What is running of its
 * plugin, and what health says of that, is not touched.
 */
import type { Release } from '../catalogue/releases.ts';
import { introduce } from './bring-up.ts';
import type { InstallPath, Installed } from './install-path.ts';
import { problemsOfTrial } from './problems.ts';
import type { Trial } from './trial.ts';

/** Keeps the release. Of a plugin that nobody runs, health shows how its trial ended. */
export function keepRelease(path: InstallPath, release: Release, trial: Trial): Installed {
  const { manifest, findings } = release;
  const { name } = manifest;
  const isRun = path.releases.releasesOf(name).some((other) => path.releases.isNamed(name, other.manifest.version));
  if (!isRun) introduce(path, release, trial);
  return { manifest, release, findings, trial, problems: problemsOfTrial(manifest, trial) };
}
