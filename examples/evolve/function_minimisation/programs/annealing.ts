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
/** Simulated annealing: a step up is taken as well, the hotter the sooner; steps become shorter as it cools. */
function search(random: () => number): Point {
  let current = pointAt(10 * random() - 5, 10 * random() - 5);
  let best = current;
  for (let heat = 2; heat > 1e-4; heat *= 0.998) {
    const reach = 4 * Math.sqrt(heat);
    const [x, y] = [current.x + reach * (random() - 0.5), current.y + reach * (random() - 0.5)];
    if (Math.max(Math.abs(x), Math.abs(y)) > 5) continue;
    const next = pointAt(x, y);
    if (next.value < current.value || random() < Math.exp((current.value - next.value) / heat)) current = next;
    if (current.value < best.value) best = current;
  }
  return best;
}
// EVOLVE-BLOCK-END

export function solve(seeds: number[]): Point[] {
  return seeds.map((seed) => search(randomOf(seed)));
}
