/**
 * By cells of the archive: any champion, or more often those of cells whose children got into the archive.
 */
import type { Random } from '@bulkhead/guard/statistics';
import { choiceSetting, numberSetting } from '../config.ts';
import { normalised, weigh } from '../maths/weights.ts';
import type { ProgramView } from '../population/program-view.ts';
import { readTallies, writeTallies, type Tally } from './learned.ts';
import { selectorKind } from './strategy.ts';

/** Curiosity of a program that nothing is known of, and the most there is: it bounds how often a draw is thrown again. */
const CURIOSITY_START = 1;
const CURIOSITY_MOST = 8;

/**
 * Curiosity is of the champion of a cell: it begins at 1, gains `reward` with each child that is better, and loses `penalty` with each
 * other, never below `floor`.
 *
 * @see Mouret and Clune 2015; Cully and Demiris 2018 (curiosity score).
 */
export const mapElites = selectorKind({
  name: 'map_elites',
  summary: 'the champion of any cell, or by curiosity',
  settings: {
    method: choiceSetting(['uniform', 'curiosity']),
    reward: numberSetting(1, 0, CURIOSITY_MOST),
    penalty: numberSetting(0.5, 0, CURIOSITY_MOST),
    floor: numberSetting(0.1, 0.01, 1),
  },
  create: ({ method, reward, penalty, floor }) => {
    let curiosities = new Map<string, Tally>();
    const curiosityOf = (id: string): number => {
      const learned = method === 'curiosity' ? curiosities.get(id)?.[0] : undefined;
      return learned ?? CURIOSITY_START;
    };
    return {
      odds: ({ ranked, champions }) => {
        const isChampion = new Set(champions.map(({ id }) => id));
        return normalised(weigh(ranked, ({ id }) => (isChampion.has(id) ? curiosityOf(id) : 0)));
      },
      draw: (view, random) => {
        const { length } = view.champions;
        const isCurious = method === 'curiosity';
        return placeOf(view, isCurious ? drawCurious(view, curiosityOf, random) : random.below(length));
      },
      learn: (gain, parent) => {
        if (parent === undefined) return;
        const now = (curiosities.get(parent)?.[0] ?? CURIOSITY_START) + (gain > 0 ? reward : -penalty);
        curiosities.set(parent, [Math.min(CURIOSITY_MOST, Math.max(floor, now))]);
      },
      state: () => ({ curiosities: writeTallies(curiosities) }),
      restore: (state) => {
        curiosities = readTallies(state, 'curiosities', 1);
      },
    };
  },
});

/** Draws any champion until one is kept, with its curiosity as the chance of that: no sum over all of them has to be kept. */
function drawCurious({ champions }: ProgramView<unknown>, curiosityOf: (id: string) => number, random: Random): number {
  for (;;) {
    const at = random.below(champions.length);
    const curiosity = curiosityOf(champions[at]?.id ?? '');
    if (random.next() * CURIOSITY_MOST < curiosity) return at;
  }
}

function placeOf({ ranked, champions }: ProgramView<unknown>, champion: number): number {
  return ranked === champions ? champion : ranked.findIndex((member) => member === champions[champion]);
}
