import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createView } from '../population/program-view.ts';
import { createSearchRandom } from '../random/search-random.ts';
import { createSelector, SELECTOR_KINDS } from './create-selector.ts';
import { member, viewOfRanks } from './selectors.fixture.ts';

const NAMES = SELECTOR_KINDS.map(({ name }) => name);

test('the contract and its rivals are all there', () => {
  expect(NAMES).toEqual([
    ...[
      'adaptive_epsilon',
      'tournament',
      'power_law',
      'weighted',
      'rank_proportional',
      'fitness_proportional',
      'softmax',
    ],
    ...['ucb', 'thompson', 'lexicase', 'epsilon_lexicase', 'pareto', 'map_elites', 'age_layered', 'novelty'],
  ]);
});

test.each(NAMES)('[F000-21] [X000-22] %s chooses a program, learns, and has a distribution', (name) => {
  const db = viewOfRanks(5);
  const selector = createSelector(name);
  expect(db.ranked.map(({ id }) => id)).toContain(selector.select(db));
  selector.feedback(0.5);
  selector.feedback(-0.5, 'p3');
  const odds = [...selector.distribution(db).values()];
  expect(odds.every((chance) => chance >= 0)).toBe(true);
  expect(odds.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 12);
});

test.each(NAMES)('[X000-23] an empty archive is an error for %s, for a parent and for inspirations', (name) => {
  const selector = createSelector(name);
  const error = expect.objectContaining({ code: 'ARCHIVE_EMPTY' });
  expect(() => selector.select(createView([]))).toThrow(error);
  expect(() => selector.sampleInspirations(createView([]), 2)).toThrow(error);
  expect(() => selector.distribution(createView([]))).toThrow(error);
});

test.each(NAMES)('[X000-23] where k is not fewer than the programs, %s shows all of them', (name) => {
  const selector = createSelector(name);
  const all = ['p0', 'p1', 'p2', 'p3'];
  expect(selector.sampleInspirations(viewOfRanks(4), 4)).toEqual(all);
  expect(selector.sampleInspirations(viewOfRanks(4), 100)).toEqual(all);
});

test('[X000-22] inspirations are different programs, as many as were asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat({ max: 50 }), fc.integer(), (count, k, seed) => {
      const shown = createSelector('tournament', { seed }).sampleInspirations(viewOfRanks(count), k);
      expect(new Set(shown).size).toBe(Math.min(count, k));
      expect(shown).toHaveLength(Math.min(count, k));
    }),
  );
});

test('each program is shown as an inspiration as often as the others', () => {
  const selector = createSelector('power_law', { seed: 4 });
  const counts = new Map<string, number>();
  for (let draw = 0; draw < 8_000; draw += 1)
    for (const id of selector.sampleInspirations(viewOfRanks(8), 3)) counts.set(id, (counts.get(id) ?? 0) + 1);
  expect([...counts.values()].every((count) => Math.abs(count - 3_000) < 200)).toBe(true);
});

test.each([
  [-1, 'k is -1; expected a whole number from 0 up'],
  [1.5, 'k is 1.5; expected a whole number from 0 up'],
])('%d inspirations are refused', (k, message) => {
  expect(() => createSelector('ucb').sampleInspirations(viewOfRanks(3), k)).toThrow(
    expect.objectContaining({ code: 'SELECTOR_INVALID', message }),
  );
});

test.each(NAMES)('%s goes on exactly where its state was written, through JSON', (name) => {
  const db = viewOfRanks(12);
  const first = createSelector(name, { seed: 9 });
  for (let at = 0; at < 30; at += 1) {
    first.select(db);
    if (at % 3 !== 0) first.feedback(at % 4 === 0 ? 1 : -1);
  }
  const second = createSelector(name, { seed: 10 });
  second.restore(JSON.parse(JSON.stringify(first.state())));
  const next = (selector: typeof first) =>
    Array.from({ length: 30 }, (_, at) => {
      const id = selector.select(db);
      selector.feedback(at % 5 === 0 ? 0.25 : 0);
      return [id, selector.sampleInspirations(db, 2)];
    });
  expect(next(second)).toEqual(next(first));
  expect(second.state()).toEqual(first.state());
});

test.each(NAMES)('%s chooses the same with the same seed, and draws from a stream that it is given', (name) => {
  const db = viewOfRanks(9);
  const drawn = (seed: number) => {
    const selector = createSelector(name, { seed });
    return Array.from({ length: 20 }, () => selector.select(db));
  };
  expect(drawn(3)).toEqual(drawn(3));
  const streamed = (seed: number) => createSelector(name, { seed }).select(db, createSearchRandom('one choice'));
  expect(streamed(1)).toBe(streamed(2));
});

test.each<[string, unknown, string]>([
  ['tournament', { size: 0 }, 'size of selector "tournament" is 0; expected a whole number from 1 to 1000'],
  ['tournament', { size: 2.5 }, 'size of selector "tournament" is 2.5; expected a whole number from 1 to 1000'],
  ['power_law', { alpha: 'much' }, 'alpha of selector "power_law" is "much"; expected a number from 0 to 100'],
  ['weighted', { lambda: Number.NaN }, 'lambda of selector "weighted" is NaN; expected a number from 0 to 1000'],
  ['pareto', { method: 'best' }, 'method of selector "pareto" is "best"; expected nsga2 or frequency'],
  ['ucb', { seed: null }, 'seed of selector "ucb" is null; expected a finite number or a text'],
  ['ucb', [], 'the configuration of selector "ucb" is []; expected a table of keys and values'],
  [
    'adaptive_epsilon',
    { eps_int: 0.1 },
    'selector "adaptive_epsilon" has no "eps_int"; did you mean eps_init? available: eps_init, decay, floor, seed',
  ],
])('[F000-23] the table of %s with %j is refused, with what was expected', (name, config, message) => {
  expect(() => createSelector(name, config)).toThrow(expect.objectContaining({ code: 'SELECTOR_INVALID', message }));
});

test('a name that nobody knows is refused with the nearest one', () => {
  expect(() => createSelector('tournement')).toThrow(
    expect.objectContaining({ code: 'SELECTOR_INVALID', message: expect.stringContaining('did you mean tournament?') }),
  );
});

test.each<[string, unknown]>([
  ['the state of another selector', { ...createSelector('ucb').state(), name: 'ucb' }],
  ['no state at all', {}],
  ['a stream that no stream wrote', { ...createSelector('tournament').state(), random: '{"path":[],"words":[1]}' }],
  ['a list that is none', { ...createSelector('tournament').state(), waiting: 'p1' }],
])('%s is not gone on with', (_name, state) => {
  // As an object: some of them are none of a selector.
  expect(() => createSelector('tournament').restore(state as never)).toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_INVALID' }),
  );
});

test('what was learned is read only where a selector can have written it', () => {
  const state = createSelector('ucb').state();
  for (const tallies of ['none', [['p1', [1]]], [[1, [1, 2, 3]]], [['p1', [1, 2, 'x']]]]) {
    expect(() => createSelector('ucb').restore({ ...state, learned: { tallies } })).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_INVALID' }),
    );
  }
  const epsilon = { ...createSelector('adaptive_epsilon').state(), learned: { epsilon: 2 } };
  expect(() => createSelector('adaptive_epsilon').restore(epsilon)).toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_INVALID' }),
  );
});

test("[X000-22] the database of a plugin's selector can be chosen from: the fastest champion is the best", () => {
  const champion = (id: string, speed_ms: number) => ({
    ...{ id, speed_ms, source: `// ${id}`, generation: 1, memory_kb: 1, parents: [] },
  });
  const islands = [
    { bucket: [2, 0, 1, 0], champion: champion('slow', 12), history: [] },
    { bucket: [1, 0, 1, 0], champion: champion('fast', 7), history: [] },
  ];
  const db = { generation: 3, islands };
  const selector = createSelector('adaptive_epsilon', { eps_init: 0 });
  expect(selector.select(db).source).toBe('// fast');
  expect([...selector.distribution(db).keys()]).toEqual(['fast', 'slow']);
  expect(selector.sampleInspirations(db, 5)).toHaveLength(2);
});

test('of equal scores the older program is the better one, then the lower id, whatever order they came in', () => {
  const members = [member('b', { evalIndex: 2 }), member('c', { evalIndex: 1 }), member('a', { evalIndex: 2 })];
  fc.assert(
    fc.property(fc.shuffledSubarray(members, { minLength: 3 }), (shuffled) => {
      expect(createView(shuffled).ranked.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    }),
  );
});
