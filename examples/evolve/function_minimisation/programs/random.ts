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
/** The lowest of some points drawn at random. */
function search(random: () => number): Point {
  let best = pointAt(0, 0);
  for (let step = 0; step < 100; step += 1) {
    const next = pointAt(10 * random() - 5, 10 * random() - 5);
    if (next.value < best.value) best = next;
  }
  return best;
}
// EVOLVE-BLOCK-END

export function solve(seeds: number[]): Point[] {
  return seeds.map((seed) => search(randomOf(seed)));
}
