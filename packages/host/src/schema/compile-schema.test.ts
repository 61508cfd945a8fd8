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

test('two schemas may name themselves alike, and neither sees the other', () => {
  const one = checkOf({ $id: 'https://example.org/size', type: 'number' });
  const other = checkOf({ $id: 'https://example.org/size', type: 'string' });
  expect([one(1), other('a')]).toEqual([undefined, undefined]);
  expect([one('a'), other(1)]).toEqual(['the value must be number', 'the value must be string']);
  const stranger = compileSchema({ $ref: 'https://example.org/size' }, 'returns');
  expect(stranger).toMatchObject({ ok: false, message: expect.stringContaining("can't resolve reference") as string });
});

test('a schema may point to the schema of its draft', () => {
  const check = checkOf({ $ref: 'https://json-schema.org/draft/2020-12/schema' });
  expect(check({ type: 'number' })).toBeUndefined();
  expect(check({ type: 'nonsense' })).toContain('"/type"');
});

test('a draft that nobody knows is named', () => {
  const compiled = compileSchema({ $schema: 'https://example.org/my-draft' }, 'returns');
  expect(compiled).toMatchObject({
    ok: false,
    message: expect.stringContaining('https://example.org/my-draft') as string,
  });
});

test.each([
  ['2020-12', {}],
  ['draft-07', { $schema: 'http://json-schema.org/draft-07/schema#' }],
])('a schema is judged by %s after a thousand others as it was at first', (_draft, head) => {
  for (let index = 0; index < 1_000; index += 1) checkOf({ ...head, const: index });
  expect(compileSchema({ ...head, maxLength: -1 }, 'returns')).toMatchObject({
    ok: false,
    message: 'the returns are no JSON Schema: schema is invalid: data/maxLength must be >= 0',
  });
});
