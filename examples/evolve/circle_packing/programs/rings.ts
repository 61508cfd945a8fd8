/** A packing: circles as [x, y, radius] inside the unit square, and the sum of their radii. */
type Packing = { circles: number[][]; sum: number };

/** One circle in the middle, eight around it, and the others around those. */
export function solve(count: number): Packing {
  const centres: number[][] = [[0.5, 0.5]];
  for (let at = 0; at < 8; at += 1) centres.push(onRing(0.3, at / 8));
  for (let at = 0; at < count - 9; at += 1) centres.push(onRing(0.463, at / (count - 9)));
  return packed(centres);
}

function onRing(radius: number, turn: number): number[] {
  return [0.5 + radius * Math.cos(2 * Math.PI * turn), 0.5 + radius * Math.sin(2 * Math.PI * turn)];
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
