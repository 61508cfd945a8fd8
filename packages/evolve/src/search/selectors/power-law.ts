/**
 * By rank to a power: the second is chosen 2^alpha times as seldom as the first.
 */
import { numberSetting } from '../config.ts';
import { createRankPowers } from '../maths/rank-powers.ts';
import { normalised, weigh } from '../maths/weights.ts';
import { selectorKind } from './strategy.ts';

/** @see EVIDENCE 2.15: P(rank) ∝ rank^−alpha; alpha 0 chooses any, a large one the best. */
export const powerLaw = selectorKind({
  name: 'power_law',
  summary: 'by rank^-alpha',
  settings: { alpha: numberSetting(1, 0, 100) },
  create: ({ alpha }) => {
    const powers = createRankPowers(alpha);
    return {
      odds: ({ ranked }) => normalised(weigh(ranked, (_, place) => (place + 1) ** -alpha)),
      draw: ({ ranked }, random) => powers.rankOf(random.next() * powers.upTo(ranked.length), ranked.length) - 1,
    };
  },
});
