/**
 * The contract's default: mostly the best program, sometimes the champion of any cell; the better it goes, the rarer.
 */
import { numberSetting } from '../config.ts';
import { weigh } from '../maths/weights.ts';
import { readNumber } from './learned.ts';
import { selectorKind } from './strategy.ts';

/** Epsilon grows by this where a child is no better, up to {@link EPSILON_MOST}. */
const GROWTH = 1.05;
const EPSILON_MOST = 0.5;

/** @see X000-23; EVIDENCE 2.15. */
export const adaptiveEpsilon = selectorKind({
  name: 'adaptive_epsilon',
  summary: 'the best program; with chance epsilon, which gains lower, the champion of any cell',
  settings: {
    eps_init: numberSetting(0.15, 0, EPSILON_MOST),
    decay: numberSetting(0.96, 0, 1),
    floor: numberSetting(0.02, 0, EPSILON_MOST),
  },
  create: ({ eps_init, decay, floor }) => {
    let epsilon = eps_init;
    return {
      odds: ({ ranked, champions }) => {
        const places = new Map(champions.map(({ id }) => [id, epsilon / champions.length]));
        return weigh(ranked, ({ id }, place) => (places.get(id) ?? 0) + (place === 0 ? 1 - epsilon : 0));
      },
      draw: ({ ranked, champions }, random) => {
        if (random.next() >= epsilon) return 0;
        const champion = random.below(champions.length);
        return ranked === champions ? champion : ranked.findIndex((member) => member === champions[champion]);
      },
      learn: (gain) => {
        epsilon = gain > 0 ? Math.max(floor, epsilon * decay) : Math.min(EPSILON_MOST, epsilon * GROWTH);
      },
      state: () => ({ epsilon }),
      restore: (state) => {
        epsilon = readNumber(state, 'epsilon', [0, EPSILON_MOST]);
      },
    };
  },
});
