/**
 * Takes out of a recorded call what is secret (X002-13). Every pattern takes time in proportion to the text: it starts with letters of
 * its own or where a word does, and has nothing open-ended but at its end.
 */
import { isJsonObject, type JsonValue } from '@bulkhead/protocol';

/**
 * Takes secrets out of a text.
 *
 * @public
 */
export type RedactText = (text: string) => string;

/** What stands in place of a secret. */
export const REDACTED = '[REDACTED]';

/** Between the name and the value of a secret: quotes that JSON may have escaped, and a sign. */
const GIVEN = String.raw`\\{0,3}["']?\s{0,8}[:=]\s{0,8}\\{0,3}["']?`;
const PATTERNS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g, REDACTED],
  [/\b(bearer)\s{1,8}[\w.~+/-]{16,}=*/gi, `$1 ${REDACTED}`],
  [
    new RegExp(String.raw`(secret[_-]?(?:access[_-]?)?key|api[_-]?key|token)(${GIVEN})[\w.~+/=-]{16,}`, 'gi'),
    `$1$2${REDACTED}`,
  ],
  [/(password|passwd|pwd)(\s{0,8}=\s{0,8}\\{0,3}["']?)(?!\[REDACTED\])[^\s"'\\&;,]+/gi, `$1$2${REDACTED}`],
  [/(password|passwd)(\\{0,3}["']\s{0,8}:\s{0,8}\\{0,3}["'])(?!\[REDACTED\])[^"'\\]+/gi, `$1$2${REDACTED}`],
];
/** Of a host's own making (`secrets/placeholders.ts`): they open nothing elsewhere, and would differ in each recording. */
const PLACEHOLDER = /bulkhead_secret_[0-9a-f]{39}/g;
/** Members whose texts are secret however short they are. */
const SECRET_NAME =
  /^(?:api[-_]?key|secret[-_]?key|secret[-_]?access[-_]?key|access[-_]?token|refresh[-_]?token|client[-_]?secret|secret|password|passwd|pwd|token|authorization)$/i;

/** Takes out secrets of known shapes; what a host is given in its place where nothing else is. */
export function redactText(text: string): string {
  let kept = text;
  for (const [pattern, replacement] of PATTERNS) kept = kept.replace(pattern, replacement);
  return kept;
}

/** The value without what is secret in its texts and names; a text whose name says that it is secret goes whole. */
export function redactValue(value: JsonValue, redact: RedactText): JsonValue {
  if (typeof value === 'string') return redact(value.replace(PLACEHOLDER, REDACTED));
  if (Array.isArray(value)) return value.map((item: JsonValue) => redactValue(item, redact));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]): [string, JsonValue] => [
    redact(name.replace(PLACEHOLDER, REDACTED)),
    typeof member === 'string' && SECRET_NAME.test(name) ? REDACTED : redactValue(member, redact),
  ]);
  return Object.fromEntries(members);
}
