/**
 * From what was read to what is stored: a plugin of ours is reviewed and bundled, the files of an MCP server are frozen as they
 * are. What comes out is put in the store by either way.
 */
import type { Dependency, Finding, Manifest } from '@bulkhead/protocol';
import type { Bundle } from '../bundle/bundle-source.ts';
import { bundleSource } from '../bundle/bundle-source.ts';
import { missingPackages, type MissingRequirement } from '../requirements/check-requirements.ts';
import { listDependencies } from '../review/list-dependencies.ts';
import { reviewSource, type ReviewedSource } from '../review/review-source.ts';
import { freezeTree, type FrozenTree } from '../source/freeze-tree.ts';
import type { PackageFiles, SourceTree } from '../source/source-tree.ts';
import { inActiveSpan } from '../tracing/install-span.ts';
import type { InstallPath } from './install-path.ts';
import { recallPrepared } from './recall-prepared.ts';
import { refuse } from './refuse.ts';

/** What is stored, and the packages in it; or the packages that are not there. */
export type PreparedArtifact =
  | { readonly kind: 'ready'; readonly bundle: Bundle | FrozenTree; readonly dependencies: readonly Dependency[] }
  | {
      readonly kind: 'missing';
      readonly lacking: readonly MissingRequirement[];
      readonly findings: readonly Finding[];
    };

type Preparing = {
  readonly source: SourceTree;
  readonly manifest: Manifest;
  /** Takes what came of the same files before, where the host keeps notes of that. */
  readonly mayRecall: boolean;
};

/**
 * Prepares it.
 *
 * @throws {HostError} `REVIEW_REFUSED`, `REVIEW_LIMIT`, `BUNDLE_FAILED`, `BUNDLE_ESCAPES`; of an MCP server `SOURCE_*`.
 */
export function prepareArtifact(path: InstallPath, preparing: Preparing): Promise<PreparedArtifact> {
  const { source, manifest, mayRecall } = preparing;
  if (manifest.driver === 'stdio') return freeze(preparing);
  if (!mayRecall) return bundle(path, { source, manifest });
  const { supplied, installNotes: notes } = path;
  return recallPrepared({ source, manifest, supplied, notes }, (watched) =>
    bundle(path, { source: watched, manifest }),
  );
}

async function freeze({ source, manifest }: Preparing): Promise<PreparedArtifact> {
  const tree = await inActiveSpan('bulkhead.freeze', {}, () => freezeTree(source, manifest));
  return { kind: 'ready', bundle: tree, dependencies: listDependencies([...tree.files.keys()], tree.files) };
}

async function bundle(
  path: InstallPath,
  { source, manifest }: Omit<Preparing, 'mayRecall'>,
): Promise<PreparedArtifact> {
  const { supplied, workshop } = path;
  const reviewed = await inActiveSpan('bulkhead.review', {}, () =>
    reviewSource({ source, manifest, supplied }, workshop.ask),
  );
  if (reviewed.kind === 'refused') throw refuse(reviewed.findings, 'REVIEW_REFUSED');
  if (reviewed.kind === 'missing') {
    const { packages, findings } = reviewed;
    const lacking = missingPackages(packages, { shownDir: source.folder, isPacked: source.isPacked });
    return { kind: 'missing', lacking, findings };
  }
  const bundled = await inActiveSpan('bulkhead.bundle', {}, () => bundleSource(reviewed.reviewed, workshop.ask));
  if (bundled.kind === 'refused') throw refuse(bundled.findings, 'BUNDLE_FAILED');
  return { kind: 'ready', bundle: bundled.bundle, dependencies: dependenciesOf(supplied, reviewed.reviewed) };
}

/** What the host supplies is no dependency of the plugin's. */
function dependenciesOf(
  supplied: readonly PackageFiles[],
  { dependencies, files }: ReviewedSource,
): readonly Dependency[] {
  const isSupplied = (about: string): boolean => supplied.some((one) => one.files.get(about) === files.get(about));
  return dependencies.filter(({ path }) => !isSupplied(`${path}/package.json`));
}
