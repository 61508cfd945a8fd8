/** A packing: circles as [x, y, radius] inside the unit square, and the sum of their radii. */
type Packing = { circles: number[][]; sum: number };
/** Of all circles x, then y, then the radius. */
type Place = Float64Array<ArrayBuffer>;
type Found = { place: Place; sum: number };

const SEED = 1;
const STARTS = 40;
/** Multipliers are set so often, each time after so many steps. */
const TURNS = 24;
const STEPS = 100;
const STIFFNESS = [10, 2_000] as const;
const MEMORY = 12;

/** The best of many places drawn at random, each improved by an augmented Lagrangian. */
export function solve(count: number): Packing {
  const random = randomOf(SEED);
  const problem = new Problem(count);
  let best = improved(problem, scattered(count, random));
  for (let start = 1; start < STARTS; start += 1) {
    const next = improved(problem, scattered(count, random));
    if (next.sum > best.sum) best = next;
  }
  return resultOf(best.place, count);
}

/** No two circles overlap and none leaves the square: each such gap has a multiplier, which is what it costs at the end. */
class Problem {
  readonly count: number;
  #stiffness = 1;
  #pairs: Float64Array;
  #walls: Float64Array;

  constructor(count: number) {
    this.count = count;
    this.#pairs = new Float64Array((count * (count - 1)) / 2);
    this.#walls = new Float64Array(4 * count);
  }

  begin(): void {
    this.#stiffness = STIFFNESS[0];
    this.#pairs.fill(0);
    this.#walls.fill(0);
  }

  /** What is minimised at a place, and its slope there. */
  value(place: Place, slope: Place): number {
    const { count } = this;
    slope.fill(0);
    let total = 0;
    for (let at = 0; at < count; at += 1) {
      total -= place[2 * count + at] ?? 0;
      slope[2 * count + at] = -1;
    }
    for (let at = 0; at < 4 * count; at += 1) total += this.#wall(at, place, slope);
    let pair = 0;
    for (let one = 0; one < count; one += 1) {
      for (let other = one + 1; other < count; other += 1, pair += 1) {
        total += this.#pair({ one, other, pair }, place, slope);
      }
    }
    return total;
  }

  /** Moves the multipliers by what is still violated, and answers the worst of it. */
  turn(place: Place): number {
    const { count } = this;
    let [worst, pair] = [0, 0];
    for (let at = 0; at < 4 * count; at += 1) {
      const gap = gapOf(at, place, count);
      worst = Math.max(worst, -gap);
      this.#walls[at] = Math.max(0, (this.#walls[at] ?? 0) - this.#stiffness * gap);
    }
    for (let one = 0; one < count; one += 1) {
      for (let other = one + 1; other < count; other += 1, pair += 1) {
        const gap = distanceOf(place, one, other) - (place[2 * count + one] ?? 0) - (place[2 * count + other] ?? 0);
        worst = Math.max(worst, -gap);
        this.#pairs[pair] = Math.max(0, (this.#pairs[pair] ?? 0) - this.#stiffness * gap);
      }
    }
    this.#stiffness = Math.min(2 * this.#stiffness, STIFFNESS[1]);
    return worst;
  }

  #wall(at: number, place: Place, slope: Place): number {
    const short = (this.#walls[at] ?? 0) / this.#stiffness - gapOf(at, place, this.count);
    if (short <= 0) return 0;
    const force = this.#stiffness * short;
    const axis = at >> 1;
    const radius = 2 * this.count + (axis % this.count);
    slope[axis] = (slope[axis] ?? 0) + (at % 2 === 0 ? -force : force);
    slope[radius] = (slope[radius] ?? 0) + force;
    return 0.5 * force * short;
  }

  #pair({ one, other, pair }: { one: number; other: number; pair: number }, place: Place, slope: Place): number {
    const { count } = this;
    const dx = (place[one] ?? 0) - (place[other] ?? 0);
    const dy = (place[count + one] ?? 0) - (place[count + other] ?? 0);
    const radii = (place[2 * count + one] ?? 0) + (place[2 * count + other] ?? 0);
    const reach = radii + (this.#pairs[pair] ?? 0) / this.#stiffness;
    const square = dx * dx + dy * dy;
    if (reach <= 0 || square >= reach * reach) return 0;
    const distance = Math.sqrt(square) + 1e-300;
    const force = this.#stiffness * (reach - distance);
    const [x, y] = [(force * dx) / distance, (force * dy) / distance];
    slope[one] = (slope[one] ?? 0) - x;
    slope[other] = (slope[other] ?? 0) + x;
    slope[count + one] = (slope[count + one] ?? 0) - y;
    slope[count + other] = (slope[count + other] ?? 0) + y;
    slope[2 * count + one] = (slope[2 * count + one] ?? 0) + force;
    slope[2 * count + other] = (slope[2 * count + other] ?? 0) + force;
    return 0.5 * force * (reach - distance);
  }
}

/** Room to a wall: of each coordinate first the near one, then the far one. */
function gapOf(at: number, place: Place, count: number): number {
  const axis = at >> 1;
  const coordinate = place[axis] ?? 0;
  return (at % 2 === 0 ? coordinate : 1 - coordinate) - (place[2 * count + (axis % count)] ?? 0);
}

function distanceOf(place: Place, one: number, other: number): number {
  const count = place.length / 3;
  const dx = (place[one] ?? 0) - (place[other] ?? 0);
  const dy = (place[count + one] ?? 0) - (place[count + other] ?? 0);
  return Math.sqrt(dx * dx + dy * dy);
}

function improved(problem: Problem, start: Place): Found {
  problem.begin();
  let place = start;
  for (let turn = 0; turn < TURNS; turn += 1) {
    place = descended(problem, place);
    if (problem.turn(place) < 1e-8 && turn > 5) break;
  }
  return { place, sum: shrunk(place, problem.count).reduce((sum, radius) => sum + radius, 0) };
}

/** What is remembered of the last steps: the way, how the slope changed on it, and one over their product. */
type Memory = { way: Place; bend: Place; scale: number }[];

/** L-BFGS, as long as it goes down. */
function descended(problem: Problem, start: Place): Place {
  const memory: Memory = [];
  let place = start.slice();
  let slope = new Float64Array(start.length);
  let value = problem.value(place, slope);
  for (let step = 0; step < STEPS; step += 1) {
    const way = wayOf(slope, memory);
    const fall = dot(way, slope);
    if (!(fall > 1e-14)) break;
    const next = shortened(problem, { place, way, value, fall });
    if (next === undefined) break;
    remember(memory, added(next.place, place, -1), added(next.slope, slope, -1));
    ({ place, slope, value } = next);
  }
  return place;
}

type Step = { place: Place; way: Place; value: number; fall: number };

/** Half as far, until it pays. */
function shortened(problem: Problem, { place, way, value, fall }: Step) {
  const slope = new Float64Array(place.length);
  for (let length = 1; length > 1e-6; length /= 2) {
    const next = added(place, way, -length);
    const there = problem.value(next, slope);
    if (there <= value - 1e-4 * length * fall) return { place: next, slope, value: there };
  }
  return undefined;
}

function wayOf(slope: Place, memory: Memory): Place {
  const way = slope.slice();
  const shares: number[] = [];
  for (const { way: before, bend, scale } of memory.toReversed()) {
    const share = dot(before, way) * scale;
    shares.unshift(share);
    add(way, bend, -share);
  }
  const last = memory.at(-1);
  const size = last === undefined ? 0.01 / (largest(slope) + 1e-300) : 1 / (last.scale * dot(last.bend, last.bend));
  for (let at = 0; at < way.length; at += 1) way[at] = (way[at] ?? 0) * size;
  for (const [at, { way: before, bend, scale }] of memory.entries())
    add(way, before, (shares[at] ?? 0) - dot(bend, way) * scale);
  return way;
}

function remember(memory: Memory, way: Place, bend: Place): void {
  const curve = dot(way, bend);
  if (curve <= 1e-14) return;
  memory.push({ way, bend, scale: 1 / curve });
  if (memory.length > MEMORY) memory.shift();
}

function largest(values: Place): number {
  let most = 0;
  for (let at = 0; at < values.length; at += 1) most = Math.max(most, Math.abs(values[at] ?? 0));
  return most;
}

function dot(one: Place, other: Place): number {
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return sum;
}

function add(to: Place, from: Place, factor: number): void {
  for (let at = 0; at < to.length; at += 1) to[at] = (to[at] ?? 0) + factor * (from[at] ?? 0);
}

function added(one: Place, other: Place, factor: number): Place {
  const sum = one.slice();
  add(sum, other, factor);
  return sum;
}

/** Radii without what overlaps. */
function shrunk(place: Place, count: number): number[] {
  const radii = Array.from({ length: count }, (_, at) => {
    const [x, y, radius] = [place[at] ?? 0, place[count + at] ?? 0, place[2 * count + at] ?? 0];
    return Math.max(0, Math.min(radius, x, 1 - x, y, 1 - y));
  });
  for (let one = 0; one < count; one += 1) {
    for (let other = one + 1; other < count; other += 1) {
      const over = Math.max(0, (radii[one] ?? 0) + (radii[other] ?? 0) - distanceOf(place, one, other));
      radii[one] = (radii[one] ?? 0) - over / 2;
      radii[other] = (radii[other] ?? 0) - over / 2;
    }
  }
  return radii;
}

/** A little off each radius, for what rounding does. */
function resultOf(place: Place, count: number): Packing {
  const radii = shrunk(place, count).map((radius) => Math.max(0, radius - 1e-12));
  const circles = radii.map((radius, at) => [place[at] ?? 0, place[count + at] ?? 0, radius]);
  return { circles, sum: radii.reduce((sum, radius) => sum + radius, 0) };
}

function scattered(count: number, random: () => number): Place {
  return Float64Array.from({ length: 3 * count }, (_, at) => (at < 2 * count ? random() : 0.05));
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
