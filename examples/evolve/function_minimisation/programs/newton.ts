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
/** From the lowest points of a grid down the slope, and by Newton's method to the last digit. */
function search(random: () => number): Point {
  const starts: Point[] = [];
  const [shiftX, shiftY] = [random() / 2, random() / 2];
  for (let x = -5; x < 5; x += 0.5) for (let y = -5; y < 5; y += 0.5) starts.push(pointAt(x + shiftX, y + shiftY));
  const ends = starts
    .toSorted((one, other) => one.value - other.value)
    .slice(0, 12)
    .map((start) => polished(descended(start)));
  return ends.toSorted((one, other) => one.value - other.value)[0] ?? pointAt(0, 0);
}

/** Newton's steps, as long as they go down. */
function polished(from: Point): Point {
  let point = from;
  for (let step = 0; step < 20; step += 1) {
    const [dx, dy] = slopeAt(point);
    const [xx, xy, yy] = bendAt(point);
    const area = xx * yy - xy * xy;
    const next = pointAt(inside(point.x - (yy * dx - xy * dy) / area), inside(point.y - (xx * dy - xy * dx) / area));
    if (!(next.value < point.value)) break;
    point = next;
  }
  return point;
}

/** Second derivatives: twice by x, by both, twice by y. */
function bendAt({ x, y }: Point): [number, number, number] {
  const [turn, both] = [Math.sin(x * y), Math.cos(x * y)];
  const shared = -Math.sin(x) * Math.cos(y);
  return [shared - y * y * turn + 0.1, -Math.cos(x) * Math.sin(y) + both - x * y * turn, shared - x * x * turn + 0.1];
}

function descended(from: Point): Point {
  let [point, length] = [from, 0.1];
  for (let step = 0; step < 200 && length > 1e-12; step += 1) {
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
