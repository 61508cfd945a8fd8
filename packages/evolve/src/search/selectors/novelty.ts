/**
 * By novelty: the loneliest of a few that are drawn, by its mean distance to its nearest neighbours among the descriptors.
 */
import { wholeSetting } from '../config.ts';
import { drawWinner, tournamentOdds } from '../maths/tournament-odds.ts';
import { keptForView } from '../maths/view-cache.ts';
import type { Member, ProgramView } from '../population/program-view.ts';
import { amongBest, POOL } from './among-best.ts';
import { selectorKind } from './strategy.ts';

/** @see Lehman and Stanley 2011 (novelty search). The exact distribution takes the square of the number of programs. */
export const novelty = selectorKind({
  name: 'novelty',
  summary: 'the loneliest of `size` programs drawn with replacement',
  settings: { size: wholeSetting(3, 1, 100), neighbours: wholeSetting(15, 1, 100), pool: POOL },
  create: ({ size, neighbours, pool }) => {
    const pointsOf = keptForView(({ ranked }) => pointsInRows(ranked));
    const noveltyAt = (view: ProgramView<unknown>, place: number): number =>
      meanDistance(pointsOf(view), place, neighbours);
    return amongBest(pool, {
      odds: (view) => {
        const novelties = Float64Array.from(view.ranked, (_, place) => noveltyAt(view, place));
        const order = [...novelties.keys()].toSorted((one, other) => isBefore(novelties, one, other));
        const odds = new Float64Array(view.ranked.length);
        tournamentOdds(order.length, size).forEach((chance, at) => (odds[order[at] ?? 0] = chance));
        return odds;
      },
      draw: (view, random) => {
        const entrants = Array.from({ length: size }, () => drawWinner(view.ranked.length, 1, random));
        const novelties = new Map(entrants.map((place) => [place, noveltyAt(view, place)]));
        const [[winner] = [0]] = [...novelties].toSorted(([one, a], [other, b]) => b - a || one - other);
        return winner;
      },
    });
  },
});

/** The more novel first; of equal ones the one with the better score. */
function isBefore(novelties: Float64Array, one: number, other: number): number {
  return (novelties[other] ?? 0) - (novelties[one] ?? 0) || one - other;
}

type Points = { readonly count: number; readonly width: number; readonly values: Float64Array };

/** Descriptors one after the other in one list, which a pass over many is fastest with; one that is missing is 0. */
function pointsInRows(members: readonly Member<unknown>[]): Points {
  const width = members[0]?.measures.length ?? 0;
  const values = new Float64Array(members.length * width);
  members.forEach(({ measures }, place) => {
    for (let at = 0; at < width; at += 1) values[place * width + at] = measures[at] ?? 0;
  });
  return { count: members.length, width, values };
}

/** The mean distance to the nearest `neighbours` other points, or to all there are. */
function meanDistance({ count, width, values }: Points, place: number, neighbours: number): number {
  const nearest = new Float64Array(Math.min(neighbours, count - 1)).fill(Number.POSITIVE_INFINITY);
  for (let other = 0; other < count; other += 1) {
    if (other === place) continue;
    let square = 0;
    for (let at = 0; at < width; at += 1)
      square += ((values[place * width + at] ?? 0) - (values[other * width + at] ?? 0)) ** 2;
    keepNearest(nearest, square);
  }
  return nearest.reduce((sum, square) => sum + Math.sqrt(square), 0) / Math.max(nearest.length, 1);
}

/** Puts a distance into a short list in ascending order, if it is nearer than its last. */
function keepNearest(nearest: Float64Array, square: number): void {
  let at = nearest.length - 1;
  if (at < 0 || square >= (nearest[at] ?? 0)) return;
  for (; at > 0 && (nearest[at - 1] ?? 0) > square; at -= 1) nearest[at] = nearest[at - 1] ?? 0;
  nearest[at] = square;
}
