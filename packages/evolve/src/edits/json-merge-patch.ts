/**
 * JSON merge patch (RFC 7396): objects are merged, null removes, anything else replaces.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { assertEditSize } from './edit-bounds.ts';
import { parseJson } from './parse-json.ts';

/**
 * Applies a merge patch; the document that is given is not changed.
 *
 * @param patch - JSON text, at most {@link EDIT_BYTES_MAX} bytes, 100 levels.
 * @throws {EvolveError} `EDIT_INVALID` for what is no JSON; `EDIT_TOO_LARGE`.
 * @public
 */
export function applyJsonMergePatch(document: JsonValue, patch: string): JsonValue {
  assertEditSize(patch, 'the JSON merge patch');
  return merged(document, parseJson(patch, 'the JSON merge patch'));
}

function merged(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  let result: JsonObject = isJsonObject(target) ? target : {};
  for (const [key, value] of Object.entries(patch)) {
    const before = Object.hasOwn(result, key) ? (result[key] ?? null) : null;
    result = value === null ? without(result, key) : { ...result, [key]: merged(before, value) };
  }
  return result;
}

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([each]) => each !== key));
}
