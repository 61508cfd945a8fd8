import type { JsonObject, Plugin } from '@bulkhead/sdk';
import { createTestContext } from '@bulkhead/sdk/testing';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const main = new URL('../main.js', import.meta.url);
const { default: plugin } = (await import(main.href)) as { readonly default: Plugin }; // Plain JavaScript has no types.
const context = createTestContext();

const run = (name: string, params: JsonObject): unknown =>
  plugin.tools?.find((tool) => tool.name === name)?.execute(params, context);

test('it imports nothing: the shape alone makes it a plugin [F003-39]', async () => {
  expect(await readFile(main, 'utf8')).not.toMatch(/\b(import|require)\b[\s(]*['"{*]/);
  expect(plugin.tools?.map((tool) => tool.name)).toEqual(['convert', 'list_units']);
});

test.for([
  [1, 'mi', 'km', 1.609344],
  [1, 'ft', 'in', 12],
  [0, 'C', 'F', 32],
  [-40, 'F', 'C', -40],
  [100, 'C', 'K', 373.15],
  [1, 'GiB', 'MB', 1073.741824],
  [16, 'oz', 'lb', 1],
  [1, 'd', 'min', 1440],
  [5, 'm', 'm', 5],
] as const)('%d %s in %s is %d', ([value, from, to, expected]) => {
  expect(run('convert', { value, from, to })).toEqual({ value: expected, unit: to });
});

test('units of two kinds do not convert, and the error names both', () => {
  expect(() => run('convert', { value: 1, from: 'm', to: 'kg' })).toThrow('m is a length and kg is a mass');
});

test('every unit converts to every other of its kind and back', () => {
  const kinds = run('list_units', {}) as Readonly<Record<string, readonly string[]>>; // Its own table.
  for (const units of Object.values(kinds)) {
    for (const from of units) {
      for (const to of units) {
        const there = run('convert', { value: 7, from, to }) as { readonly value: number };
        expect(run('convert', { value: there.value, from: to, to: from })).toEqual({
          value: expect.closeTo(7, 6) as unknown,
          unit: from,
        });
      }
    }
  }
});

test('it is healthy and counts its units [F004-12]', () => {
  expect(plugin.healthCheck?.()).toMatchObject({ status: 'healthy', metrics: { units: 27 } });
});
