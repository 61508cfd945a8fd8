/**
 * Integrals of smooth functions, piece by piece, by the rule of Gauss and Legendre with 16 nodes.
 */

/** Positive nodes on −1 to 1 and their weights (DLMF 3.5(v)), from 30 digits of mpmath; the negative ones mirror them. */
const NODES: readonly (readonly [node: number, weight: number])[] = [
  [0.09501250983763744, 0.1894506104550685],
  [0.2816035507792589, 0.18260341504492358],
  [0.45801677765722737, 0.16915651939500254],
  [0.6178762444026438, 0.14959598881657674],
  [0.755404408355003, 0.12462897125553388],
  [0.8656312023878318, 0.09515851168249279],
  [0.9445750230732326, 0.062253523938647894],
  [0.9894009349916499, 0.027152459411754096],
];

/**
 * Integral from the first to the last of the ascending points; the points between are where the function may bend. Ends are
 * never evaluated.
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
  let sum = 0;
  for (const [node, weight] of NODES) {
    sum += weight * (integrand(middle - half * node) + integrand(middle + half * node));
  }
  return half * sum;
}
