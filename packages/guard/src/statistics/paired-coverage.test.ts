/**
 * How often the paired intervals hold the difference: seeded simulations against the coverage that EVIDENCE 2.4 lists, which has
 * a Monte Carlo error of 0.005 itself.
 */
import { expect, test } from 'vitest';
import type { Interval } from './interval.ts';
import { bonettPriceInterval, newcombePairedInterval, tangoInterval, type PairedTable } from './paired.ts';

const ROUNDS = 8_000;
const ALLOWED = 0.015;

/** n, share of passes of baseline and candidate, share of pairs that meet the same luck, coverage of Tango, Newcombe, Bonett–Price. */
test.each([
  [100, 0.8, 0.85, 0.5, 0.9475, 0.9485, 0.949],
  [400, 0.8, 0.85, 0.5, 0.954, 0.9525, 0.954],
  [100, 0.97, 0.97, 0.5, 0.972, 0.9895, 0.9965],
  [400, 0.995, 0.995, 0.5, 0.9845, 0.998, 0.9995],
  [100, 0.95, 0.92, 0.8, 0.939, 0.9885, 0.978],
  [400, 0.97, 0.95, 0.8, 0.9565, 0.9725, 0.966],
  [80, 0.78, 0.83, 0, 0.9485, 0.948, 0.9535],
] as const)('%d pairs that pass at %d and %d, alike in %d of them', (...row) => {
  const [n, baseline, candidate, alike, ...listed] = row;
  const both = alike * Math.min(baseline, candidate) + (1 - alike) * baseline * candidate;
  const draw = createDraw([both, candidate - both, baseline - both]);
  const held = { tango: 0, newcombe: 0, bonettPrice: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const table = draw(n);
    const counts = { onlyCandidate: table.onlyCandidate, onlyBaseline: table.onlyBaseline, n };
    held.tango += holds(tangoInterval(counts), candidate - baseline);
    held.newcombe += holds(newcombePairedInterval(table), candidate - baseline);
    held.bonettPrice += holds(bonettPriceInterval(counts), candidate - baseline);
  }
  const misses = [held.tango, held.newcombe, held.bonettPrice].map((count, at) =>
    Math.abs(count / ROUNDS - (listed[at] ?? Number.NaN)),
  );
  expect(Math.max(...misses)).toBeLessThanOrEqual(ALLOWED);
});

function holds([lower, upper]: Interval, difference: number): number {
  return lower <= difference && difference <= upper ? 1 : 0;
}

/** Tables of n pairs, where a pair falls into the first three cells with the given probabilities; the same in every run. */
function createDraw([both, onlyCandidate, onlyBaseline]: readonly [number, number, number]): (
  n: number,
) => PairedTable {
  let state = 1;
  // Park and Miller's generator: the products stay exact.
  const next = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const cellOf = (luck: number): keyof PairedTable => {
    if (luck < both) return 'both';
    if (luck < both + onlyCandidate) return 'onlyCandidate';
    return luck < both + onlyCandidate + onlyBaseline ? 'onlyBaseline' : 'neither';
  };
  return (n) => {
    const table = { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
    for (let pair = 0; pair < n; pair += 1) table[cellOf(next())] += 1;
    return table;
  };
}
