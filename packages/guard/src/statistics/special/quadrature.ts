/**
 * Gauss and Legendre's rule for integrals: exact for polynomials up to degree 2n − 1, and soon exact for whatever is smooth.
 */
import { inputError } from '../statistics-error.ts';

/** Nodes from −1 to 1 in rising order, and their weights, which sum to 2. */
export type QuadratureRule = { readonly nodes: Float64Array; readonly weights: Float64Array };

/** Newton's method doubles the right digits of a first value that has three. */
const STEPS = 5;

/** Of each piece that {@link integrate} adds. */
const PIECE: QuadratureRule = gaussLegendre(16);

/**
 * Integral from the first to the last of the ascending points, piece by piece with 16 nodes each; the points between are where the
 * function may bend. Ends are never evaluated.
 */
export function integrate(integrand: (x: number) => number, points: readonly number[]): number {
  let sum = 0;
  for (const [at, to] of points.entries()) {
    if (at > 0) sum += piece(integrand, points[at - 1] ?? to, to);
  }
  return sum;
}

function piece(integrand: (x: number) => number, from: number, to: number): number {
  const middle = (from + to) / 2;
  const half = (to - from) / 2;
  return (
    half * PIECE.nodes.reduce((sum, node, at) => sum + (PIECE.weights[at] ?? 0) * integrand(middle + half * node), 0)
  );
}

/**
 * The rule with so many nodes (DLMF 3.5.v), by Newton's method on Legendre's recurrence; right to 1e-14.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where count is not a whole number from 1 up.
 */
export function gaussLegendre(count: number): QuadratureRule {
  if (!Number.isSafeInteger(count) || count < 1) throw inputError('count', count, 'a whole number from 1 up');
  const nodes = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let index = 0; index < count / 2; index += 1) {
    const mirrored = count - 1 - index;
    const node = index === mirrored ? 0 : rootOf(count, Math.cos((Math.PI * (index + 0.75)) / (count + 0.5)));
    const { slope } = legendre(count, node);
    const weight = 2 / ((1 - node * node) * slope * slope);
    nodes[index] = -node;
    nodes[mirrored] = node;
    weights[index] = weight;
    weights[mirrored] = weight;
  }
  return { nodes, weights };
}

function rootOf(degree: number, first: number): number {
  let x = first;
  for (let step = 0; step < STEPS; step += 1) {
    const { value, slope } = legendre(degree, x);
    x -= value / slope;
  }
  return x;
}

/** Legendre's polynomial and its slope, inside of −1 to 1. */
function legendre(degree: number, x: number): { readonly value: number; readonly slope: number } {
  let before = 1;
  let value = x;
  for (let k = 2; k <= degree; k += 1) {
    const next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
    before = value;
    value = next;
  }
  return { value, slope: (degree * (before - x * value)) / (1 - x * x) };
}
