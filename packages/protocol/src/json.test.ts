import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inspectJson, isJsonObject } from './json.ts';

const WIDE = { depthMax: 64, keysMax: 200_000 };

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const measured = (value: unknown): { readonly depth: number; readonly keys: number } => {
  if (typeof value !== 'object' || value === null) return { depth: 0, keys: 0 };
  const below = Object.values(value).map(measured);
  return {
    depth: 1 + Math.max(0, ...below.map(({ depth }) => depth)),
    keys: below.length + below.reduce((sum, { keys }) => sum + keys, 0),
  };
};
const poisonous = fc.constantFrom('__proto__', 'constructor', 'prototype', 'a', 'b');
const anyJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue({ maxDepth: 0 }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(poisonous, tie('value')), { maxLength: 4 })
    .map(
      (entries) =>
        JSON.parse(`{${entries.map(([key, value]) => `"${key}":${JSON.stringify(value)}`).join(',')}}`) as unknown,
    ),
})).value;

test.for([null, true, 0, 'text', [], {}, { a: [1, { b: null }] }])('%j is within bounds', (value) => {
  expect(inspectJson(value, WIDE)).toBeUndefined();
});

test('depth counts arrays and objects, and the 65th level is one too many [FAULTS-51]', () => {
  expect(inspectJson(nested(64), WIDE)).toBeUndefined();
  expect(inspectJson(nested(65), WIDE)).toEqual({ kind: 'too_deep', allowed: 64, observed: 65 });
});

test('100,000 levels are an answer and no stack overflow [FAULTS-51]', () => {
  expect(inspectJson(nested(100_000), WIDE)).toEqual({ kind: 'too_deep', allowed: 64, observed: 65 });
  expect(inspectJson(nested(100_000), { depthMax: 200_000, keysMax: 1e9 })).toBeUndefined();
});

test('items and keys are counted together', () => {
  const bounds = { depthMax: 64, keysMax: 3 };
  expect(inspectJson([1, 2, 3], bounds)).toBeUndefined();
  expect(inspectJson({ a: [1], b: 2 }, bounds)).toBeUndefined();
  expect(inspectJson({ a: [1, 2], b: 2 }, bounds)).toEqual({ kind: 'too_many_keys', allowed: 3, observed: 4 });
});

test('whatever the value, the bounds hold exactly [FAULTS-51]', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), fc.nat(40), (value, depthMax, keysMax) => {
      const copy: unknown = JSON.parse(JSON.stringify(value));
      const { depth, keys } = measured(copy);
      const fault = inspectJson(copy, { depthMax, keysMax });
      expect(fault === undefined).toBe(depth <= depthMax && keys <= keysMax);
    }),
  );
});

test('no key that reaches a prototype is left, and nothing is polluted [FAULTS-52]', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      inspectJson(value, { depthMax: 100, keysMax: 1e6 });
      const merged = merge({}, value);
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect(merged).toBeTypeOf('object');
      expect(JSON.stringify(value) ?? '').not.toContain('"__proto__":'); // As a value it is a word like any other.
    }),
  );
});

test('__proto__ goes, constructor goes where it holds a prototype, and every other key stays [FAULTS-52]', () => {
  const value: unknown = JSON.parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":[{"__proto__":[]}],"b":{"constructor":"Bob","prototype":1}}',
  );
  expect(inspectJson(value, WIDE)).toBeUndefined();
  expect(JSON.stringify(value)).toBe('{"a":[{}],"b":{"constructor":"Bob","prototype":1}}');
});

test('a removed key counts as a key, so that hiding them is no way around the bound [FAULTS-52]', () => {
  expect(inspectJson(JSON.parse('{"__proto__":1,"a":2}'), { depthMax: 4, keysMax: 1 })?.kind).toBe('too_many_keys');
});

test('only a plain object is a JSON object', () => {
  expect([{}, [], null, 1, 'a', undefined].map(isJsonObject)).toEqual([true, false, false, false, false, false]);
});

/** The careless deep merge that the removed keys are aimed at. */
function merge(target: Record<string, unknown>, source: unknown): Record<string, unknown> {
  if (typeof source !== 'object' || source === null) return target;
  for (const [key, value] of Object.entries(source)) {
    const known = target[key];
    if (isJsonObject(value) && typeof known === 'object' && known !== null)
      merge(known as Record<string, unknown>, value);
    else if (isJsonObject(value) && typeof known === 'function') merge(known as never, value);
    else target[key] = value;
  }
  return target;
}
