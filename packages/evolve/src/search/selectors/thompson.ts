/**
 * Thompson sampling: for each program a chance that its next child is an improvement is drawn from what is known of it, and the program
 * with the highest is chosen.
 */
import { wholeSetting } from '../config.ts';
import { betaBelow, betaDensity, betaQuantile, type Counts, type UnitPoint } from '../maths/beta-counts.ts';
import type { Member } from '../population/program-view.ts';
import { readTallies, writeTallies, type Tally } from './learned.ts';
import { selectorKind } from './strategy.ts';

/** Of one program: children that improved, and that did not. */
const WIDTH = 2;
/** Of the integral: from −4 to 4, by the double exponential rule (Takahasi and Mori 1974), whose steps crowd at both ends. */
const REACH = 4;
const STEP = 1 / 256;

/** Programs of which the same is known have the same chance, so that one draw serves all of them. */
type Group = { readonly counts: Counts; readonly places: number[] };

/** Arms are the best `pool` programs. @see Thompson 1933: Beta(1 + improvements, 1 + others); EVIDENCE 2.15. */
export const thompson = selectorKind({
  name: 'thompson',
  summary: 'the highest of chances to improve, drawn from what is known of each program',
  settings: { pool: wholeSetting(1_000, 1, 1e6) },
  create: ({ pool }) => {
    let tallies = new Map<string, Tally>();
    const groupsOf = (members: readonly Member<unknown>[]): readonly Group[] => {
      const untried: Group = { counts: { successes: 0, failures: 0 }, places: [] };
      const groups = new Map<string, Group>([['0,0', untried]]);
      for (const [place, { id }] of members.entries()) groupOf(groups, tallies.get(id), untried).places.push(place);
      return [...groups.values()].filter(({ places }) => places.length > 0);
    };
    return {
      odds: ({ ranked }) => {
        const odds = new Float64Array(ranked.length);
        const groups = groupsOf(ranked.slice(0, pool));
        const shares = shareByIntegral(groups);
        groups.forEach(({ places }, at) => {
          for (const place of places) odds[place] = (shares[at] ?? 0) / places.length;
        });
        return odds;
      },
      draw: ({ ranked }, random) => {
        let best: { readonly group: Group | undefined; readonly chance: number } = { group: undefined, chance: -1 };
        for (const group of groupsOf(ranked.slice(0, pool))) {
          // The greatest of m draws lies where one draw's share is the m-th root of a uniform number.
          const chance = betaQuantile(group.counts, random.next() ** (1 / group.places.length));
          if (chance > best.chance) best = { group, chance };
        }
        const places = best.group?.places ?? [0];
        return places[random.below(places.length)] ?? 0;
      },
      learn: (gain, parent) => {
        if (parent === undefined) return;
        const [better = 0, other = 0] = tallies.get(parent) ?? [];
        tallies.set(parent, gain > 0 ? [better + 1, other] : [better, other + 1]);
      },
      state: () => ({ tallies: writeTallies(tallies) }),
      restore: (state) => {
        tallies = readTallies(state, 'tallies', WIDTH);
      },
    };
  },
});

function groupOf(groups: Map<string, Group>, tally: Tally | undefined, untried: Group): Group {
  if (tally === undefined) return untried;
  const [successes = 0, failures = 0] = tally;
  const key = `${successes},${failures}`;
  const group = groups.get(key) ?? { counts: { successes, failures }, places: [] };
  groups.set(key, group);
  return group;
}

/** The chance of each group to hold the highest: the integral of m·f/F·ΠF^m. */
function shareByIntegral(groups: readonly Group[]): readonly number[] {
  const shares = groups.map(() => 0);
  for (let t = -REACH; t <= REACH; t += STEP) {
    const lean = Math.exp(-Math.PI * Math.sinh(t));
    const point: UnitPoint = { x: 1 / (1 + lean), rest: lean / (1 + lean) };
    const speed = Math.PI * Math.cosh(t) * point.x * point.rest;
    const below = groups.map(({ counts }) => betaBelow(counts, point));
    const all = below.reduce((sum, chance, at) => sum + (groups[at]?.places.length ?? 0) * Math.log(chance), 0);
    if (!(all > -700) || point.rest === 0) continue;
    groups.forEach(({ counts, places }, at) => {
      const rate = (places.length * betaDensity(counts, point)) / (below[at] ?? 1);
      shares[at] = (shares[at] ?? 0) + rate * Math.exp(all) * speed;
    });
  }
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
