/** A packing: circles as [x, y, radius] inside the unit square, and the sum of their radii. */
type Packing = { circles: number[][]; sum: number };

/** Rows of five and of four in turn, each in the gaps of the last. */
export function solve(count: number): Packing {
  const centres: number[][] = [];
  for (let row = 0; centres.length < count; row += 1) {
    const length = row % 2 === 0 ? 5 : 4;
    for (let at = 0; at < length && centres.length < count; at += 1) {
      centres.push([(length === 5 ? 0.1 : 0.2) + at / 5, 0.07 + 0.172 * row]);
    }
  }
  return packed(centres);
}

/** Every circle as large as the one that has least room. */
function packed(centres: number[][]): Packing {
  let radius = 1;
  for (const [at, [x = 0, y = 0]] of centres.entries()) {
    radius = Math.min(radius, x, 1 - x, y, 1 - y);
    for (const [otherX = 0, otherY = 0] of centres.slice(0, at)) {
      radius = Math.min(radius, Math.hypot(x - otherX, y - otherY) / 2);
    }
  }
  return resultOf(centres.map(([x = 0, y = 0]) => [x, y, radius]));
}

/** A little off each radius, for what rounding does. */
function resultOf(circles: number[][]): Packing {
  const safe = circles.map(([x = 0, y = 0, radius = 0]) => [x, y, Math.max(0, radius - 1e-12)]);
  return { circles: safe, sum: safe.reduce((sum, [, , radius = 0]) => sum + radius, 0) };
}
