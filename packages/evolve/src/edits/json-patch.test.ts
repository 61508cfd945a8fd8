import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { applyJsonPatch } from './json-patch.ts';

const patched = (document: JsonValue, ...operations: readonly object[]): JsonValue =>
  applyJsonPatch(document, JSON.stringify(operations));

test('a JSON patch does what the examples of RFC 6902 say', () => {
  expect(patched({ foo: ['bar', 'baz'] }, { op: 'add', path: '/foo/1', value: 'qux' })).toEqual({
    foo: ['bar', 'qux', 'baz'],
  });
  expect(patched({ foo: ['bar'] }, { op: 'add', path: '/foo/-', value: ['abc'] })).toEqual({ foo: ['bar', ['abc']] });
  expect(patched({ foo: ['bar', 'qux', 'baz'] }, { op: 'remove', path: '/foo/1' })).toEqual({ foo: ['bar', 'baz'] });
  expect(patched({ baz: 'qux', foo: 'bar' }, { op: 'replace', path: '/baz', value: 'boo' })).toEqual({
    baz: 'boo',
    foo: 'bar',
  });
  const nested = { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } };
  expect(patched(nested, { op: 'move', from: '/foo/waldo', path: '/qux/thud' })).toEqual({
    foo: { bar: 'baz' },
    qux: { corge: 'grault', thud: 'fred' },
  });
  expect(patched({ foo: ['all', 'grass', 'cows', 'eat'] }, { op: 'move', from: '/foo/1', path: '/foo/3' })).toEqual({
    foo: ['all', 'cows', 'eat', 'grass'],
  });
  expect(patched({ '/': 9, '~1': 10 }, { op: 'test', path: '/~01', value: 10 })).toEqual({ '/': 9, '~1': 10 });
  expect(patched({ a: { b: 1, c: 2 } }, { op: 'test', path: '/a', value: { c: 2, b: 1 } })).toEqual({
    a: { b: 1, c: 2 },
  });
  expect(patched({ a: 1 }, { op: 'copy', from: '', path: '/b' })).toEqual({ a: 1, b: { a: 1 } });
  expect(patched({ a: 1 }, { op: 'replace', path: '', value: null })).toBe(null);
});

test('a JSON patch that does not fit changes nothing and says where', () => {
  const document = { a: [1], b: 2 };
  const wrong: readonly (readonly [object, string, string])[] = [
    [{ op: 'remove', path: '/c' }, 'EDIT_MISMATCH', 'operation 1 (remove "/c")'],
    [{ op: 'replace', path: '/a/1', value: 0 }, 'EDIT_MISMATCH', 'there is no "1"'],
    [{ op: 'add', path: '/a/2', value: 0 }, 'EDIT_MISMATCH', 'leads nowhere'],
    [{ op: 'add', path: '/a/01', value: 0 }, 'EDIT_MISMATCH', 'leads nowhere'],
    [{ op: 'add', path: '/b/c', value: 0 }, 'EDIT_MISMATCH', 'leads nowhere'],
    [{ op: 'remove', path: '/toString' }, 'EDIT_MISMATCH', 'leads nowhere'],
    [{ op: 'test', path: '/b', value: '2' }, 'EDIT_MISMATCH', 'does not hold'],
    [{ op: 'move', from: '/a', path: '/a/0' }, 'EDIT_INVALID', 'into itself'],
    [{ op: 'add', path: '/d' }, 'EDIT_INVALID', 'no value'],
    [{ op: 'swap', path: '/d' }, 'EDIT_INVALID', 'has op '],
    [{ op: 'remove', path: 'd' }, 'EDIT_INVALID', 'JSON pointer'],
  ];
  for (const [operation, code, message] of wrong)
    expect(() => patched(document, operation)).toThrow(coded(code, message));
  expect(document).toEqual({ a: [1], b: 2 });
  expect(() => applyJsonPatch(document, '{}')).toThrow(coded('EDIT_INVALID', 'no array'));
  expect(() => applyJsonPatch(document, '[')).toThrow(coded('EDIT_INVALID', 'not JSON'));
});

test('copies of copies end at a bound', () => {
  const doubling = Array.from({ length: 40 }, (_, at) => ({ op: 'copy', from: '', path: `/${at}` }));
  expect(() => patched({ a: 'b' }, ...doubling)).toThrow(coded('EDIT_INVALID', 'copies too much'));
});
