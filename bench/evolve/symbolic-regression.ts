/**
 * Question (E7, E11): how many of the curves Nguyen 1 to 8 does a search find exactly, with 100,000 evaluations each? Workload: formulas of
 * + − × ÷ sin cos exp log over x and 1, 20 points, through the loop of every search; beside it the best of as many children of the first
 * formula, and as many random formulas. 20 seeds a curve with `--full`, which takes hours; else `--seeds N` (1) and `--evaluations N` (20,000),
 * with which no bound is held. Budget: 55 % of 160.
 */
import { mcnemar } from '@bulkhead/guard/statistics';
import { createCurveEvaluator, PROBLEMS, type Problem } from '../../examples/evolve/symbolic_regression/problems.ts';
import { regress } from '../../examples/evolve/symbolic_regression/regress.ts';
import { randomTree } from '../../examples/evolve/symbolic_regression/tree-mutator.ts';
import { canonical, writeTree } from '../../examples/evolve/symbolic_regression/trees.ts';
import { createSearchRandom } from '../../packages/evolve/src/search/random/search-random.ts';
import { atLeast, atMost, say, told, type Figure } from '../lib/figures.ts';
import { isFull, numberAfter, type Part } from './part.ts';

const FULL = { seeds: 20, evaluations: 100_000 } as const;
/** Levels of a formula that is drawn at random. */
const LEVELS = 5;

type Budget = { readonly seeds: number; readonly evaluations: number };
type Tried = {
  readonly problem: string;
  readonly isFound: boolean;
  readonly isFoundByControl: boolean;
  readonly isDrawn: boolean;
};

/** E7. */
export const symbolicRegression: Part = {
  ids: ['E7', 'E11'],
  title: 'symbolic regression, Nguyen 1 to 8',
  measure: async () => {
    const budget = isFull()
      ? FULL
      : { seeds: numberAfter('--seeds', 1), evaluations: numberAfter('--evaluations', 20_000) };
    const tried: Tried[] = [];
    for (const problem of PROBLEMS)
      for (let seed = 1; seed <= budget.seeds; seed += 1) tried.push(await tryOnce(problem, seed, budget));
    return [...(tried.length === 0 ? [] : byProblem(tried)), ...together(tried, budget)];
  },
};

async function tryOnce(problem: Problem, seed: number, { evaluations }: Budget): Promise<Tried> {
  const found = await regress({ problem, seed, evaluations });
  say(`${problem.name}, seed ${seed}: ${found.best.score} after ${found.evaluations}`);
  const control = await regress({ problem, seed, evaluations, isControl: true });
  return {
    problem: problem.name,
    isFound: found.best.score === 1,
    isFoundByControl: control.best.score === 1,
    isDrawn: await isDrawn(problem, seed, evaluations),
  };
}

/** Whether one of as many random formulas is the curve. */
async function isDrawn(problem: Problem, seed: number, evaluations: number): Promise<boolean> {
  const evaluator = createCurveEvaluator(problem, seed);
  const random = createSearchRandom(`random formulas ${seed}`);
  for (let evalIndex = 1; evalIndex <= evaluations; evalIndex += 1) {
    const source = writeTree(canonical(randomTree(random, LEVELS)));
    const request = { id: String(evalIndex), source, evalIndex, measurement: 0, seed: String(seed) };
    const evaluated = await evaluator.evaluate(request, NEVER);
    if (evaluated.kind === 'measured' && evaluated.values[0] === 1) return true;
  }
  return false;
}

const NEVER = new AbortController().signal;

function byProblem(tried: readonly Tried[]): readonly Figure[] {
  return PROBLEMS.map(({ name }) => {
    const own = tried.filter(({ problem }) => problem === name);
    return told(name, own.filter(({ isFound }) => isFound).length, `of ${own.length}`);
  });
}

function together(tried: readonly Tried[], budget: Budget): readonly Figure[] {
  const percentOf = (counts: (one: Tried) => boolean): number => (100 * tried.filter(counts).length) / tried.length;
  const found = percentOf(({ isFound }) => isFound);
  const isWhole = budget.evaluations >= FULL.evaluations && budget.seeds >= FULL.seeds;
  const only = (mine: (one: Tried) => boolean, other: (one: Tried) => boolean): number =>
    tried.filter((one) => mine(one) && !other(one)).length;
  const control = (one: Tried): boolean => one.isFoundByControl || one.isDrawn;
  const { midP } = mcnemar({
    onlyCandidate: only(({ isFound }) => isFound, control),
    onlyBaseline: only(control, ({ isFound }) => isFound),
  });
  return [
    isWhole ? atLeast('recovered', found, { unit: '%', bound: 55 }) : told('recovered', found, '%'),
    told(
      'control_best_of_n',
      percentOf(({ isFoundByControl }) => isFoundByControl),
      '%',
    ),
    told(
      'control_random',
      percentOf(({ isDrawn: isSo }) => isSo),
      '%',
    ),
    isWhole ? atMost('p_against_controls', midP, { unit: '', bound: 0.01 }) : told('p_against_controls', midP, ''),
  ];
}
