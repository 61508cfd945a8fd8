/**
 * The best of a few that are drawn with replacement.
 */
import { wholeSetting } from '../config.ts';
import { drawWinner, tournamentOdds } from '../maths/tournament-odds.ts';
import { selectorKind } from './strategy.ts';

/** @see EVIDENCE 2.15. */
export const tournament = selectorKind({
  name: 'tournament',
  summary: 'the best of `size` programs drawn with replacement',
  settings: { size: wholeSetting(3, 1, 1_000) },
  create: ({ size }) => ({
    odds: ({ ranked }) => tournamentOdds(ranked.length, size),
    draw: ({ ranked }, random) => drawWinner(ranked.length, size, random),
  }),
});
