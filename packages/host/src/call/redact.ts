/**
 * Takes out of a recorded call what is secret (X002-13), and the placeholders that stand for secrets in guests.
 */
import { REDACTED, redactJson, type JsonValue } from '@bulkhead/protocol';

/**
 * Takes secrets out of a text.
 *
 * @public
 */
export type RedactText = (text: string) => string;

/** Of a host's own making (`secrets/placeholders.ts`): they open nothing elsewhere, and would differ in each recording. */
const PLACEHOLDER = /bulkhead_secret_[0-9a-f]{39}/g;

/** The value without what is secret in its texts and names; a text whose name says that it is secret goes whole. */
export function redactValue(value: JsonValue, redact: RedactText): JsonValue {
  return redactJson(value, (text) => redact(text.replace(PLACEHOLDER, REDACTED)));
}
