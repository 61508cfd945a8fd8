import { expect, test } from 'vitest';
import { createView, type ProgramView } from '../population/program-view.ts';
import { createSelector } from './create-selector.ts';
import { chiSquareRatio, member, viewOfRanks, viewOfScores } from './selectors.fixture.ts';

/** The distribution in the order of p0, p1 and so on. */
function oddsOf(name: string, config: object, db: ProgramView<string>): readonly number[] {
  const odds = createSelector(name, config).distribution(db);
  return Array.from({ length: odds.size }, (_, at) => odds.get(`p${at}`) ?? Number.NaN);
}

function rounded(odds: readonly number[], digits: number): readonly number[] {
  return odds.map((chance) => Number(chance.toFixed(digits)));
}

test('[F000-24] a tournament of 3 among 10 has the chances of the formula', () => {
  expect(rounded(oddsOf('tournament', { size: 3 }, viewOfRanks(10)), 3)).toEqual([
    0.271, 0.217, 0.169, 0.127, 0.091, 0.061, 0.037, 0.019, 0.007, 0.001,
  ]);
});

test('[F000-24] a power law of 1 among 10 has the chances of the formula', () => {
  expect(rounded(oddsOf('power_law', { alpha: 1 }, viewOfRanks(10)), 4)).toEqual([
    0.3414, 0.1707, 0.1138, 0.0854, 0.0683, 0.0569, 0.0488, 0.0427, 0.0379, 0.0341,
  ]);
});

const WEIGHTED = createView(
  [0.1, 0.4, 0.5, 0.55, 0.9].map((score, at) => member(`p${at}`, { score, children: [0, 3, 1, 0, 2][at] ?? 0 })),
);

test('[F000-24] weights of fitness and novelty are those of the published formula', () => {
  expect(rounded(oddsOf('weighted', { lambda: 10 }, WEIGHTED), 4)).toEqual([0, 0, 0.1586, 0.63, 0.2114]);
});

test('[F000-24] weights of scores that are all the same depend on children only', () => {
  const db = createView([0, 1, 3].map((children, at) => member(`p${at}`, { score: 2, children })));
  expect(rounded(oddsOf('weighted', {}, db), 4)).toEqual([0.5714, 0.2857, 0.1429]);
});

test('[F000-24] [X000-23] epsilon is shared by the champions of the cells, and the rest is for the best', () => {
  const cells = ['a', 'a', 'b', 'c'];
  const db = createView(cells.map((cell, at) => member(`p${at}`, { score: -at, cell })));
  expect(oddsOf('adaptive_epsilon', { eps_init: 0.3 }, db)).toEqual([0.7 + 0.3 / 3, 0, 0.3 / 3, 0.3 / 3]);
});

test('[F000-24] linear ranking falls from the pressure to 2 minus it; fitness counts from the worst', () => {
  expect(rounded(oddsOf('rank_proportional', { pressure: 1.8 }, viewOfRanks(5)), 4)).toEqual([
    0.36, 0.28, 0.2, 0.12, 0.04,
  ]);
  expect(oddsOf('rank_proportional', {}, viewOfRanks(1))).toEqual([1]);
  expect(rounded(oddsOf('fitness_proportional', { least: 0 }, viewOfScores([-1, 0, 3])), 4)).toEqual([0, 0.2, 0.8]);
  expect(oddsOf('fitness_proportional', {}, viewOfScores([2, 2]))).toEqual([0.5, 0.5]);
});

test('[F000-24] a softmax is over clusters, and shorter programs of a cluster come first', () => {
  const scores = [1, 1, 0.9];
  const lengths = [100, 50, 100];
  const db = createView(scores.map((score, at) => member(`p${at}`, { score, length: lengths[at] ?? 0 })));
  // Clusters e^0 : e^-1; in the first, e^-1 : e^0 for the longer and the shorter.
  expect(rounded(oddsOf('softmax', { temperature: 0.1 }, db), 4)).toEqual([0.1966, 0.5344, 0.2689]);
});

test('[F000-25] a softmax cools down within a period and begins again after it', () => {
  const db = viewOfScores([1, 0.9]);
  const selector = createSelector('softmax', { temperature: 0.1, period: 4 });
  const best = () => Number((selector.distribution(db).get('p0') ?? 0).toFixed(4));
  const warm = best();
  selector.feedback(0);
  selector.feedback(0);
  expect([warm, best()]).toEqual([0.7311, 0.8808]);
  selector.feedback(0);
  selector.feedback(0);
  expect(best()).toBe(warm);
});

/** Two specialists, one that is second in both cases, one that is last: lexicase takes the specialists, epsilon may take the second. */
const CASES = createView(
  [
    [9, 0],
    [0, 9],
    [8, 8],
    [0, 0],
  ].map((cases, at) => member(`p${at}`, { cases, score: at })),
);

test('[F000-24] lexicase takes specialists, each for the share of the orders that it wins', () => {
  expect(oddsOf('lexicase', {}, CASES)).toEqual([0.5, 0.5, 0, 0]);
  expect(rounded(oddsOf('epsilon_lexicase', {}, CASES), 4)).toEqual([0, 0, 1, 0]);
  expect(oddsOf('epsilon_lexicase', { scale: 0 }, CASES)).toEqual([0.5, 0.5, 0, 0]);
});

test('[F000-24] without cases lexicase goes by the score; of equal programs any', () => {
  expect(oddsOf('lexicase', {}, viewOfScores([3, 3, 1]))).toEqual([0.5, 0.5, 0]);
});

test('[F000-24] GEPA counts the cases that nobody is better in, without those that another dominates', () => {
  const rows = [
    [3, 3, 0],
    [3, 1, 0],
    [0, 0, 5],
    [2, 2, 2],
  ];
  const db = createView(rows.map((cases, at) => member(`p${at}`, { cases })));
  expect(rounded(oddsOf('pareto', { method: 'frequency' }, db), 4)).toEqual([0.6667, 0, 0.3333, 0]);
});

test('[F000-24] NSGA-II prefers the first front, and in it the lonely; equals are decided by lot', () => {
  const rows = [
    [0, 10],
    [10, 0],
    [5, 6],
    [6, 5],
    [4, 4],
  ];
  const db = createView(rows.map((cases, at) => member(`p${at}`, { cases })));
  // Both ends are infinitely lonely and share ranks 1 and 2 of 5; the two between them are equally lonely; the last is dominated.
  expect(rounded(oddsOf('pareto', { size: 2 }, db), 4)).toEqual([0.32, 0.32, 0.16, 0.16, 0.04]);
});

test('[F000-24] NSGA-II by score and length prefers a short program over one that is no better', () => {
  const db = createView([member('p0', { score: 1, length: 10 }), member('p1', { score: 1, length: 20 })]);
  expect(oddsOf('pareto', { objectives: 'score_and_length' }, db)).toEqual([0.75, 0.25]);
});

test('[F000-24] [F000-25] curiosity prefers cells whose children are better, and never forgets the others', () => {
  const db = viewOfRanks(3);
  const selector = createSelector('map_elites', { method: 'curiosity' });
  for (const [gain, parent] of [
    [1, 'p0'],
    [-1, 'p1'],
  ] as const)
    selector.feedback(gain, parent);
  // 2 : .5 : 1
  expect([...selector.distribution(db).values()].map((chance) => Number(chance.toFixed(4)))).toEqual([
    0.5714, 0.1429, 0.2857,
  ]);
  for (let at = 0; at < 50; at += 1) selector.feedback(-1, 'p1');
  expect(selector.distribution(db).get('p1')).toBeCloseTo(0.1 / 3.1, 12);
  for (let at = 0; at < 50; at += 1) selector.feedback(1, 'p0');
  expect(selector.distribution(db).get('p0')).toBeCloseTo(8 / 9.1, 12);
});

test('[F000-24] layers of age are equally likely, and each has its own tournament', () => {
  const ages = [0, 5, 25, 30, 90];
  const db = createView(ages.map((age, at) => member(`p${at}`, { score: at, evalIndex: 100 - age })));
  // Below 20: p0 p1, from 20 to 40: p2 p3, above: p4. The better of two wins 3 of 4.
  const odds = oddsOf('age_layered', { size: 2, gap: 20, layers: 3 }, db);
  expect(rounded(odds, 4)).toEqual([0.0833, 0.25, 0.0833, 0.25, 0.3333]);
});

test('[F000-24] novelty takes the loneliest of those drawn', () => {
  const points = [0, 0.1, 0.2, 9];
  const db = createView(points.map((point, at) => member(`p${at}`, { score: -at, measures: [point] })));
  expect(oddsOf('novelty', { size: 1 }, db)).toEqual([0.25, 0.25, 0.25, 0.25]);
  const odds = oddsOf('novelty', { size: 2, neighbours: 2 }, db);
  expect(rounded(odds, 4)).toEqual([0.3125, 0.0625, 0.1875, 0.4375]);
});

test('[F000-24] Thompson sampling has the chances of the integral', () => {
  const untried = createSelector('thompson').distribution(viewOfRanks(3));
  for (const chance of untried.values()) expect(chance).toBeCloseTo(1 / 3, 9);
  const selector = createSelector('thompson');
  selector.feedback(1, 'p0');
  // Beta(2, 1) against Beta(1, 1): ∫ 2x·x dx = 2/3.
  expect(selector.distribution(viewOfRanks(2)).get('p0')).toBeCloseTo(2 / 3, 9);
  selector.feedback(-1, 'p1');
  // Beta(2, 1) against Beta(1, 2): ∫ 2x·(2x − x²) dx = 4/3 − 1/2.
  expect(selector.distribution(viewOfRanks(2)).get('p0')).toBeCloseTo(5 / 6, 9);
  // A thousand untried ones beside a proven one: ∫ 2x·x^1000 dx = 2/1002.
  const many = createSelector('thompson', { pool: 2_000 });
  many.feedback(1, 'p0');
  expect(many.distribution(viewOfRanks(1_001)).get('p0')).toBeCloseTo(2 / 1_002, 9);
});

const RANDOM_CASES = createView(
  Array.from({ length: 12 }, (_, at) => {
    const cases = [(at * 7) % 5, (at * 3) % 4, (at * 5) % 6, at % 2];
    const measures = [((at * 5) % 12) / 12, ((at * 7) % 9) / 9];
    const island = { score: cases[0] ?? 0, evalIndex: at * 9, length: 20 + (at % 3), children: at % 3 };
    return member(`p${at}`, { ...island, cases, measures, cell: `c${at % 8}` });
  }),
);

test.each<[string, object]>([
  ['adaptive_epsilon', { eps_init: 0.4 }],
  ['tournament', { size: 3 }],
  ['power_law', { alpha: 1 }],
  ['power_law', { alpha: 0 }],
  ['weighted', { lambda: 1 }],
  ['rank_proportional', {}],
  ['fitness_proportional', { least: 0.1 }],
  ['softmax', { temperature: 2 }],
  ['ucb', {}],
  ['thompson', {}],
  ['lexicase', {}],
  ['epsilon_lexicase', {}],
  ['pareto', { method: 'nsga2' }],
  ['pareto', { method: 'frequency' }],
  ['map_elites', { method: 'uniform' }],
  ['map_elites', { method: 'curiosity' }],
  ['age_layered', {}],
  ['novelty', {}],
])('[F000-24] 20,000 draws of %s with %j come as often as its distribution says', (name, config) => {
  const selector = createSelector(name, { ...config, seed: 'fixed' });
  for (const [at, parent] of ['p0', 'p1', 'p1', 'p5'].entries()) selector.feedback(at % 2 === 0 ? 0.3 : -1, parent);
  // A bandit moves with each choice; drawn again from the same state each time, it is as steady as the others.
  const steady = name === 'ucb' ? frozen(selector) : selector;
  expect(chiSquareRatio(steady, RANDOM_CASES)).toBeLessThan(1);
});

function frozen(selector: ReturnType<typeof createSelector>): ReturnType<typeof createSelector> {
  const state = selector.state();
  return {
    ...selector,
    select: (db, random) => {
      selector.restore(state);
      return selector.select(db, random);
    },
  };
}

test.each([
  ...['ucb', 'thompson', 'lexicase', 'epsilon_lexicase', 'pareto', 'weighted', 'softmax'],
  ...['fitness_proportional', 'age_layered', 'novelty'],
])('[F000-24] %s chooses among the best of its pool, and the others are in its distribution with 0', (name) => {
  const selector = createSelector(name, { pool: 2, seed: 1 });
  const odds = [...selector.distribution(viewOfRanks(5))];
  expect(odds.map(([id]) => id)).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
  expect(odds.slice(2).map(([, chance]) => chance)).toEqual([0, 0, 0]);
  const chosen = Array.from({ length: 50 }, () => selector.select(viewOfRanks(5)));
  expect(chosen.every((id) => ['p0', 'p1'].includes(id))).toBe(true);
});
