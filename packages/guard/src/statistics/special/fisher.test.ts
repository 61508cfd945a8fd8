/**
 * The F distribution against values of 40 digits (mpmath 1.3's betainc, arguments as doubles).
 */
import { expect, test } from 'vitest';
import { fisherTail } from './fisher.ts';
import reference from './fisher.fixture.json' with { type: 'json' };

test.each(reference.fisherTail)('beyond %d with %d and %d degrees', (...[f, above, below, expected]) => {
  const found = fisherTail(Number(f), Number(above), Number(below));
  expect(Math.abs(found / Number(expected) - 1)).toBeLessThanOrEqual(Number(below) > 10_000 ? 1e-11 : 1e-12);
});

test('everything lies beyond 0', () => {
  expect(fisherTail(0, 3, 4)).toBe(1);
});

test.each([
  ['a negative ratio', () => fisherTail(-1, 1, 1)],
  ['no degrees above', () => fisherTail(1, 0, 1)],
  ['no degrees below', () => fisherTail(1, 1, 0)],
])('%s is refused with its value', (_name, compute) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT' }));
});
