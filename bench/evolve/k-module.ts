/**
 * Question (E1, E11): how many evaluations does a search take to find four right modules out of five each, when it is told only how many are
 * right, and its mutator is blind? Workload: 5^4 programs, a mutator that changes one module to any other option, 100 evaluations, seeds 1 to
 * 2,000 (or to `--seeds N`), the start all wrong. Beside each other: selectors with and without the novelty filter, and controls with the same
 * budget: the best of 100 mutants of the start, and 100 programs drawn at random.
 */
import { mcnemar } from '@bulkhead/guard/statistics';
import { createArchive } from '../../packages/evolve/src/search/archive/create-archive.ts';
import { fitnessOf } from '../../packages/evolve/src/search/fitness/fitness.ts';
import { createNoveltyFilter } from '../../packages/evolve/src/search/novelty/novelty-filter.ts';
import { streamFor, type SearchRandom } from '../../packages/evolve/src/search/random/search-random.ts';
import { createSelector, DEFAULT_SELECTOR } from '../../packages/evolve/src/search/selectors/create-selector.ts';
import { atLeast, atMost, say, told, type Figure } from '../lib/figures.ts';
import { numberAfter, type Part } from './part.ts';

const MODULES = 4;
const OPTIONS = 5;
const EVALUATIONS = 100;

type Modules = readonly number[];

/** `resamples` is how often another child is made in place of a known one; undefined is no novelty filter. */
type Search = {
  readonly name: string;
  readonly selector: string;
  readonly config: object;
  readonly resamples?: number;
  readonly foundMin?: number;
  readonly meanMax?: number;
};

const GREEDY = { selector: 'adaptive_epsilon', config: { eps_init: 0, floor: 0 } } as const;

const DEFAULT: Search = {
  ...{ name: 'default', selector: DEFAULT_SELECTOR, config: {}, resamples: 3 },
  ...{ foundMin: 99, meanMax: 35 },
};

const SEARCHES: readonly Search[] = [
  DEFAULT,
  { name: 'greedy', ...GREEDY },
  { name: 'greedy_novelty', ...GREEDY, resamples: 3 },
  { name: 'greedy_novelty_100', ...GREEDY, resamples: 100, meanMax: 20.5 },
  { name: 'adaptive_epsilon', selector: 'adaptive_epsilon', config: {} },
  { name: 'power_law_1_novelty', selector: 'power_law', config: { alpha: 1 }, resamples: 3 },
  { name: 'power_law_1_novelty_100', selector: 'power_law', config: { alpha: 1 }, resamples: 100 },
  { name: 'power_law_2_novelty', selector: 'power_law', config: { alpha: 2 }, resamples: 3 },
  { name: 'power_law_3_novelty', selector: 'power_law', config: { alpha: 3 }, resamples: 3 },
  { name: 'tournament_3', selector: 'tournament', config: { size: 3 } },
  { name: 'tournament_3_novelty', selector: 'tournament', config: { size: 3 }, resamples: 3 },
  { name: 'weighted', selector: 'weighted', config: {} },
  { name: 'uniform', selector: 'power_law', config: { alpha: 0 } },
];

/** Controls: what is drawn without looking at what was found. */
const CONTROLS: Readonly<Record<string, (start: Modules, random: SearchRandom) => Modules>> = {
  best_of_n: (start, random) => mutated(start, random),
  random: (start, random) => start.map(() => random.below(OPTIONS)),
};

type Taken = readonly (number | undefined)[];

/** E1 and E11. */
export const kModule: Part = {
  ids: ['E1', 'E11'],
  title: 'k-module, 100 evaluations',
  measure: async () => {
    const seeds = Array.from({ length: numberAfter('--seeds', 2_000) }, (_, at) => at + 1);
    const own = SEARCHES.map((search) => {
      say(search.name);
      return { search, taken: seeds.map((seed) => evolve(search, seed)) };
    });
    const byDefault = own.find(({ search }) => search === DEFAULT)?.taken ?? [];
    const controls = Object.entries(CONTROLS).flatMap(([name, draw]) => {
      const taken = seeds.map((seed) => control(seed, draw));
      return [...figuresOf({ name: `control_${name}` }, taken), betterThan(name, byDefault, taken)];
    });
    return [...own.flatMap(({ search, taken }) => figuresOf(search, taken)), ...controls];
  },
};

/** Evaluations until all modules are right; undefined where the budget did not reach. */
function evolve({ selector: name, config, resamples }: Search, seed: number): number | undefined {
  const target = targetOf(seed);
  // A cell for each evaluation: the whole population lives, and nothing but the selector and the filter is compared.
  const archive = createArchive({ descriptors: [{ name: 'evaluation', step: 1 }] });
  const selector = createSelector(name, { ...config, seed });
  const filter =
    resamples === undefined
      ? undefined
      : createNoveltyFilter({ language: 'text', near_max: 0, resamples_max: resamples });
  const add = (modules: Modules, evalIndex: number, parents: readonly string[]): number => {
    const source = modules.join(' ');
    const score = rightOf(modules, target);
    filter?.remember(String(evalIndex), source);
    const place = { id: String(evalIndex), parents, source, island: 0, generation: 0, evalIndex };
    archive.add({ ...place, fitness: fitnessOf([score]), measures: { evaluation: evalIndex } });
    return score;
  };
  add(startOf(), 0, []);
  for (let at = 1; at <= EVALUATIONS; at += 1) {
    const parent = selector.select(archive);
    const modules = parent.source.split(' ').map(Number);
    const random = streamFor({ runSeed: seed, evalIndex: at, purpose: 'mutation' });
    let child = mutated(modules, random);
    for (let again = 0; filter?.judge(child.join(' '), again).action === 'resample'; again += 1)
      child = mutated(modules, random);
    archive.submitted(parent.id);
    const score = add(child, at, [parent.id]);
    if (score === MODULES) return at;
    selector.feedback(score - parent.fitness.mean, parent.id);
  }
  return undefined;
}

function control(seed: number, draw: (start: Modules, random: SearchRandom) => Modules): number | undefined {
  const target = targetOf(seed);
  for (let at = 1; at <= EVALUATIONS; at += 1) {
    const random = streamFor({ runSeed: seed, evalIndex: at, purpose: 'mutation' });
    if (rightOf(draw(startOf(), random), target) === MODULES) return at;
  }
  return undefined;
}

function startOf(): Modules {
  return Array.from({ length: MODULES }, () => 0);
}

/** Never 0, which all modules start with. */
function targetOf(seed: number): Modules {
  const random = streamFor({ runSeed: seed, evalIndex: 0, purpose: 'target' });
  return Array.from({ length: MODULES }, () => random.int(1, OPTIONS - 1));
}

function rightOf(modules: Modules, target: Modules): number {
  return modules.filter((option, at) => option === target[at]).length;
}

function mutated(modules: Modules, random: SearchRandom): Modules {
  const at = random.below(MODULES);
  return modules.with(at, ((modules[at] ?? 0) + random.int(1, OPTIONS - 1)) % OPTIONS);
}

function figuresOf(
  { name, foundMin, meanMax }: Pick<Search, 'name' | 'foundMin' | 'meanMax'>,
  taken: Taken,
): readonly Figure[] {
  const found = taken.filter((one) => one !== undefined);
  const share = (100 * found.length) / taken.length;
  const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
  const shareFigure =
    foundMin === undefined
      ? told(`${name}_found`, share, '%')
      : atLeast(`${name}_found`, share, { unit: '%', bound: foundMin });
  if (found.length === 0) return [shareFigure];
  const what = `${name}_mean`;
  const unit = 'evaluations';
  return [shareFigure, meanMax === undefined ? told(what, mean, unit) : atMost(what, mean, { unit, bound: meanMax })];
}

/** McNemar's mid-p of the same seeds with the default search and with a control. */
function betterThan(name: string, own: Taken, other: Taken): Figure {
  const onlyOwn = own.filter((one, at) => one !== undefined && other[at] === undefined).length;
  const onlyOther = own.filter((one, at) => one === undefined && other[at] !== undefined).length;
  const { midP } = mcnemar({ onlyCandidate: onlyOwn, onlyBaseline: onlyOther });
  return atMost(`p_against_${name}`, midP, { unit: '', bound: 0.01 });
}
