import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paramsArbitrary } from './schema-arbitrary.ts';

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...{ type: 'object', properties, required: Object.keys(properties) },
  ...more,
});

function drawn(schema: JsonObject, count = 300): readonly JsonValue[] {
  const arbitrary = paramsArbitrary(schema);
  return arbitrary === undefined ? [] : fc.sample(arbitrary, { numRuns: count, seed: 3 });
}

const SCHEMAS: Readonly<Record<string, JsonObject>> = {
  numbers: object({
    a: { type: 'integer', minimum: -2, maximum: 9 },
    b: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
  }),
  multiples: object({ a: { type: 'integer', multipleOf: 5, minimum: 7 }, b: { type: 'number', maximum: -3 } }),
  texts: object({
    a: { type: 'string', minLength: 2, maxLength: 5 },
    b: { type: 'string' },
    c: { type: 'string', minLength: 40 },
  }),
  patterns: object({ a: { type: 'string', pattern: '^[a-z]{2,4}-\\d+$' }, b: { pattern: '^#[0-9A-F]{6}$' } }),
  choices: object({
    a: { enum: ['x', 3, null] },
    b: { const: { deep: [1] } },
    c: { type: ['string', 'null'] },
    d: { type: 'boolean' },
  }),
  lists: object({
    a: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
    b: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'null' }], items: false },
  }),
  alternatives: object({
    a: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    b: { oneOf: [{ const: 1 }, { type: 'null' }] },
  }),
  combined: { allOf: [object({ a: { type: 'integer' } }), object({ b: { type: 'string' } })] },
  references: object({ a: { $ref: '#/$defs/size' } }, { $defs: { size: { type: 'integer', minimum: 1 } } }),
  recursive: object(
    { tree: { $ref: '#/$defs/tree' } },
    { $defs: { tree: { type: 'object', properties: { of: { type: 'array', items: { $ref: '#/$defs/tree' } } } } } },
  ),
  closed: object({ a: { type: 'string' } }, { additionalProperties: false, required: [] }),
  nothing: object({}, { additionalProperties: false }),
  dictionaries: { type: 'object', additionalProperties: { type: 'integer' } },
  untyped: object({ a: {}, b: { minimum: 3 }, c: { items: { type: 'null' } } }),
};

test.for(Object.keys(SCHEMAS))('what is made of %s fits the schema', (name) => {
  const schema = SCHEMAS[name] ?? {};
  const fits = new Ajv2020({ strict: false }).compile(schema);
  const values = drawn(schema);
  expect(values).toHaveLength(300);
  expect(values.filter((value) => !fits(value))).toEqual([]);
});

test('texts of a format look like it', () => {
  const schema = object({
    at: { type: 'string', format: 'date-time' },
    id: { format: 'uuid' },
    day: { format: 'date' },
  });
  for (const value of drawn(schema, 50)) {
    expect(value).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
  }
});

test('the ends are reached: zero, one below it, the least and the most, nothing, and letters beyond ASCII', () => {
  const texts = JSON.stringify(
    drawn(
      object({ n: { type: 'integer' }, m: { type: 'integer', minimum: 17, maximum: 4_321 }, t: { type: 'string' } }),
    ),
  );
  for (const part of ['"n":0', '"n":-1', '"m":17', '"m":4321', '"t":""', 'ß漢🙂']) expect(texts).toContain(part);
});

test('examples and defaults of a schema are among what is made', () => {
  const texts = JSON.stringify(drawn(object({ city: { type: 'string', examples: ['Hamburg'], default: 'Berlin' } })));
  expect(texts).toContain('Hamburg');
  expect(texts).toContain('Berlin');
});

describe('nothing is made', () => {
  test.for([
    ['where nothing is declared', { type: 'object' }],
    ['where all that is said is that there is something', {}],
    ['where what is required has no value', object({ a: false })],
    ['where a reference leads nowhere', object({ a: { $ref: '#/$defs/none' } })],
    ['where a reference leads to itself', object({ a: { $ref: '#/properties/a' } })],
    ['where a reference leaves the schema', object({ a: { $ref: 'https://example.com/schema' } })],
    ['where bounds contradict one another', object({ a: { type: 'integer', minimum: 3, maximum: 2 } })],
    ['where a pattern cannot be read', object({ a: { type: 'string', pattern: '(' } })],
    ['where a pattern asks for too much', object({ a: { type: 'string', pattern: 'a{99999}' } })],
    ['where a required value would contain itself without end', { ...object({ a: { $ref: '#' } }) }],
  ] as const)('%s', ([, schema]) => {
    expect(paramsArbitrary(schema)).toBeUndefined();
  });
});

test('a schema that branches without end is left in time', () => {
  const branch = { $ref: '#/$defs/node' };
  const node = {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`p${index}`, branch])),
  };
  expect(drawn(object({ root: branch }, { $defs: { node } }), 3)).toHaveLength(3);
});

test('any schema is answered: with an arbitrary, or with none', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (schema) => {
      const arbitrary = paramsArbitrary({ type: 'object', properties: { a: schema as JsonValue } }); // fast-check's JSON is ours.
      expect(arbitrary === undefined ? [] : fc.sample(arbitrary, 1)).toBeDefined();
    }),
  );
});
