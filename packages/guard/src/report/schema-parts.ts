/**
 * Parts of a JSON Schema, each with a description.
 */
import type { JsonObject } from '@bulkhead/protocol';

/** Counts above lose digits in a double. */
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** A text. */
export function text(description: string): JsonObject {
  return described({ type: 'string' }, description);
}

/** A whole number from 0 up. */
export function count(description: string): JsonObject {
  return described({ type: 'integer', minimum: 0, maximum: COUNT_MAX }, description);
}

/** Any number, or one of the other types. */
export function number(description: string, others: readonly string[] = []): JsonObject {
  return described({ type: others.length === 0 ? 'number' : ['number', ...others] }, description);
}

/** A number up to 1. */
export function share(description: string, minimum: number): JsonObject {
  return described({ type: 'number', minimum, maximum: 1 }, description);
}

/** One of some texts. */
export function enumOf(description: string, values: readonly string[]): JsonObject {
  return described({ enum: values }, description);
}

/** A list of any length. */
export function list(description: string, items: JsonObject): JsonObject {
  return described({ type: 'array', items }, description);
}

/** Two of the same. */
export function tupleOf(item: JsonObject, description: string): JsonObject {
  return described({ type: 'array', prefixItems: [item, item], minItems: 2, maxItems: 2 }, description);
}

/** An object with all of these keys, and perhaps others. */
export function object(description: string, properties: JsonObject): JsonObject {
  return described({ type: 'object', required: Object.keys(properties), properties }, description);
}

/** An object of which any key holds the same. */
export function record(description: string, values: JsonObject): JsonObject {
  return described({ type: 'object', additionalProperties: values }, description);
}

/** Any object. */
export function anyObject(description: string): JsonObject {
  return described({ type: 'object' }, description);
}

/** What it is, or null. */
export function nullOr(schema: JsonObject): JsonObject {
  const { type, description, ...rest } = schema;
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  return { type: [type, 'null'], ...rest, ...(description === undefined ? {} : { description }) };
}

function described(schema: JsonObject, description: string): JsonObject {
  return description === '' ? schema : { ...schema, description };
}
