/**
 * The ways in which an install ends early: refused with findings, or unavailable until something is provided.
 */
import { callError, type ErrorCode, type Finding, type Manifest } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { missingReason, type MissingRequirement } from '../requirements/check-requirements.ts';
import type { SourceTree } from '../source/source-tree.ts';
import type { InstallPath, Installed } from './install-path.ts';
import { problemsOfMissing } from './problems.ts';

/** Findings whose id is itself a code of the table end the install with that code. */
const OWN_CODES: readonly ErrorCode[] = ['BUNDLE_ESCAPES', 'SOURCE_ESCAPES', 'REVIEW_LIMIT', 'BUNDLE_FAILED'];

/** Makes the error of a refusal; its message names the first finding with file and line. */
export function refuse(findings: readonly Finding[], fallback: ErrorCode): HostError {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const first = errors[0];
  const code = OWN_CODES.find((own) => own === first?.id) ?? fallback;
  if (first === undefined) return new HostError(code, { findings });
  const place = first.line === null ? first.path : `${first.path}:${first.line}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new HostError(code, { findings, message: `${place}: ${first.message}${more}`, hint: first.hint });
}

/** `findings` are those of the review, where it was reached. */
type Lacking = { readonly manifest: Manifest; readonly source: SourceTree; readonly findings: readonly Finding[] };

/** What a release lacks that nobody runs is told to whoever asked, and says nothing of its plugin. */
export function lackingCandidate(
  { log }: InstallPath,
  { manifest, source, findings }: Lacking,
  missing: readonly MissingRequirement[],
): Installed {
  const message = missingReason(missing);
  log.warn({ plugin: manifest.name, code: 'PLUGIN_UNAVAILABLE', path: source.folder }, message);
  const failure = callError('PLUGIN_UNAVAILABLE', { message });
  const problems = problemsOfMissing(missing, findings);
  return { manifest, release: undefined, findings: [], trial: { failure, health: 'unknown' }, problems };
}

/** Registers the plugin as UNAVAILABLE; the reason ends with the cure (F001-28, F001-29). */
export function refuseMissing(
  { registry, log }: InstallPath,
  { manifest, source, findings }: Lacking,
  missing: readonly MissingRequirement[],
): Installed {
  const reason = missingReason(missing);
  // The log is the operator's: there the command can be copied as it stands, with the whole path.
  log.warn({ plugin: manifest.name, code: 'PLUGIN_UNAVAILABLE', path: source.folder }, reason);
  registry.markUnavailable(manifest.name, reason);
  return { manifest, release: undefined, findings: [], problems: problemsOfMissing(missing, findings) };
}
