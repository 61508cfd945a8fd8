/**
 * Lexicase for scores that are no whole numbers: in each case those remain that lie within its median deviation of the best.
 */
import { numberSetting, wholeSetting } from '../config.ts';
import { keptForView } from '../maths/view-cache.ts';
import { deviations, drawByCases, oddsByCases } from './lexicase-pools.ts';
import { selectorKind } from './strategy.ts';

/** Of the best `pool` programs by score. @see La Cava et al. 2019, semi-dynamic: the best of the pool, the deviation of the population. */
export const epsilonLexicase = selectorKind({
  name: 'epsilon_lexicase',
  summary: 'lexicase that keeps those within a median deviation of the best',
  settings: { scale: numberSetting(1, 0, 100), pool: wholeSetting(1_000, 1, 1e6) },
  create: ({ scale, pool }) => {
    const deviationsOf = keptForView(({ ranked }) => deviations(ranked.slice(0, pool)));
    return {
      odds: (view) => oddsByCases(view.ranked, pool, (at) => scale * deviationsOf(view)(at)),
      draw: (view, random) => drawByCases(view.ranked.slice(0, pool), (at) => scale * deviationsOf(view)(at), random),
    };
  },
});
