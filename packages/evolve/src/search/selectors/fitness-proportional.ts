/**
 * By the score itself, counted from a little below the worst.
 */
import { numberSetting } from '../config.ts';
import { keptForView } from '../maths/view-cache.ts';
import { normalised, weigh } from '../maths/weights.ts';
import { amongBest, POOL } from './among-best.ts';
import { selectorKind } from './strategy.ts';

/** @see Holland 1975 (roulette wheel); scores may be negative, so they are counted from the worst, which keeps the share `least`. */
export const fitnessProportional = selectorKind({
  name: 'fitness_proportional',
  summary: 'by how far the score lies above the worst',
  settings: { least: numberSetting(0.01, 0, 1), pool: POOL },
  create: ({ least, pool }) =>
    amongBest(pool, {
      odds: keptForView(({ ranked }) => {
        const worst = ranked.at(-1)?.score ?? 0;
        const range = (ranked[0]?.score ?? 0) - worst;
        const floor = least * range;
        return normalised(weigh(ranked, ({ score }) => score - worst + floor));
      }),
    }),
});
