/**
 * Takes secrets out of what a repair shows, writes or asks: those of known shapes, those whose member's name says so, and these same texts
 * wherever else they come up, such as in what a candidate throws.
 */
import { createRedaction, type Redact } from '@bulkhead/guard';
import { REDACTED, canonicalJson, isJsonObject, isSecretName, redactJson, type JsonValue } from '@bulkhead/protocol';
import type { RepairCall } from './repair-calls.ts';

/** A shorter text would be found in too much that is no secret. */
const LITERAL_LENGTH_MIN = 4;

/** Makes it for the calls of a repair. */
export function createCallRedaction(calls: readonly RepairCall[]): Redact {
  const redact = createRedaction();
  const found = calls.flatMap(({ params }) => secretsIn(params)).filter((text) => text.length >= LITERAL_LENGTH_MIN);
  // The longest first, so that one that is part of another leaves nothing of it.
  const literals = [...new Set(found)].toSorted((one, other) => other.length - one.length);
  return (text) => redact(literals.reduce((kept, literal) => withoutLiteral(kept, literal), text));
}

/** A value as JSON without its secrets, cut to so many characters. */
export function shownJson(value: JsonValue, redact: Redact, charactersMax: number): string {
  const text = redact(canonicalJson(redactJson(value, redact)));
  return clippedText(text, charactersMax);
}

/** A text of at most so many characters; what is cut shows. */
export function clippedText(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}

function withoutLiteral(text: string, literal: string): string {
  return text.replaceAll(literal, REDACTED).replaceAll(JSON.stringify(literal).slice(1, -1), REDACTED);
}

function secretsIn(value: JsonValue): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => secretsIn(item));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === 'string' && isSecretName(name) ? [member] : secretsIn(member),
  );
}
