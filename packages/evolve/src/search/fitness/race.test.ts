import { expect, test } from 'vitest';
import { fitnessOf } from './fitness.ts';
import { raceForTheBest } from './race.fixture.ts';
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

const RUNS = 1_000;

test('E13: with three times the evaluations the true best is chosen, not the elite that was lucky once', () => {
  const runs = Array.from({ length: RUNS }, (_, run) => raceForTheBest(run));
  expect(runs.filter(({ once }) => once).length / RUNS).toBeLessThan(0.2);
  expect(runs.filter(({ raced }) => raced).length / RUNS).toBeGreaterThanOrEqual(0.95);
});
