/**
 * Lexicase: the best in a random case, of those the best in the next, and so on; specialists get their turn.
 */
import { wholeSetting } from '../config.ts';
import { drawByCases, oddsByCases } from './lexicase-pools.ts';
import { selectorKind } from './strategy.ts';

/** Of the best `pool` programs by score: a pass over all cases of more takes too long. @see Spector 2012; Helmuth et al. 2015. */
export const lexicase = selectorKind({
  name: 'lexicase',
  summary: 'the best in cases that come in a random order',
  settings: { pool: wholeSetting(1_000, 1, 1e6) },
  create: ({ pool }) => ({
    odds: ({ ranked }) => oddsByCases(ranked, pool, () => 0),
    draw: ({ ranked }, random) => drawByCases(ranked.slice(0, pool), () => 0, random),
  }),
});
