/**
 * By several goals at once: NSGA-II's tournaments by front and loneliness, or as GEPA by the number of cases that nobody is better in.
 */
import type { Random } from '@bulkhead/guard/statistics';
import { choiceSetting, wholeSetting } from '../config.ts';
import { crowdingDistances, dominates, paretoFronts, type Objectives } from '../maths/pareto-fronts.ts';
import { drawWinner, tournamentOdds } from '../maths/tournament-odds.ts';
import { keptForView } from '../maths/view-cache.ts';
import { normalised } from '../maths/weights.ts';
import type { Member } from '../population/program-view.ts';
import { caseScore, countCases } from './lexicase-pools.ts';
import { selectorKind, type Strategy } from './strategy.ts';

/**
 * `objectives` are the scores of the cases, or the score and how short the program is. Both look at the best `pool` programs by score,
 * as sorting takes the square of their number.
 *
 * @see Deb et al. 2002; Agrawal et al. 2025 (GEPA, algorithm 2); EVIDENCE 2.15.
 */
export const pareto = selectorKind({
  name: 'pareto',
  summary: 'by front and loneliness (nsga2), or by the cases nobody is better in (frequency)',
  settings: {
    method: choiceSetting(['nsga2', 'frequency']),
    objectives: choiceSetting(['cases', 'score_and_length']),
    size: wholeSetting(2, 1, 1_000),
    pool: wholeSetting(100, 1, 10_000),
  },
  create: ({ method, objectives, size, pool }) => {
    const read = objectives === 'cases' ? caseObjectives : lengthObjectives;
    return method === 'frequency' ? byFrequency(read, pool) : byFront({ read, size, pool });
  },
});

type Read = (members: readonly Member<unknown>[]) => readonly Objectives[];

const caseObjectives: Read = (members) => {
  const cases = Array.from({ length: countCases(members) }, (_, at) => at);
  return members.map((member) => cases.map((caseIndex) => caseScore(member, caseIndex)));
};

const lengthObjectives: Read = (members) => members.map(({ score, length }) => [score, -length]);

function byFront({ read, size, pool }: { read: Read; size: number; pool: number }): Strategy {
  const groupsOf = keptForView(({ ranked }) => equalGroups(read(ranked.slice(0, pool))));
  return {
    odds: (view) => {
      const odds = new Float64Array(view.ranked.length);
      const groups = groupsOf(view);
      const byPlace = tournamentOdds(Math.min(pool, view.ranked.length), size);
      let start = 0;
      for (const group of groups) {
        const share = byPlace.subarray(start, start + group.length).reduce((sum, chance) => sum + chance, 0);
        for (const place of group) odds[place] = share / group.length;
        start += group.length;
      }
      return odds;
    },
    draw: (view, random) =>
      drawFromGroups(groupsOf(view), drawWinner(Math.min(pool, view.ranked.length), size, random), random),
  };
}

/** Places in groups of the same front and the same loneliness: the first front first, and in it the loneliest. */
function equalGroups(points: readonly Objectives[]): readonly (readonly number[])[] {
  return paretoFronts(points).flatMap((front) => {
    const distances = crowdingDistances(front.map((place) => points[place] ?? []));
    const byDistance = Map.groupBy(front.keys(), (at) => distances[at] ?? 0);
    const lonelyFirst = [...byDistance].toSorted(([one], [other]) => (one === other ? 0 : other - one));
    return lonelyFirst.map(([, group]) => group.map((at) => front[at] ?? 0));
  });
}

/** Whoever of its equals the winner stands for: a tie is decided by lot. */
function drawFromGroups(groups: readonly (readonly number[])[], winner: number, random: Random): number {
  let before = 0;
  for (const group of groups) {
    if (winner < before + group.length) return group[random.below(group.length)] ?? 0;
    before += group.length;
  }
  return 0;
}

function byFrequency(read: Read, pool: number): Strategy {
  return {
    odds: keptForView(({ ranked }) => {
      const odds = new Float64Array(ranked.length);
      odds.set(frequencyOdds(read(ranked.slice(0, pool))));
      return odds;
    }),
  };
}

/** Those who are best in an objective, without the ones that another dominates; each by the number of objectives that it is best in. */
function frequencyOdds(points: readonly Objectives[]): Float64Array {
  const best = (points[0] ?? []).map((_, at) =>
    points.reduce((most, point) => Math.max(most, point[at] ?? most), Number.NEGATIVE_INFINITY),
  );
  const counts = Float64Array.from(points, (point) => point.filter((value, at) => value === best[at]).length);
  const leading = points.filter((_, place) => (counts[place] ?? 0) > 0);
  const front = frontOf(leading);
  return normalised(counts.map((count, place) => (count > 0 && front.has(points[place] ?? []) ? count : 0)));
}

/** Equal points are looked at once: a crowd of copies would take the square of its number. */
function frontOf(points: readonly Objectives[]): ReadonlySet<Objectives> {
  const different = [...Map.groupBy(points, (point) => point.join(',')).values()];
  const isOnFront = ([point = []]: readonly Objectives[]): boolean =>
    !different.some(([other = []]) => dominates(other, point));
  return new Set(different.filter((equal) => isOnFront(equal)).flat());
}
