/**
 * Reads the payload of a task, which somebody else wrote: texts within bounds, and nothing that is not there.
 */
import type { JsonObject } from '@bulkhead/sdk';

/** What of a payload is not as the handler needs it; another attempt mends nothing. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
}

/** Bytes of UTF-8 of a source. */
const SOURCE_BYTES_MAX = 204_800;
const NAME_CHARACTERS_MAX = 1_000;

/** A source, or a patch of one. @throws {PayloadError} where it is no text; of a source also where it is too large. */
export function sourceIn(payload: JsonObject): string {
  const source = textIn(payload, 'source');
  const bytes = Buffer.byteLength(source);
  if (bytes <= SOURCE_BYTES_MAX) return source;
  throw new PayloadError(`payload.source has ${bytes} bytes; expected at most ${SOURCE_BYTES_MAX}`);
}

/** A text that must be there. @throws {PayloadError}. */
export function textIn(payload: JsonObject, field: string): string {
  const text = payload[field];
  if (typeof text === 'string') return text;
  throw new PayloadError(`payload.${field} is ${text === undefined ? 'not there' : 'no text'}; expected a text`);
}

/** A short text, or undefined where it is left out. @throws {PayloadError}. */
export function nameIn(payload: JsonObject, field: string): string | undefined {
  if (payload[field] === undefined) return undefined;
  const name = textIn(payload, field);
  if (name.length <= NAME_CHARACTERS_MAX) return name;
  throw new PayloadError(`payload.${field} has ${name.length} characters; expected at most ${NAME_CHARACTERS_MAX}`);
}

/** Texts, none where the field is left out. @throws {PayloadError}. */
export function textsIn(payload: JsonObject, field: string): readonly string[] {
  const texts = payload[field] ?? [];
  if (Array.isArray(texts) && texts.every((text) => typeof text === 'string')) return texts;
  throw new PayloadError(`payload.${field} is no list of texts; expected one`);
}

/** A number within a range, or undefined where it is left out. @throws {PayloadError}. */
export function numberIn(
  payload: JsonObject,
  field: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const number = payload[field];
  if (number === undefined) return undefined;
  if (typeof number === 'number' && number >= min && number <= max) return number;
  throw new PayloadError(`payload.${field} is ${JSON.stringify(number)}; expected a number from ${min} to ${max}`);
}
