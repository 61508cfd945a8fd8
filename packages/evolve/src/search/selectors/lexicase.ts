/**
 * Lexicase: the best in a random case, of those the best in the next, and so on; specialists get their turn.
 */
import { drawByCases, oddsByCases } from './lexicase-pools.ts';
import { selectorKind } from './strategy.ts';

/** @see Spector 2012; Helmuth et al. 2015. */
export const lexicase = selectorKind({
  name: 'lexicase',
  summary: 'the best in cases that come in a random order',
  settings: {},
  create: () => ({
    odds: ({ ranked }) => oddsByCases(ranked, () => 0),
    draw: ({ ranked }, random) => drawByCases(ranked, () => 0, random),
  }),
});
