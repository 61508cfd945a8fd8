/**
 * One trial of E7 in a process of its own: who looks for a curve, which one, with which seed and how many evaluations. Prints one line of JSON.
 *
 *   node --conditions=source bench/evolve/curve-trial.ts search nguyen_4 1 100000
 */
import { createCurveEvaluator, PROBLEMS, type Problem } from '../../examples/evolve/symbolic_regression/problems.ts';
import { regress } from '../../examples/evolve/symbolic_regression/regress.ts';
import { randomTree } from '../../examples/evolve/symbolic_regression/tree-mutator.ts';
import { canonical, writeTree } from '../../examples/evolve/symbolic_regression/trees.ts';
import { createSearchRandom } from '../../packages/evolve/src/search/random/search-random.ts';
import type { CurveTrial, Seeker } from './symbolic-regression.ts';

type Asked = { readonly problem: Problem; readonly seed: number; readonly evaluations: number };
type Found = Pick<CurveTrial, 'is_found' | 'evaluations'>;

/** Levels of a formula that is drawn at random. */
const LEVELS = 5;
const NEVER = new AbortController().signal;

const SEEKERS: Readonly<Record<Seeker, (asked: Asked) => Promise<Found>>> = {
  search: (asked) => searchFor(asked, false),
  best_of_n: (asked) => searchFor(asked, true),
  random: drawFor,
};

const [by, name, ...numbers] = process.argv.slice(2);
console.log(JSON.stringify(await attempt(by, name, numbers.map(Number))));

async function attempt(given: string | undefined, curve = '', [seed = 1, budget = 20_000]: readonly number[]) {
  const problem = PROBLEMS.find((one) => one.name === curve);
  if (problem === undefined || !isSeeker(given))
    throw new Error(
      `asked for ${given} ${curve}; expected one of ${Object.keys(SEEKERS).join(', ')}, and of ${PROBLEMS.map((one) => one.name).join(', ')}`,
    );
  const found = await SEEKERS[given]({ problem, seed, evaluations: budget });
  return { by: given, problem: curve, seed, budget, ...found } satisfies CurveTrial;
}

function isSeeker(word: string | undefined): word is Seeker {
  return word !== undefined && Object.hasOwn(SEEKERS, word);
}

async function searchFor(asked: Asked, isControl: boolean): Promise<Found> {
  const { best, evaluations } = await regress({ ...asked, isControl });
  return { is_found: best.score === 1, evaluations };
}

/** One random formula after the other. */
async function drawFor({ problem, seed, evaluations }: Asked): Promise<Found> {
  const evaluator = createCurveEvaluator(problem, seed);
  const random = createSearchRandom(`random formulas ${seed}`);
  for (let evalIndex = 1; evalIndex <= evaluations; evalIndex += 1) {
    const source = writeTree(canonical(randomTree(random, LEVELS)));
    const request = { id: String(evalIndex), source, evalIndex, measurement: 0, seed: String(seed) };
    const evaluated = await evaluator.evaluate(request, NEVER);
    if (evaluated.kind === 'measured' && evaluated.values[0] === 1) return { is_found: true, evaluations: evalIndex };
  }
  return { is_found: false, evaluations };
}
