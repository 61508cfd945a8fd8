/**
 * How a finding about a manifest is said: its place as people write it, and what stands there, clipped.
 */
import type { Finding } from './finding.ts';

/** Of a text of the author's, in a message. */
export const SHOWN_CHARACTERS = 80;

/**
 * Names a place in the manifest for a finding: `plugin.json#/limits/timeout_ms`.
 *
 * @internal
 */
export function manifestPath(instancePath: string): string {
  return instancePath === '' ? 'plugin.json' : `plugin.json#${shownText(instancePath)}`;
}

/** Makes a finding about a place of the manifest, a JSON pointer such as `/limits/timeout_ms`. */
export function finding(instancePath: string, message: string, hint: string): Finding {
  const where = instancePath === '' ? 'the manifest' : `field "${fieldName(instancePath)}"`;
  return {
    id: 'MANIFEST_INVALID',
    severity: 'error',
    path: manifestPath(instancePath),
    line: null,
    message: `${where} ${message}`,
    hint,
  };
}

/** The field as people write it: `limits.timeout_ms`. Names are the author's: clipped, and without control characters. */
function fieldName(instancePath: string): string {
  const parts = instancePath
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return shownText(parts.join('.'));
}

/** A value as JSON, clipped, or `missing`. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const written = JSON.stringify(value);
  return written.length > SHOWN_CHARACTERS ? `${written.slice(0, SHOWN_CHARACTERS)}…` : written;
}

function shownText(text: string): string {
  const clipped = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return JSON.stringify(clipped).slice(1, -1);
}
