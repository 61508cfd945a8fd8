/**
 * By rank along a line: from the best with `pressure` times the average chance down to the worst with 2 − `pressure` times.
 */
import { numberSetting } from '../config.ts';
import { samplePlaces } from '../maths/sampling.ts';
import { weigh } from '../maths/weights.ts';
import { selectorKind } from './strategy.ts';

/** @see Baker 1985, linear ranking; with pressure 2 the chance is proportional to the number of those that are worse. */
export const rankProportional = selectorKind({
  name: 'rank_proportional',
  summary: 'along a line by rank',
  settings: { pressure: numberSetting(1.8, 1, 2) },
  create: ({ pressure }) => ({
    odds: ({ ranked }) => {
      const { length } = ranked;
      if (length === 1) return Float64Array.of(1);
      const fall = (2 * pressure - 2) / (length - 1);
      return weigh(ranked, (_member, place) => (pressure - fall * place) / length);
    },
    // A mixture: of all alike, and of the better of two different ones, whose chance falls along a line to 0.
    draw: ({ ranked: { length } }, random) => {
      if (length === 1 || random.next() >= pressure - 1) return random.below(length);
      return Math.min(...samplePlaces(length, 2, random));
    },
  }),
});
