import { expect, test } from 'vitest';
import type { JsonObject } from '@bulkhead/protocol';
import { sampleOf } from './sample-params.ts';

const two = { type: 'object', properties: { a: { type: 'number' }, b: { type: 'string' } } };
const deep: JsonObject = { type: 'array', minItems: 1, items: { type: 'array', minItems: 1, items: { type: 'null' } } };

test.each<[string, JsonObject, unknown]>([
  ['required fields only', { ...two, required: ['a'] }, { a: 2 }],
  ['nothing where nothing is required', two, {}],
  ['a default', { type: 'string', default: 'd' }, 'd'],
  ['an example', { type: 'string', examples: ['e'] }, 'e'],
  ['a word of an enum', { enum: ['x', 'y'] }, 'x'],
  ['a constant', { const: 4 }, 4],
  ['a number within its bounds', { type: 'integer', minimum: 10, maximum: 20 }, 10],
  ['a number beneath its maximum', { type: 'number', maximum: 1 }, 1],
  ['a number above an exclusive bound', { type: 'integer', exclusiveMinimum: 4 }, 5],
  ['a text of the least length', { type: 'string', minLength: 6 }, 'text..'],
  ['a list of the least length', deep, [[null]]],
  ['the first of several types', { type: ['boolean', 'null'] }, true],
  ['the first branch', { anyOf: [{ type: 'boolean' }, { type: 'null' }] }, true],
  ['a required field that the schema does not describe', { type: 'object', properties: {}, required: ['z'] }, {}],
])('%s', (_what, schema, expected) => {
  expect(sampleOf(schema)).toEqual(expected);
});

test('a schema that refers to itself by nesting ends', () => {
  const schema: Record<string, unknown> = { type: 'object', required: ['next'] };
  schema['properties'] = { next: schema };
  expect(JSON.stringify(sampleOf(schema as JsonObject)).length).toBeLessThan(200); // A cycle, which JSON cannot hold.
});
