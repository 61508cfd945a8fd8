import { expect, test } from 'vitest';
import { compileSchema, type SchemaCheck } from './compile-schema.ts';
import type { JsonObject } from '@bulkhead/protocol';

function checkOf(schema: JsonObject): SchemaCheck {
  const compiled = compileSchema(schema, 'parameters of tool "t"');
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.check;
}

test('a value that fits has nothing wrong with it', () => {
  const check = checkOf({ type: 'object', properties: { a: { type: 'number' } }, required: ['a'] });
  expect(check({ a: 1 })).toBeUndefined();
});

test('what is wrong is named with its place', () => {
  const check = checkOf({ type: 'object', properties: { a: { type: 'number' } }, required: ['a'] });
  expect(check({ a: 'x' })).toBe('"/a" must be number');
  expect(check({})).toBe("the value must have required property 'a'");
});

test('an unknown property is named where the schema is closed', () => {
  const check = checkOf({ type: 'object', properties: {}, additionalProperties: false });
  expect(check({ extra: 1 })).toContain('"extra"');
});

test('a text that is no schema is refused with the reason', () => {
  expect(compileSchema({ type: 'nonsense' }, 'parameters of tool "t"')).toMatchObject({
    ok: false,
    message: expect.stringContaining('parameters of tool "t" are no JSON Schema') as string,
  });
});

test('a pattern that backtracks for ever is stopped and refused, and the next check works', () => {
  const check = checkOf({ type: 'string', pattern: '^(a+)+$' });
  const startedAt = performance.now();
  expect(check(`${'a'.repeat(60)}!`)).toContain('takes longer than 100 ms');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(check('aaa')).toBeUndefined();
  expect(check('b')).toContain('must match pattern');
});

test('alternatives that multiply with depth are stopped', () => {
  const branch = { type: 'object', properties: { c: { $ref: '#' } }, required: ['c'] };
  const check = checkOf({ anyOf: [branch, { ...branch, minProperties: 1 }, { type: 'integer' }] });
  let value: unknown = 'not an integer';
  for (let depth = 0; depth < 60; depth += 1) value = { c: value };
  expect(check(value)).toContain('takes longer than 100 ms');
});

test('a draft-07 schema is read as one', () => {
  const check = checkOf({ $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'number' }] });
  expect(check(['x'])).toContain('"/0" must be number');
});
