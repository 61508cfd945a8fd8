import { expect, test } from 'vitest';
import { createSearchRandom, type SearchRandom } from '../random/search-random.ts';
import { fitnessOf, type Fitness } from './fitness.ts';
import { afterRound, nextRound, startRace, type Racer } from './race.ts';

const RULE = { caution: 1, noise: 1 };

function racersOf(scores: readonly number[]): readonly Racer[] {
  return scores.map((score, at) => ({ id: `p${at}`, fitness: fitnessOf([score]) }));
}

test('a round is for the leader and its strongest challengers, and what it gave is added to what was known', () => {
  let race = startRace(racersOf([1, 4, 3, 2]), 5, RULE);
  expect([nextRound(race), nextRound(race, 3)]).toEqual([
    ['p1', 'p2'],
    ['p1', 'p2', 'p3'],
  ]);
  race = afterRound(race, new Map([['p1', fitnessOf([0])]]));
  expect(race.racers.map(({ id, fitness }) => [id, fitness.n, fitness.mean])).toEqual([
    ['p2', 1, 3],
    ['p3', 1, 2],
    ['p1', 2, 2],
    ['p0', 1, 1],
  ]);
  // Two values that lie far apart leave more hope than one in the middle.
  expect([race.budget, nextRound(race)]).toEqual([4, ['p2', 'p1']]);
});

test('a race is over where nobody may still be better, where there is one, or where the budget is spent', () => {
  expect(nextRound(startRace(racersOf([9, 1]), 10, RULE))).toEqual([]);
  expect(nextRound(startRace(racersOf([9]), 10, RULE))).toEqual([]);
  expect(nextRound(startRace(racersOf([1, 1]), 0, RULE))).toEqual([]);
  expect(nextRound(startRace(racersOf([1, 1]), 1, RULE))).toEqual(['p0']);
});

test('a race in which nobody can be measured ends too', () => {
  let race = startRace(racersOf([1, 1]), 3, RULE);
  for (let round = 0; round < 3; round += 1) race = afterRound(race, new Map());
  expect([race.budget, nextRound(race)]).toEqual([0, []]);
});

test.each([
  ['no program', () => startRace([], 5, RULE)],
  ['half a measurement', () => startRace(racersOf([1]), 0.5, RULE)],
  ['less than nothing', () => startRace(racersOf([1]), -1, RULE)],
])('%s is no race', (_name, start) => {
  expect(start).toThrow(expect.objectContaining({ code: 'FITNESS_INVALID' }));
});

/** E13: noise of three times the gap between the true best and the lucky elite, which was measured two standard deviations too well. */
const GAP = 1;
const NOISE = 3 * GAP;
const FIELD = 100;
const RUNS = 1_000;

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

test('E13: with three times the evaluations the true best is chosen, not the elite that was lucky once', () => {
  let [raced, once] = [0, 0];
  for (let run = 0; run < RUNS; run += 1) {
    const random = createSearchRandom(`E13 ${run}`);
    let race = startRace(noisyField(random), 2 * FIELD, { caution: 1, noise: NOISE ** 2 });
    once += Number(race.racers[0]?.id === 'p0');
    for (let ids = nextRound(race); ids.length > 0; ids = nextRound(race)) {
      const measured = ids.map((id): [string, Fitness] => [id, fitnessOf([truthOf(id) + NOISE * normal(random)])]);
      race = afterRound(race, new Map(measured));
    }
    raced += Number(race.racers[0]?.id === 'p0');
  }
  expect(once / RUNS).toBeLessThan(0.2);
  expect(raced / RUNS).toBeGreaterThanOrEqual(0.95);
});
