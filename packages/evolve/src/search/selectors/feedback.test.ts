import { expect, test } from 'vitest';
import { exploration, upperBound } from '../maths/upper-bound.ts';
import { createSelector, type Selector } from './create-selector.ts';
import { viewOfRanks } from './selectors.fixture.ts';

/** Epsilon, read off the chance of the best of two champions: 1 − ε + ε/2. */
function epsilonOf(selector: Selector): number {
  return Number((2 * (1 - (selector.distribution(viewOfRanks(2)).get('p0') ?? 0))).toFixed(9));
}

test('[F000-25] [X000-23] epsilon starts at .15, falls by .96 with a gain and grows by 1.05 without', () => {
  const selector = createSelector('adaptive_epsilon');
  expect(epsilonOf(selector)).toBe(0.15);
  selector.feedback(1);
  expect(epsilonOf(selector)).toBe(0.144);
  selector.feedback(0);
  expect(epsilonOf(selector)).toBe(0.1512);
  selector.feedback(Number.NaN);
  expect(epsilonOf(selector)).toBe(0.15876);
});

test('[F000-25] [X000-23] epsilon stays from its floor to one half', () => {
  const selector = createSelector('adaptive_epsilon');
  for (let at = 0; at < 200; at += 1) selector.feedback(1);
  expect(epsilonOf(selector)).toBe(0.02);
  for (let at = 0; at < 200; at += 1) selector.feedback(-1);
  expect(epsilonOf(selector)).toBe(0.5);
});

test('the bound of UCB1 is the mean and a bonus for few trials', () => {
  const bounds = [
    [0.2, 10],
    [0.5, 20],
    [0.4, 5],
  ].map(([mean = 0, tried = 0]) => Number(upperBound(mean, tried, exploration(35, 1)).toFixed(4)));
  expect(bounds).toEqual([1.0432, 1.0963, 1.5925]);
});

test('[F000-25] a bandit tries each program once before any twice, the best first, and counts what has not answered', () => {
  const selector = createSelector('ucb');
  const db = viewOfRanks(3);
  expect([selector.select(db), selector.select(db), selector.select(db)]).toEqual(['p0', 'p1', 'p2']);
  selector.feedback(0.1, 'p0');
  selector.feedback(0.9, 'p1');
  selector.feedback(-5, 'p2');
  expect(selector.select(db)).toBe('p1');
});

test('[F000-25] a bandit whose answers are late spreads what it submits', () => {
  const selector = createSelector('ucb');
  const chosen = Array.from({ length: 9 }, () => selector.select(viewOfRanks(3)));
  expect(['p0', 'p1', 'p2'].map((id) => chosen.filter((each) => each === id).length)).toEqual([3, 3, 3]);
});

test('[F000-25] a loss is no reward below nothing', () => {
  const lost = createSelector('ucb');
  const even = createSelector('ucb');
  for (const selector of [lost, even]) for (let at = 0; at < 3; at += 1) selector.select(viewOfRanks(3));
  for (const id of ['p0', 'p1', 'p2']) {
    lost.feedback(-100, id);
    even.feedback(0, id);
  }
  expect(lost.state()['learned']).toEqual(even.state()['learned']);
});

test('[F000-25] without an id, feedback is about the oldest choice that has none', () => {
  const selector = createSelector('ucb');
  const db = viewOfRanks(2);
  selector.select(db);
  selector.select(db);
  selector.feedback(0.25);
  selector.feedback(0.75);
  expect(selector.state()).toMatchObject({
    ...{
      waiting: [],
      learned: {
        tallies: [
          ['p0', [1, 1, 0.25]],
          ['p1', [1, 1, 0.75]],
        ],
      },
    },
  });
});

test('[F000-25] feedback before any choice teaches a bandit nothing and is no error', () => {
  const selector = createSelector('thompson');
  selector.feedback(1);
  expect(selector.state()['learned']).toEqual({ tallies: [] });
});

test('[F000-25] Thompson sampling turns to what improves', () => {
  const selector = createSelector('thompson', { seed: 2 });
  const db = viewOfRanks(5);
  const chosen = Array.from({ length: 400 }, () => {
    const id = selector.select(db);
    selector.feedback(id === 'p3' ? 1 : -1, id);
    return id;
  });
  expect(chosen.slice(200).filter((id) => id === 'p3').length).toBeGreaterThan(190);
});
