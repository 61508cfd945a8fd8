/**
 * Layers of age: a young program is compared with young ones only, so that it is not driven out before it has grown.
 */
import { wholeSetting } from '../config.ts';
import { drawWinner, tournamentOdds } from '../maths/tournament-odds.ts';
import { keptForView } from '../maths/view-cache.ts';
import type { ProgramView } from '../population/program-view.ts';
import { amongBest, POOL } from './among-best.ts';
import { selectorKind } from './strategy.ts';

/**
 * Any layer that has programs, and in it the best of `size` drawn with replacement. The age of a program is the number of evaluations since
 * the one it was made for; the layers end at `gap` times 1, 2, 4, 9, 16 and so on, and the last has no end.
 *
 * @see Hornby 2006 (ALPS), with polynomial ages.
 */
export const ageLayered = selectorKind({
  name: 'age_layered',
  summary: 'a tournament within any layer of age',
  settings: {
    layers: wholeSetting(5, 1, 100),
    gap: wholeSetting(20, 1, 1e9),
    size: wholeSetting(3, 1, 1_000),
    pool: POOL,
  },
  create: ({ layers, gap, size, pool }) => {
    const ends = Array.from({ length: layers - 1 }, (_, at) => gap * (at < 2 ? at + 1 : at ** 2));
    const layersOf = keptForView((view) => layersByAge(view, ends));
    return amongBest(pool, {
      odds: (view) => {
        const odds = new Float64Array(view.ranked.length);
        const filled = layersOf(view);
        for (const places of filled) {
          const inLayer = tournamentOdds(places.length, size);
          places.forEach((place, at) => (odds[place] = (inLayer[at] ?? 0) / filled.length));
        }
        return odds;
      },
      draw: (view, random) => {
        const filled = layersOf(view);
        const places = filled[random.below(filled.length)] ?? [];
        return places[drawWinner(places.length, size, random)] ?? 0;
      },
    });
  },
});

/** Places by layer, the best of each first; layers without programs are left out. */
function layersByAge({ ranked }: ProgramView<unknown>, ends: readonly number[]): readonly (readonly number[])[] {
  let now = 0;
  for (const { evalIndex } of ranked) now = Math.max(now, evalIndex);
  const layers: number[][] = Array.from({ length: ends.length + 1 }, () => []);
  let place = 0;
  for (const { evalIndex } of ranked) {
    let layer = 0;
    while (layer < ends.length && now - evalIndex >= (ends[layer] ?? 0)) layer += 1;
    layers[layer]?.push(place);
    place += 1;
  }
  return layers.filter(({ length }) => length > 0);
}
