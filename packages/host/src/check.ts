/**
 * `check` and `review`: everything that an install would say of a folder, all at once. A review runs nothing of the plugin; a
 * check loads it once in the sandbox, where nothing else is wrong. Nothing is stored.
 *
 *   read -> manifest -> requirements -> review -> bundle (-> load)
 */
import { hasErrors, type Dependency, type Finding, type Manifest } from '@bulkhead/protocol';
import { resolve } from 'node:path';
import { HostError } from './base/host-error.ts';
import type { Storable } from './artifact/artifact.ts';
import { bundleSource } from './bundle/bundle-source.ts';
import { PLATFORM_VERSION } from './host/settings.ts';
import { withPrepared, workIn } from './host/with-workshop.ts';
import { problemsOfMissing } from './install/problems.ts';
import { checkRequirements, missingPackages, type MissingRequirement } from './requirements/check-requirements.ts';
import { createSystemProbe } from './requirements/system-probe.ts';
import { listDependencies } from './review/list-dependencies.ts';
import { reviewSource } from './review/review-source.ts';
import type { PreparedSandbox } from './sandbox/process/prepare-sandbox.ts';
import { readSdk } from './source/host-package.ts';
import { freezeTree } from './source/freeze-tree.ts';
import { readManifest } from './source/manifest-file.ts';
import { OPERATOR_FOLDER, readSource } from './source/read-source.ts';
import type { SourceTree } from './source/source-tree.ts';
import type { AskWorkshop } from './base/workshop-port.ts';
import { openLoadOnce } from './load-once.ts';
import { mendPlugin, type Mended } from './mend.ts';

/**
 * What was found; `ok` is false where an install would be refused. `dependencies` are the packages in the bundle, as far as
 * the review came.
 *
 * @public
 */
export type CheckReport = {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly dependencies: readonly Dependency[];
  /** What was mended before; only where that was asked for. */
  readonly fixed?: readonly Mended[];
};

/**
 * What a check does beside looking: `fix` mends first what can be mended safely; `load` loads the plugin once in the sandbox,
 * which must be measured for it.
 *
 * @public
 */
export type CheckOptions = { readonly fix?: boolean; readonly load?: boolean };

/**
 * Checks a plugin folder.
 *
 * @param dir - The folder; one that is missing or too large is a finding too.
 * @public
 */
export async function checkPlugin(dir: string, options: CheckOptions = {}): Promise<CheckReport> {
  try {
    return await withPrepared((preparing) => checkIn(preparing, resolve(dir), options));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const findings = error.findings.length > 0 ? error.findings : [asFinding(error)];
    return { ok: false, findings, dependencies: [] };
  }
}

/** What reads the plugin and what loads it share a sandbox, which is measured while it is read. */
async function checkIn(
  preparing: Promise<PreparedSandbox>,
  dir: string,
  { fix = false, load = false }: CheckOptions,
): Promise<CheckReport> {
  await using loader = load ? openLoadOnce(preparing) : undefined;
  const { fixed, ...read } = await workIn(preparing, async (ask) => {
    const mended = fix ? await mendPlugin(dir, ask) : undefined;
    return { ...(await findIn(dir, ask)), ...(mended !== undefined && { fixed: mended }) };
  });
  const { bundle, dependencies } = read;
  const problems = bundle === undefined ? undefined : await loader?.load(bundle);
  const findings = [...read.findings, ...(problems ?? [])];
  return { ok: !hasErrors(findings), findings, dependencies, ...(fixed !== undefined && { fixed }) };
}

/** `bundle` is there where nothing that was found keeps the plugin from being loaded here. */
type Read = Pick<CheckReport, 'findings' | 'dependencies'> & { readonly bundle?: Storable };

async function findIn(dir: string, ask: AskWorkshop): Promise<Read> {
  const source = await readSource(dir, OPERATOR_FOLDER);
  const read = readManifest(source);
  if (!read.ok) return { findings: read.findings, dependencies: [] };
  const { manifest } = read;
  const missing = await missingOf(manifest, source);
  if (manifest.driver === 'stdio') return readServer({ source, manifest, missing });
  const reviewed = await reviewSource({ source, manifest, supplied: [await readSdk()] }, ask);
  const { dependencies } = reviewed.kind === 'reviewed' ? reviewed.reviewed : reviewed;
  const found = (findings: readonly Finding[]): Read => ({ findings: [...missing, ...findings], dependencies });
  if (reviewed.kind === 'refused') return found(reviewed.findings);
  if (reviewed.kind === 'missing') {
    const packages = problemsOfMissing(missingPackages(reviewed.packages, { shownDir: dir }), reviewed.findings);
    const others = reviewed.findings.filter(({ id }) => id !== 'PACKAGE_MISSING'); // The same, without our cure.
    return found([...packages.map((finding) => ({ ...finding, id: 'PACKAGE_MISSING' })), ...others]);
  }
  const bundled = await bundleSource(reviewed.reviewed, ask);
  if (bundled.kind === 'refused') return found(bundled.findings);
  const { bundle } = bundled;
  return { ...found(bundle.findings), ...(missing.length === 0 && { bundle }) };
}

type ReadManifest = { readonly source: SourceTree; readonly manifest: Manifest; readonly missing: readonly Finding[] };

/** The files of an MCP server are no source of ours to review. */
async function readServer({ source, manifest, missing }: ReadManifest): Promise<Read> {
  const bundle = await freezeTree(source, manifest);
  const dependencies = listDependencies([...bundle.files.keys()], bundle.files);
  return { findings: [...missing, ...bundle.findings], dependencies, ...(missing.length === 0 && { bundle }) };
}

async function missingOf(manifest: Manifest, source: SourceTree): Promise<readonly Finding[]> {
  const probe = createSystemProbe({ dir: source.folder, env: process.env });
  const options = { shownDir: source.folder, platformVersion: PLATFORM_VERSION };
  return (await checkRequirements(manifest, probe, options)).map(asWarning);
}

/** What is missing here may be there where the plugin will run, so it does not fail the check. */
function asWarning({ cause, cure }: MissingRequirement): Finding {
  return {
    id: 'REQUIREMENT_MISSING',
    severity: 'warning',
    path: 'plugin.json',
    line: null,
    message: cause,
    hint: cure,
  };
}

function asFinding({ code, message, hint }: HostError): Finding {
  return { id: code, severity: 'error', path: '.', line: null, message, hint };
}
