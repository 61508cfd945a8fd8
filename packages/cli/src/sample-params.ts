/**
 * Makes parameters that a tool's schema takes, for the command that `serve` offers to paste. It knows the keywords that
 * people write; for anything else the tool's own answer says what it wants.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';

const DEPTH_MAX = 8;

/** Returns a value for a JSON Schema: its default or example where it has one, required fields only. */
export function sampleOf(schema: JsonObject, depth = 0): JsonValue {
  const given = schema['default'] ?? firstOf(schema['examples']) ?? schema['const'] ?? firstOf(schema['enum']);
  if (given !== undefined) return given;
  const branch = firstOf(schema['anyOf']) ?? firstOf(schema['oneOf']);
  if (isJsonObject(branch) && depth < DEPTH_MAX) return sampleOf(branch, depth + 1);
  return sampleOfType(schema, depth);
}

function sampleOfType(schema: JsonObject, depth: number): JsonValue {
  const type = Array.isArray(schema['type']) ? firstOf(schema['type']) : schema['type'];
  switch (type) {
    case 'string':
      return 'text'.padEnd(Number(schema['minLength'] ?? 0), '.');
    case 'number':
    case 'integer':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'array':
      return sampleList(schema, depth);
    case 'null':
      return null;
    default:
      return sampleObject(schema, depth);
  }
}

const NUMBER = 2;

function sampleNumber(schema: JsonObject): number {
  const least = Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? NUMBER);
  const most = Number(schema['maximum'] ?? schema['exclusiveMaximum'] ?? Infinity);
  if (NUMBER > least && NUMBER < most) return NUMBER;
  return schema['exclusiveMinimum'] === undefined ? Math.min(least, most) : least + 1;
}

function sampleList(schema: JsonObject, depth: number): JsonValue {
  const { items } = schema;
  const count = Number(schema['minItems'] ?? 0);
  if (count === 0 || !isJsonObject(items) || depth >= DEPTH_MAX) return [];
  return Array.from({ length: count }, () => sampleOf(items, depth + 1));
}

function sampleObject(schema: JsonObject, depth: number): JsonObject {
  const { properties, required } = schema;
  if (!isJsonObject(properties) || !Array.isArray(required) || depth >= DEPTH_MAX) return {};
  const entries = required.flatMap((name): [string, JsonValue][] => {
    const property = typeof name === 'string' ? properties[name] : undefined;
    return isJsonObject(property) ? [[String(name), sampleOf(property, depth + 1)]] : [];
  });
  return Object.fromEntries(entries);
}

function firstOf(value: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(value) ? (value as readonly JsonValue[])[0] : undefined;
}
