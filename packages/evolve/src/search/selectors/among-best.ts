/**
 * Strategies that look at every program look at the best of them only: of 100,000 a choice would take tens of milliseconds, and weights over
 * a whole population lose to the best program alone (EVIDENCE 2.15).
 */
import { wholeSetting } from '../config.ts';
import { drawPlace } from '../maths/weights.ts';
import { keptForView } from '../maths/view-cache.ts';
import type { ProgramView } from '../population/program-view.ts';
import type { Strategy } from './strategy.ts';

/** The key `pool` of a table: how many of the best take part. */
export const POOL = wholeSetting(1_000, 1, 1e6);

/** The strategy over the best `pool` programs; the others have no chance. */
export function amongBest(pool: number, strategy: Strategy): Strategy {
  const bestOf = keptForView((view): ProgramView<unknown> => {
    const ranked = view.ranked.slice(0, pool);
    return { version: view.version, ranked, champions: ranked };
  });
  return {
    ...strategy,
    odds: (view) => {
      const odds = new Float64Array(view.ranked.length);
      odds.set(strategy.odds(bestOf(view)));
      return odds;
    },
    draw: (view, random) => {
      const best = bestOf(view);
      return strategy.draw?.(best, random) ?? drawPlace(strategy.odds(best), random);
    },
  };
}
