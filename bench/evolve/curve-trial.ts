/**
 * One trial of E7 in a process of its own: a curve, a seed, and so many evaluations for the search and for each of its controls. Prints one
 * line of JSON.
 *
 *   node --conditions=source bench/evolve/curve-trial.ts nguyen_4 1 100000
 */
import { createCurveEvaluator, PROBLEMS, type Problem } from '../../examples/evolve/symbolic_regression/problems.ts';
import { regress } from '../../examples/evolve/symbolic_regression/regress.ts';
import { randomTree } from '../../examples/evolve/symbolic_regression/tree-mutator.ts';
import { canonical, writeTree } from '../../examples/evolve/symbolic_regression/trees.ts';
import { createSearchRandom } from '../../packages/evolve/src/search/random/search-random.ts';
import type { CurveTrial } from './symbolic-regression.ts';

/** Levels of a formula that is drawn at random. */
const LEVELS = 5;
const NEVER = new AbortController().signal;

const [given, ...numbers] = process.argv.slice(2);
console.log(JSON.stringify(await attempt(namedProblem(given), ...numbers.map(Number))));

function namedProblem(name = ''): Problem {
  const problem = PROBLEMS.find((one) => one.name === name);
  const names = PROBLEMS.map((one) => one.name).join(', ');
  if (problem === undefined) throw new Error(`the curve is ${JSON.stringify(name)}; expected one of ${names}`);
  return problem;
}

async function attempt(problem: Problem, seed = 1, evaluations = 20_000): Promise<CurveTrial> {
  const search = await regress({ problem, seed, evaluations });
  const control = await regress({ problem, seed, evaluations, isControl: true });
  return {
    ...{ problem: problem.name, seed, budget: evaluations },
    is_found: search.best.score === 1,
    evaluations: search.evaluations,
    lineage_hash: search.lineage_hash,
    is_found_by_control: control.best.score === 1,
    is_drawn: await isDrawn(problem, seed, evaluations),
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
