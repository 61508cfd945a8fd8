/**
 * Why what was read of a folder does not serve, as findings: with file and line where they are known, and with the cure.
 * For whoever works on the plugin; the registry keeps a reason of its own.
 */
import type { Finding, Manifest } from '@bulkhead/protocol';
import type { MissingRequirement } from '../requirements/check-requirements.ts';
import type { Trial } from './trial.ts';

/** A trial that failed, where its plugin threw; of one that went well there is nothing to tell. */
export function problemsOfTrial({ main }: Manifest, { failure, place }: Trial): readonly Finding[] {
  if (failure === undefined) return [];
  const { code: id, message, hint } = failure;
  const path = place?.path ?? main ?? 'plugin.json';
  return [{ id, severity: 'error', path, line: place?.line ?? null, message, hint }];
}

/** Things that are missing, each where the manifest asks for it or, of packages, where a module imports it. */
export function problemsOfMissing(
  missing: readonly MissingRequirement[],
  findings: readonly Finding[],
): readonly Finding[] {
  return missing.map(({ cause, cure, name }) => {
    const at = findings.find(({ id, message }) => id === 'PACKAGE_MISSING' && message.includes(`"${name}"`));
    const { path = 'plugin.json', line = null } = at ?? {};
    return { id: 'PLUGIN_UNAVAILABLE', severity: 'error', path, line, message: cause, hint: cure };
  });
}
