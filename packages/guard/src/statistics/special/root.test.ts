import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRoot } from './root.ts';

test('the root of a function that rises is found, whichever end is named first', () => {
  expect(findRoot((x) => x * x - 2, [0, 2])).toBeCloseTo(Math.SQRT2, 11);
  expect(findRoot((x) => x * x - 2, [2, 0])).toBeCloseTo(Math.SQRT2, 11);
});

test('a steep, a flat and a bent function all end', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.constantFrom(0.1, 1, 9, 31), (root, power) => {
      const found = findRoot((x) => x ** power - root ** power, [0, 1]);
      // Where the function is flat to the last bit, only its value can be right.
      expect(Math.abs(found ** power - root ** power)).toBeLessThan(1e-11);
    }),
  );
});

test('without a change of sign the end nearer to zero is taken', () => {
  expect(findRoot((x) => x + 1, [0, 5])).toBe(0);
  expect(findRoot((x) => x - 6, [0, 5])).toBe(5);
  expect(findRoot((x) => x - 5, [0, 5])).toBe(5);
});
