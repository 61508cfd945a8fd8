/**
 * `check`: everything that an install would say of a folder before it runs anything, all at once. It stores nothing and
 * starts no guest.
 *
 *   read -> manifest -> requirements -> review -> bundle
 */
import { hasErrors, type Dependency, type Finding, type Manifest } from '@bulkhead/protocol';
import { resolve } from 'node:path';
import { HostError } from './base/host-error.ts';
import { bundleSource } from './bundle/bundle-source.ts';
import { PLATFORM_VERSION } from './host/settings.ts';
import { withWorkshop } from './host/with-workshop.ts';
import { problemsOfMissing } from './install/problems.ts';
import { checkRequirements, missingPackages, type MissingRequirement } from './requirements/check-requirements.ts';
import { createSystemProbe } from './requirements/system-probe.ts';
import { reviewSource } from './review/review-source.ts';
import { readSdk } from './source/host-package.ts';
import { readManifest } from './source/manifest-file.ts';
import { OPERATOR_FOLDER, readSource } from './source/read-source.ts';
import type { SourceTree } from './source/source-tree.ts';
import type { AskWorkshop } from './base/workshop-port.ts';
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
 * What a check does beside looking: `fix` mends first what can be mended safely.
 *
 * @public
 */
export type CheckOptions = { readonly fix?: boolean };

/**
 * Checks a plugin folder.
 *
 * @param dir - The folder; one that is missing or too large is a finding too.
 * @public
 */
export async function checkPlugin(dir: string, { fix = false }: CheckOptions = {}): Promise<CheckReport> {
  try {
    return await withWorkshop(async (ask) => {
      const fixed = fix ? await mendPlugin(resolve(dir), ask) : undefined;
      const found = await findIn(resolve(dir), ask);
      return { ok: !hasErrors(found.findings), ...found, ...(fixed !== undefined && { fixed }) };
    });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const findings = error.findings.length > 0 ? error.findings : [asFinding(error)];
    return { ok: false, findings, dependencies: [] };
  }
}

async function findIn(dir: string, ask: AskWorkshop): Promise<Omit<CheckReport, 'ok' | 'fixed'>> {
  const source = await readSource(dir, OPERATOR_FOLDER);
  const read = readManifest(source);
  if (!read.ok) return { findings: read.findings, dependencies: [] };
  const { manifest } = read;
  const missing = await missingOf(manifest, source);
  const reviewed = await reviewSource({ source, manifest, supplied: [await readSdk()] }, ask);
  const { dependencies } = reviewed.kind === 'reviewed' ? reviewed.reviewed : reviewed;
  const found = (findings: readonly Finding[]): Omit<CheckReport, 'ok' | 'fixed'> => ({
    findings: [...missing, ...findings],
    dependencies,
  });
  if (reviewed.kind === 'refused') return found(reviewed.findings);
  if (reviewed.kind === 'missing') {
    const packages = problemsOfMissing(missingPackages(reviewed.packages, { shownDir: dir }), reviewed.findings);
    const others = reviewed.findings.filter(({ id }) => id !== 'PACKAGE_MISSING'); // The same, without our cure.
    return found([...packages.map(softened), ...others]);
  }
  const bundled = await bundleSource(reviewed.reviewed, ask);
  return found(bundled.kind === 'refused' ? bundled.findings : bundled.bundle.findings);
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

function softened(finding: Finding): Finding {
  return { ...finding, id: 'REQUIREMENT_MISSING', severity: 'warning' };
}

function asFinding({ code, message, hint }: HostError): Finding {
  return { id: code, severity: 'error', path: '.', line: null, message, hint };
}
