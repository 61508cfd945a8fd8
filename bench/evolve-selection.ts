/**
 * Question (issue 7, "Speed"): how long does one choice take with 100,000 programs in the archive? Workload: an archive of 100,000 cells, each
 * program with two descriptors and eight cases; before each choice a program comes in and a child is fed back, as in a search, so that nothing
 * that was computed for the last choice can be used again; 40 choices by each selector. For the bandits every program has been tried.
 * Budget: p50 of each at most 5 ms. About two minutes.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { createArchive } from '../packages/evolve/src/search/archive/create-archive.ts';
import type { Program } from '../packages/evolve/src/search/archive/program.ts';
import { fitnessOf } from '../packages/evolve/src/search/fitness/fitness.ts';
import { createSearchRandom } from '../packages/evolve/src/search/random/search-random.ts';
import { createSelector, SELECTOR_KINDS } from '../packages/evolve/src/search/selectors/create-selector.ts';
import { atMost, report, say, told, type Figure } from './lib/figures.ts';
import { quantile } from './lib/statistics.ts';

const PROGRAMS = 100_000;
const CHOICES = 40;
const CASES = 8;
const BOUND_MS = 5;

const random = createSearchRandom('selection');
const archive = createArchive({
  front_max: 50,
  descriptors: [
    { name: 'cell', step: 1 },
    { name: 'y', least: 0, most: 1, bins: 10 },
  ],
});
let made = 0;
const filled = performance.now();
while (made < PROGRAMS) archive.add(next());
const fillMs = performance.now() - filled;

const variants: readonly (readonly [string, object])[] = [
  ...SELECTOR_KINDS.map(({ name }) => [name, {}] as const),
  ['pareto', { method: 'frequency' }],
  ['map_elites', { method: 'curiosity' }],
];
const figures = variants.flatMap(([name, config]) => measured(name, config));
report('selection with 100,000 programs', [told('adding_100000', fillMs, 'ms'), ...figures]);

function measured(name: string, config: object): readonly Figure[] {
  say(name);
  const selector = createSelector(name, config);
  selector.restore(tried(selector.state(), name));
  const times = Array.from({ length: CHOICES }, () => {
    archive.add(next());
    const started = performance.now();
    selector.select(archive);
    const taken = performance.now() - started;
    selector.feedback(random.next() - 0.5);
    return taken;
  }).slice(10); // The first are compiled while they run.
  const label = [name, ...Object.values(config)].join('_');
  return [
    atMost(`${label}_p50`, quantile(times, 0.5), { unit: 'ms', bound: BOUND_MS }),
    told(`${label}_p99`, quantile(times, 0.99), 'ms'),
  ];
}

function next(): Program {
  const evalIndex = made;
  made += 1;
  const cases = Array.from({ length: CASES }, () => random.next());
  return {
    ...{ id: `p${evalIndex}`, parents: [], source: '', island: 0, generation: 0, evalIndex },
    fitness: fitnessOf([cases.reduce((sum, score) => sum + score, 0)], cases),
    measures: { cell: evalIndex, y: random.next() },
  };
}

/** The state of a bandit that has tried every program between one and ten times. */
function tried(state: JsonObject, name: string): JsonObject {
  const tallies = archive.ranked.map(({ id }, at): [string, number[]] => [
    id,
    name === 'ucb' ? [1 + (at % 10), 1, (at % 7) / 7] : [at % 4, at % 10],
  ]);
  return name === 'ucb' || name === 'thompson' ? { ...state, learned: { tallies } } : state;
}
