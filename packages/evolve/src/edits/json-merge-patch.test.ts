import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { applyJsonMergePatch } from './json-merge-patch.ts';

test('a JSON merge patch does what the examples of RFC 7396 say', () => {
  const cases: readonly (readonly [JsonValue, JsonValue, JsonValue])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 'foo' }, null, null],
  ];
  for (const [document, patch, result] of cases) {
    expect(applyJsonMergePatch(document, JSON.stringify(patch))).toEqual(result);
  }
  expect(() => applyJsonMergePatch({}, `${'['.repeat(200)}${']'.repeat(200)}`)).toThrow(
    coded('EDIT_INVALID', 'levels'),
  );
});
