import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstWhere } from './first-where.ts';

test('it is the first of which the claim holds, wherever that is', () => {
  const range = fc.tuple(
    fc.integer({ min: 0, max: 1_000 }),
    fc.integer({ min: 0, max: 1_000 }),
    fc.nat({ max: 2_000 }),
  );
  fc.assert(
    fc.property(range, ([first, length, from]) => {
      const found = firstWhere((at) => at >= from, [first, first + length]);
      expect(found).toBe(Math.min(Math.max(from, first), first + length));
    }),
  );
});

test('numbers beyond 2^32 are found as well', () => {
  expect(firstWhere((at) => at >= 2 ** 40 + 1, [0, 2 ** 50])).toBe(2 ** 40 + 1);
});
