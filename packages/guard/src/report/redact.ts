/**
 * Takes secrets out of what a report keeps (X002-13). Every pattern takes time in proportion to the text, whatever is in it: it starts
 * with letters of its own or where a word does, and has nothing open-ended but at its end.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { compilePattern } from './redaction-pattern.ts';
import type { Report } from './report.ts';

/** What stands in place of a secret. */
export const REDACTED = '[REDACTED]';

/**
 * Takes secrets out of a text; time in proportion to its length.
 *
 * @public
 */
export type Redact = (text: string) => string;

/** Patterns of one's own that are taken. */
const PATTERNS_MAX = 50;

/** Before the value of a named secret: a name, perhaps quotes that JSON may have escaped, and a sign. */
const GIVEN = String.raw`\\{0,3}["']?\s{0,8}[:=]\s{0,8}\\{0,3}["']?`;

/** Each with what is kept of a match: `$1` is the name, so that a reader sees what was there. */
const BUILT_IN: readonly (readonly [pattern: RegExp, replacement: string])[] = [
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
];

/**
 * What takes out secrets of known shapes, and what the patterns match.
 *
 * @param extra - Regular expressions, at most 50, as {@link compilePattern} takes them.
 * @throws {GuardError} `REDACTION_INVALID` where a pattern is none, or could take more than linear time; says which and why.
 * @public
 */
export function createRedaction(extra: readonly string[] = []): Redact {
  const own = compiled(extra);
  return (text) => {
    let kept = text;
    for (const [pattern, replacement] of BUILT_IN) kept = kept.replace(pattern, replacement);
    for (const pattern of own) kept = kept.replace(pattern, (found) => (found === '' ? '' : REDACTED));
    return kept;
  };
}

/**
 * A report without secrets in any of its texts; numbers and keys that the report's shape has stay.
 *
 * @public
 */
export function redactReport(report: Report, redact: Redact): Report {
  return redacted(report, redact);
}

/**
 * A case without secrets in any of its texts.
 *
 * @public
 */
export function redactPair(pair: EvaluatedPair, redact: Redact): EvaluatedPair {
  return redacted(pair, redact);
}

function compiled(extra: readonly string[]): readonly RegExp[] {
  return extra.slice(0, PATTERNS_MAX + 1).map((source, index) => compilePattern(source, { index, most: PATTERNS_MAX }));
}

/** What was only texts in other texts' places has the same shape. */
function redacted<T extends Report | EvaluatedPair>(value: T, redact: Redact): T {
  return redactedValue(value, redact) as T; // Only texts are replaced, by texts.
}

function redactedValue(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => redactedValue(item, redact));
  const members = Object.entries(value).map(([key, member]) => [redact(key), redactedMember(key, member, redact)]);
  return Object.fromEntries(members);
}

/** A name such as `api_key` in a result says of its value what a text would say by itself: `"api_key": "…"`. */
function redactedMember(key: string, member: unknown, redact: Redact): unknown {
  if (typeof member !== 'string') return redactedValue(member, redact);
  const named = `"${key}":"`;
  const whole = redact(`${named}${member}`);
  return whole.startsWith(named) && NAMES_SECRET.test(key) ? whole.slice(named.length) : redact(member);
}

const NAMES_SECRET = /secret|key|token|passw|pwd/i;
