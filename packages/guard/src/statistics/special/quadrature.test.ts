import { expect, test } from 'vitest';
import { integrate } from './quadrature.ts';

test('one piece is exact for every polynomial up to degree 31', () => {
  for (let degree = 0; degree <= 31; degree += 1) {
    expect(integrate((x) => x ** degree, [0, 1]) * (degree + 1)).toBeCloseTo(1, 14);
  }
});

test('a power beyond that is not, so the nodes are 16 and no more', () => {
  expect(Math.abs(integrate((x) => x ** 32, [-1, 1]) - 2 / 33)).toBeGreaterThan(1e-10);
});

test('pieces add up, and a bend at a boundary costs nothing', () => {
  expect(integrate(Math.exp, [0, 0.3, 1, 5])).toBeCloseTo(Math.exp(5) - 1, 11);
  expect(integrate((x) => Math.abs(x - 0.3), [0, 0.3, 1])).toBeCloseTo((0.09 + 0.49) / 2, 15);
});

test('no piece at all is nothing', () => {
  expect(integrate(Math.exp, [1])).toBe(0);
});
