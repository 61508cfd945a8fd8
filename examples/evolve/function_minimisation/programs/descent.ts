type Point = { x: number; y: number; value: number };

/** What is to be as low as possible, between −5 and 5. */
function valueAt(x: number, y: number): number {
  return Math.sin(x) * Math.cos(y) + Math.sin(x * y) + (x * x + y * y) / 20;
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function pointAt(x: number, y: number): Point {
  return { x, y, value: valueAt(x, y) };
}

// EVOLVE-BLOCK-START
/** From many points drawn at random down the slope, with steps that grow while they pay; the lowest end counts. */
function search(random: () => number): Point {
  let best = pointAt(0, 0);
  for (let start = 0; start < 16; start += 1) {
    const end = descended(pointAt(10 * random() - 5, 10 * random() - 5));
    if (end.value < best.value) best = end;
  }
  return best;
}

function descended(from: Point): Point {
  let [point, length] = [from, 0.1];
  for (let step = 0; step < 200 && length > 1e-6; step += 1) {
    const [dx, dy] = slopeAt(point);
    const [x, y] = [inside(point.x - length * dx), inside(point.y - length * dy)];
    const next = pointAt(x, y);
    length *= next.value < point.value ? 1.3 : 0.4;
    if (next.value < point.value) point = next;
  }
  return point;
}

function slopeAt({ x, y }: Point): [number, number] {
  const both = Math.cos(x * y);
  return [Math.cos(x) * Math.cos(y) + y * both + x / 10, -Math.sin(x) * Math.sin(y) + x * both + y / 10];
}

function inside(value: number): number {
  return Math.min(5, Math.max(-5, value));
}
// EVOLVE-BLOCK-END

export function solve(seeds: number[]): Point[] {
  return seeds.map((seed) => search(randomOf(seed)));
}
