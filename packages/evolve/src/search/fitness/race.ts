/**
 * Measures again before anybody is believed: in each round of a race the programs left get equal shares of a budget, and the better half
 * goes on. Luck of one measurement does not last through the rounds. The caller measures; this says whom and how often.
 */
import { EvolveError } from '../../evolve-error.ts';
import { mergeFitness, rankScore, type Fitness, type RankRule } from './fitness.ts';

/**
 * A program with what is known of it so far.
 *
 * @public
 */
export type Racer = { readonly id: string; readonly fitness: Fitness };

/**
 * A race between two rounds: who is left, best first, and what is left to spend. With one program left it is over.
 *
 * @public
 */
export type Race = { readonly racers: readonly Racer[]; readonly budget: number; readonly rule: RankRule };

/**
 * Whom to measure now, and how often each.
 *
 * @public
 */
export type Round = { readonly ids: readonly string[]; readonly times: number };

/**
 * Starts a race of programs that were each measured at least once.
 *
 * @param budget - Measurements that may be spent on all rounds together.
 * @throws {EvolveError} `FITNESS_INVALID` where there is no program, or the budget is no whole number from 0 up.
 * @see Karnin, Koren and Somekh 2013 (sequential halving); EVIDENCE 2.15.
 * @public
 */
export function startRace(racers: readonly Racer[], budget: number, rule: RankRule): Race {
  if (racers.length === 0) throw new EvolveError('FITNESS_INVALID', 'a race has 0 programs; expected at least 1');
  if (!Number.isSafeInteger(budget) || budget < 0)
    throw new EvolveError('FITNESS_INVALID', `the budget of a race is ${budget}; expected a whole number from 0 up`);
  return { racers: ranked(racers, rule), budget, rule };
}

/**
 * The next round: an equal share of the budget for each round that is left; undefined where one program is left. Where the budget does not
 * reach for all, only the best are measured.
 *
 * @public
 */
export function nextRound({ racers, budget }: Race): Round | undefined {
  if (racers.length === 1) return undefined;
  const share = Math.floor(budget / Math.ceil(Math.log2(racers.length)));
  const times = Math.max(1, Math.floor(share / racers.length));
  return { ids: racers.slice(0, Math.floor(budget / times)).map(({ id }) => id), times };
}

/**
 * The race after a round: measurements are added to what was known, what they cost is taken from the budget, and the better half is left.
 *
 * @param measured - What the round alone gave, by id; whoever could not be measured is left out of it and stays as it was.
 * @public
 */
export function afterRound({ racers, budget, rule }: Race, measured: ReadonlyMap<string, Fitness>): Race {
  const known = racers.map(({ id, fitness }): Racer => {
    const more = measured.get(id);
    return { id, fitness: more === undefined ? fitness : mergeFitness(fitness, more) };
  });
  const spent = [...measured.values()].reduce((sum, { n }) => sum + n, 0);
  const left = ranked(known, rule).slice(0, Math.ceil(racers.length / 2));
  return { racers: left, budget: Math.max(0, budget - spent), rule };
}

function ranked(racers: readonly Racer[], rule: RankRule): readonly Racer[] {
  return racers.toSorted((one, other) => {
    const apart = rankScore(other.fitness, rule) - rankScore(one.fitness, rule);
    return apart === 0 ? Number(one.id > other.id) - Number(one.id < other.id) : apart;
  });
}
