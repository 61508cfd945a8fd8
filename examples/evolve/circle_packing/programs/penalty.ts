/** A packing: circles as [x, y, radius] inside the unit square, and the sum of their radii. */
type Packing = { circles: number[][]; sum: number };

const STEPS = 4_000;
/** What an overlap costs, at the beginning and at the end. */
const COSTS = [4, 60] as const;

/** From a grid, every circle grows, and is pushed off what it overlaps with. */
export function solve(count: number): Packing {
  const circles = grid(count);
  for (let step = 0; step < STEPS; step += 1) {
    const share = step / STEPS;
    const cost = COSTS[0] + (COSTS[1] - COSTS[0]) * share;
    push(circles, cost, 0.004 * (1 - share) + 0.0001);
  }
  return resultOf(shrunk(circles));
}

/** A grid that is a little uneven, so that nothing stays where it is out of symmetry. */
function grid(count: number): number[][] {
  const columns = Math.ceil(Math.sqrt(count));
  return Array.from({ length: count }, (_, at) => {
    const [column, row] = [at % columns, Math.floor(at / columns)];
    return [(column + 0.5 + 0.3 * ((row * 7) % 3) - 0.3) / columns, (row + 0.5) / columns, 0.05];
  });
}

/** One step down the slope of the penalty. */
function push(circles: number[][], cost: number, length: number): void {
  const moves = circles.map(() => [0, 0, 1]);
  for (const [at, circle] of circles.entries()) {
    const [x = 0, y = 0, radius = 0] = circle;
    const move = moves[at] ?? [];
    for (const [gap, axis, sign] of [
      [x, 0, 1],
      [1 - x, 0, -1],
      [y, 1, 1],
      [1 - y, 1, -1],
    ] as const) {
      const short = Math.max(0, radius - gap);
      move[axis] = (move[axis] ?? 0) + sign * cost * short;
      move[2] = (move[2] ?? 0) - cost * short;
    }
    for (const [other, [otherX = 0, otherY = 0, otherRadius = 0]] of circles.slice(0, at).entries()) {
      const distance = Math.hypot(x - otherX, y - otherY) + 1e-9;
      const short = cost * Math.max(0, radius + otherRadius - distance);
      const beside = moves[other] ?? [];
      const way = [(short * (x - otherX)) / distance, (short * (y - otherY)) / distance, -short];
      for (const [axis, part] of way.entries()) {
        move[axis] = (move[axis] ?? 0) + part;
        beside[axis] = (beside[axis] ?? 0) + (axis === 2 ? part : -part);
      }
    }
  }
  for (const [at, circle] of circles.entries())
    for (const axis of [0, 1, 2]) circle[axis] = (circle[axis] ?? 0) + length * (moves[at]?.[axis] ?? 0);
}

/** Takes every overlap off the radii. */
function shrunk(circles: number[][]): number[][] {
  const safe = circles.map(([x = 0, y = 0, radius = 0]) => [x, y, Math.min(radius, x, 1 - x, y, 1 - y)]);
  for (const [at, one] of safe.entries())
    for (const other of safe.slice(0, at)) {
      const distance = Math.hypot((one[0] ?? 0) - (other[0] ?? 0), (one[1] ?? 0) - (other[1] ?? 0));
      const over = Math.max(0, (one[2] ?? 0) + (other[2] ?? 0) - distance);
      one[2] = (one[2] ?? 0) - over / 2;
      other[2] = (other[2] ?? 0) - over / 2;
    }
  return safe;
}

/** A little off each radius, for what rounding does. */
function resultOf(circles: number[][]): Packing {
  const safe = circles.map(([x = 0, y = 0, radius = 0]) => [x, y, Math.max(0, radius - 1e-12)]);
  return { circles: safe, sum: safe.reduce((sum, [, , radius = 0]) => sum + radius, 0) };
}
