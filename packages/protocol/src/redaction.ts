/**
 * Takes out of texts and JSON what is secret (X002-13): for all that is kept or shown of a call, by whichever package. Every pattern takes
 * time in proportion to the text, whatever is in it: it starts with letters of its own or where a word does, and has nothing open-ended
 * but at its end.
 */
import { isJsonObject, type JsonValue } from './json.ts';
import { once } from './once.ts';

/**
 * What stands in place of a secret.
 *
 * @internal
 */
export const REDACTED = '[REDACTED]';

/**
 * Takes out secrets of known shapes: keys of AWS, private keys, tokens that say whose they are, and what is named a key, a token or a
 * password. Doing it twice changes nothing more.
 *
 * @internal
 */
export function redactText(text: string): string {
  let kept = text;
  for (const [pattern, replacement] of patterns()) kept = kept.replace(pattern, replacement);
  return kept;
}

/**
 * Tells whether a member of this name is secret, however short its text is.
 *
 * @internal
 */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * The value without what is secret in its texts and names; a text whose name says that it is secret goes whole.
 *
 * @param redact - Takes secrets out of a text, such as {@link redactText}.
 * @internal
 */
export function redactJson(value: JsonValue, redact: (text: string) => string): JsonValue {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item: JsonValue) => redactJson(item, redact));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]): [string, JsonValue] => [
    redact(name),
    typeof member === 'string' && isSecretName(name) ? REDACTED : redactJson(member, redact),
  ]);
  return Object.fromEntries(members);
}

/** Between the name and the value of a secret: quotes that JSON may have escaped, and a sign. */
const GIVEN = String.raw`\\{0,3}["']?\s{0,8}[:=]\s{0,8}\\{0,3}["']?`;

/** Each with what is kept of a match: `$1` is the name, so that a reader sees what was there. */
const patterns = once((): readonly (readonly [pattern: RegExp, replacement: string])[] => [
  [
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    REDACTED,
  ],
  [/(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g, REDACTED],
  [
    /(?<![A-Za-z0-9])(?:gh[oprsu]_|github_pat_|glpat-|npm_|xox[abeoprs]-|[prs]k-|[prs]k_(?:live|test)_)[\w-]{16,}/g,
    REDACTED,
  ],
  [/(?<![\w-])eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]*/g, REDACTED],
  [/\b(bearer)\s{1,8}[\w.~+/-]{16,}=*/gi, `$1 ${REDACTED}`],
  [
    new RegExp(String.raw`(authorization)(${GIVEN})(?:(basic|bearer)\s{1,8})[\w.~+/-]{4,}=*`, 'gi'),
    `$1$2$3 ${REDACTED}`,
  ],
  [new RegExp(String.raw`(secret[_-]?key|api[_-]?key|token)(${GIVEN})[\w.~+/=-]{16,}`, 'gi'), `$1$2${REDACTED}`],
  [new RegExp(String.raw`(secret[_-]?access[_-]?key)(${GIVEN})[\w.~+/=-]{16,}`, 'gi'), `$1$2${REDACTED}`],
  [/(password|passwd|pwd)(\s{0,8}=\s{0,8}\\{0,3}["']?)(?!\[REDACTED\])[^\s"'\\&;,]+/gi, `$1$2${REDACTED}`],
  [/(password|passwd)(\\{0,3}["']\s{0,8}:\s{0,8}\\{0,3}["'])(?!\[REDACTED\])[^"'\\]+/gi, `$1$2${REDACTED}`],
]);

const SECRET_NAME =
  /^(?:api[-_]?key|secret[-_]?key|secret[-_]?access[-_]?key|access[-_]?token|refresh[-_]?token|client[-_]?secret|secret|password|passwd|pwd|token|authorization)$/i;
