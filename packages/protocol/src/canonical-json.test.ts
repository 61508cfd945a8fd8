import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import type { JsonObject, JsonValue } from './json.ts';

test('canonical JSON is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const written = canonicalJson(value as JsonValue); // fast-check's JSON is ours.
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(written) as JsonValue)).toBe(written);
    }),
  );
});

test('the same value in another order of keys is the same text, and another value another', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const [left, right] = [a as JsonValue, b as JsonValue]; // fast-check's own JSON.
      expect(canonicalJson(reordered(left, (one, other) => (one < other ? 1 : -1)))).toBe(canonicalJson(left));
      const isSame = canonicalJson(left) === canonicalJson(right);
      expect(isSame).toBe(JSON.stringify(sorted(left)) === JSON.stringify(sorted(right)));
    }),
  );
});

function sorted(value: JsonValue): JsonValue {
  return reordered(value, (a, b) => (a < b ? -1 : 1));
}

function reordered(value: JsonValue, order: (a: string, b: string) => number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => reordered(item, order));
  const entries = Object.entries(value as JsonObject).toSorted(([a], [b]) => order(a, b)); // Not a list, not null.
  return Object.fromEntries(entries.map(([key, item]) => [key, reordered(item, order)]));
}
