import { describe, expect, test } from 'vitest';
import { gaussLegendre, integrate } from './quadrature.ts';

function integral(count: number, of: (x: number) => number): number {
  const { nodes, weights } = gaussLegendre(count);
  return nodes.reduce((sum, node, index) => sum + of(node) * (weights[index] ?? 0), 0);
}

describe("Gauss and Legendre's rule", () => {
  test.each([1, 2, 3, 10, 41, 200])('with %d nodes is exact up to degree 2n − 1', (count) => {
    for (const degree of [0, 1, 2 * count - 2, 2 * count - 1]) {
      const exact = degree % 2 === 0 ? 2 / (degree + 1) : 0;
      expect(integral(count, (x) => x ** degree)).toBeCloseTo(exact, 13);
    }
  });

  test('has its nodes in rising order, mirrored', () => {
    const { nodes, weights } = gaussLegendre(7);
    expect([...nodes].toSorted((a, b) => a - b)).toEqual([...nodes]);
    expect(nodes[3]).toBe(0);
    expect([nodes[0], weights[0]]).toEqual([-(nodes[6] ?? 0), weights[6]]);
  });

  // mpmath 1.3: the two-point and three-point rule in closed form, and the integral of e^x.
  test('agrees with closed forms', () => {
    expect(gaussLegendre(2).nodes[1]).toBeCloseTo(Math.sqrt(1 / 3), 15);
    expect(gaussLegendre(3).nodes[2]).toBeCloseTo(Math.sqrt(3 / 5), 15);
    expect(gaussLegendre(3).weights[1]).toBeCloseTo(8 / 9, 15);
    expect(integral(12, Math.exp)).toBeCloseTo(2.3504023872876028, 14);
  });

  test.each([0, 1.5, Number.NaN])('of %d nodes is refused', (count) => {
    expect(() => gaussLegendre(count)).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT' }));
  });
});

describe('an integral', () => {
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
});
