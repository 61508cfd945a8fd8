/**
 * For tests and benches: a race in a noisy field, in which an elite was lucky once (EVIDENCE 3b, E13).
 */
import { createSearchRandom, type SearchRandom } from '../random/search-random.ts';
import { fitnessOf, type Fitness } from './fitness.ts';
import { afterRound, nextRound, startRace, type Racer } from './race.ts';

/** Noise of three times the gap between the true best and the lucky elite, which was measured two standard deviations too well. */
const GAP = 1;
const NOISE = 3 * GAP;
const FIELD = 100;

/** Whether the true best stands first after one measurement of each, and after twice as many besides. */
export function raceForTheBest(run: number): { readonly once: boolean; readonly raced: boolean } {
  const random = createSearchRandom(`E13 ${run}`);
  let race = startRace(noisyField(random), 2 * FIELD, { caution: 1, noise: NOISE ** 2 });
  const once = race.racers[0]?.id === 'p0';
  for (let ids = nextRound(race); ids.length > 0; ids = nextRound(race)) {
    const measured = ids.map((id): [string, Fitness] => [id, fitnessOf([truthOf(id) + NOISE * normal(random)])]);
    race = afterRound(race, new Map(measured));
  }
  return { once, raced: race.racers[0]?.id === 'p0' };
}

function normal(random: SearchRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** p0 is the true best, p1 the elite below it; the other 98 lie from 2 down to 6 standard deviations lower. */
function truthOf(id: string): number {
  const at = Number(id.slice(1));
  return at < 2 ? -GAP * at : -NOISE * (2 + (4 * at) / FIELD);
}

function noisyField(random: SearchRandom): readonly Racer[] {
  return Array.from({ length: FIELD }, (_, at): Racer => {
    const luck = at === 1 ? 2 : normal(random);
    return { id: `p${at}`, fitness: fitnessOf([truthOf(`p${at}`) + NOISE * luck]) };
  });
}
