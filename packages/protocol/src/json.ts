/**
 * JSON from a guest or a client, measured before anybody walks it recursively.
 * Nothing here recurses: a value 100,000 levels deep is an answer, not a stack overflow (FAULTS 51).
 */

/**
 * A value without parts.
 *
 * @public
 */
export type JsonPrimitive = string | number | boolean | null;
/**
 * An object as JSON.parse makes it.
 *
 * @public
 */
export type JsonObject = { readonly [key: string]: JsonValue };
/**
 * Whatever JSON can say.
 *
 * @public
 */
export type JsonValue = JsonPrimitive | readonly JsonValue[] | JsonObject;

/**
 * What is wrong with a parsed value: it is nested deeper, or holds more keys and items, than allowed.
 *
 * @internal
 */
export type JsonFault = {
  readonly kind: 'too_deep' | 'too_many_keys';
  readonly allowed: number;
  readonly observed: number;
};

/**
 * Bounds for {@link inspectJson}; depth counts arrays and objects, so a bare number has depth 0.
 *
 * @internal
 */
export type JsonBounds = { readonly depthMax: number; readonly keysMax: number };

/**
 * Measures a value that `JSON.parse` made, and deletes keys that would reach a prototype when merged.
 *
 * `__proto__` always goes; `constructor` goes where it holds an object with a `prototype` (FAULTS 52).
 *
 * @param value - Fresh from `JSON.parse`, owned by the caller; poisoned keys are removed in place.
 * @returns undefined when the value is within bounds, else the first bound that it breaks.
 * @remarks O(size), level by level, constant stack.
 * @internal
 */
export function inspectJson(value: unknown, bounds: JsonBounds): JsonFault | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  let level: object[] = [value];
  let keys = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > bounds.depthMax) return { kind: 'too_deep', allowed: bounds.depthMax, observed: depth };
    const below: object[] = [];
    for (const node of level) {
      keys += collectChildren(node, below);
      if (keys > bounds.keysMax) return { kind: 'too_many_keys', allowed: bounds.keysMax, observed: keys };
    }
    level = below;
  }
  return undefined;
}

function collectChildren(node: object, below: object[]): number {
  if (Array.isArray(node)) {
    for (const item of node) if (typeof item === 'object' && item !== null) below.push(item);
    return node.length;
  }
  const record = node as Record<string, unknown>; // JSON.parse makes only plain objects and arrays.
  let count = 0;
  for (const key of Object.keys(record)) {
    count += 1;
    if (isPoisoned(record, key)) delete record[key];
    else {
      const child = record[key];
      if (typeof child === 'object' && child !== null) below.push(child);
    }
  }
  return count;
}

function isPoisoned(record: Record<string, unknown>, key: string): boolean {
  if (key === '__proto__') return true;
  if (key !== 'constructor') return false;
  const child = record[key];
  return typeof child === 'object' && child !== null && Object.hasOwn(child, 'prototype');
}

/**
 * Tells whether a parsed value is a plain JSON object.
 *
 * @public
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
