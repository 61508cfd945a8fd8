/**
 * Takes secrets out of what a report keeps (X002-13): those of known shapes, and what patterns of whoever runs guard match.
 */
import { REDACTED, redactText, type JsonValue } from '@bulkhead/protocol';
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { compilePattern } from './redaction-pattern.ts';
import type { Report } from './report.ts';

/**
 * Takes secrets out of a text; time in proportion to its length.
 *
 * @public
 */
export type Redact = (text: string) => string;

/** Patterns of one's own that are taken. */
const PATTERNS_MAX = 50;

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
    let kept = redactText(text);
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
