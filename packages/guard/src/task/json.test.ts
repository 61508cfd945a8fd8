import { canonicalJson } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipped, frozen, frozenCopy, nonJsonPlace } from './json.ts';

const json = fc.jsonValue();

test('canonical JSON says the same value, and says it once whatever the order of keys', () => {
  fc.assert(
    fc.property(json, (value) => {
      const there = frozenCopy(value as never);
      expect(JSON.parse(canonicalJson(there))).toEqual(there);
    }),
  );
  expect(canonicalJson({ b: 1, a: [{ d: -0, c: null }] })).toBe('{"a":[{"c":null,"d":0}],"b":1}');
});

test('every JSON value is one', () => {
  fc.assert(fc.property(json, (value) => nonJsonPlace(value, 'args') === undefined));
});

test('whatever JSON would write as another value is found', () => {
  const wrong = fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, 1n, new Map(), Symbol('x'), () => 1);
  fc.assert(
    fc.property(wrong, json, (part, beside) => {
      expect(nonJsonPlace([beside, { key: [part] }], 'args')).toMatch(/^args\[1\]\.key\[0\] is /);
    }),
  );
});

test('what is frozen is frozen in all its parts', () => {
  const value = frozen([{ a: [1] }]);
  const isDeep = [value, value[0], value[0]?.a].every((part) => Object.isFrozen(part));
  expect(isDeep).toBe(true);
});

test('a text of 500 characters stays whole, and a longer one ends with a mark', () => {
  expect(clipped('x'.repeat(500))).toBe('x'.repeat(500));
  expect(clipped('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`);
});
