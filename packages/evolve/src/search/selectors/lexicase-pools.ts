/**
 * Lexicase selection: cases in a random order, and of each only the programs remain that are best in it, or close to it.
 */
import type { Random } from '@bulkhead/guard/statistics';
import { EvolveError } from '../../evolve-error.ts';
import { medianDeviation } from '../maths/spread.ts';
import type { Member } from '../population/program-view.ts';

/** How far below the best of a pool a program may lie in a case. */
export type Tolerance = (caseIndex: number) => number;

/** Of more programs, a tolerance is estimated from every so-manieth. */
const SPREAD_SAMPLE = 1_001;
/** Pools that an exact distribution may take; there may be as many as there are sets of cases. */
const POOLS_MAX = 20_000;

type Places = readonly number[];

/** The score of a program in a case; where cases were not kept apart, its score is the only one. */
export function caseScore({ cases, score }: Member<unknown>, caseIndex: number): number {
  return cases.length === 0 ? score : (cases[caseIndex] ?? Number.NEGATIVE_INFINITY);
}

/** How many cases the best program has. */
export function countCases(members: readonly Member<unknown>[]): number {
  return Math.max(1, members[0]?.cases.length ?? 0);
}

/** The median deviation of each case over the whole population, each computed when it is first asked for. */
export function deviations(members: readonly Member<unknown>[]): Tolerance {
  const kept = new Map<number, number>();
  const stride = Math.ceil(members.length / SPREAD_SAMPLE);
  const sample = stride === 1 ? members : members.filter((_, place) => place % stride === 0);
  return (caseIndex) => {
    const known = kept.get(caseIndex);
    if (known !== undefined) return known;
    // A plain loop: an iterator over the members costs several times what sorting does.
    const scores = new Float64Array(sample.length);
    for (let place = 0; place < scores.length; place += 1) scores[place] = scoreAt(sample[place], caseIndex);
    scores.sort();
    const deviation = medianDeviation(scores.length, (place) => scores[place] ?? 0);
    // A program without the case is infinitely far from the others; no tolerance reaches it.
    const tolerance = Number.isFinite(deviation) ? deviation : 0;
    kept.set(caseIndex, tolerance);
    return tolerance;
  };
}

/** Draws a place: one case after the other, until one program remains or no case is left. */
export function drawByCases(members: readonly Member<unknown>[], tolerance: Tolerance, random: Random): number {
  const cases = Array.from({ length: countCases(members) }, (_, at) => at);
  let pool: Places | undefined;
  for (let left = cases.length; left > 0 && pool?.length !== 1; left -= 1) {
    const at = random.below(left);
    const caseIndex = cases[at] ?? 0;
    cases[at] = cases[left - 1] ?? 0;
    pool = survivors({ members, tolerance }, caseIndex, pool);
  }
  return pool?.[random.below(pool.length)] ?? 0;
}

/**
 * The exact chance of each place, of which the first `most` take part. A case that lets all of a pool through changes nothing now or later, so what remains to be done depends on
 * the pool alone, and each pool is counted once.
 *
 * @throws {EvolveError} `SELECTOR_INVALID` where more than 20,000 pools would have to be.
 */
export function oddsByCases(ranked: readonly Member<unknown>[], most: number, tolerance: Tolerance): Float64Array {
  const members = ranked.slice(0, most);
  const kept = new Map<string, ReadonlyMap<number, number>>();
  const count = countCases(members);
  const oddsOf = (pool: Places): ReadonlyMap<number, number> => {
    const key = pool.join(',');
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= POOLS_MAX) throw tooManyPools();
    const next = Array.from({ length: count }, (_, at) => survivors({ members, tolerance }, at, pool)).filter(
      ({ length }) => length < pool.length,
    );
    const odds = next.length === 0 ? evenly(pool) : averageOf(next.map((each) => oddsOf(each)));
    kept.set(key, odds);
    return odds;
  };
  const odds = new Float64Array(ranked.length);
  for (const [place, chance] of oddsOf(members.map((_, at) => at))) odds[place] = chance;
  return odds;
}

type Trial = { readonly members: readonly Member<unknown>[]; readonly tolerance: Tolerance };

/** Those of a pool (or of all) that are best in a case, or within the tolerance of it. */
function survivors({ members, tolerance }: Trial, caseIndex: number, pool: Places | undefined): Places {
  const size = pool?.length ?? members.length;
  const scores = new Float64Array(size);
  let best = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < size; at += 1) {
    const member = members[pool?.[at] ?? at];
    const score = scoreAt(member, caseIndex);
    scores[at] = score;
    if (score > best) best = score;
  }
  const least = best - tolerance(caseIndex);
  const remaining: number[] = [];
  for (let at = 0; at < size; at += 1) if ((scores[at] ?? 0) >= least) remaining.push(pool?.[at] ?? at);
  return remaining;
}

function scoreAt(member: Member<unknown> | undefined, caseIndex: number): number {
  return member === undefined ? Number.NEGATIVE_INFINITY : caseScore(member, caseIndex);
}

function evenly(pool: Places): ReadonlyMap<number, number> {
  return new Map(pool.map((place) => [place, 1 / pool.length]));
}

function averageOf(parts: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const odds = new Map<number, number>();
  for (const part of parts)
    for (const [place, chance] of part) odds.set(place, (odds.get(place) ?? 0) + chance / parts.length);
  return odds;
}

function tooManyPools(): EvolveError {
  return new EvolveError(
    'SELECTOR_INVALID',
    `the exact distribution of lexicase takes more than ${POOLS_MAX} pools here; expected fewer programs or cases; select() has no such bound`,
  );
}
