/**
 * The first eight problems of Nguyen, and who judges formulas by them: a formula sees its points and nothing of the curve.
 *
 * @see Uy et al. 2011, table 2; EVIDENCE E7.
 */
import { hash } from 'node:crypto';
import { createSearchRandom, type Evaluated, type Evaluator } from '@bulkhead/evolve';
import { readTree, valuesOf } from './trees.ts';

/** A curve, and where it is looked at. */
export type Problem = {
  readonly name: string;
  readonly curve: (x: number) => number;
  readonly least: number;
  readonly most: number;
};

const AROUND_0 = { least: -1, most: 1 } as const;

/** Nguyen 1 to 8. */
export const PROBLEMS: readonly Problem[] = [
  { name: 'nguyen_1', ...AROUND_0, curve: (x) => x ** 3 + x ** 2 + x },
  { name: 'nguyen_2', ...AROUND_0, curve: (x) => x ** 4 + x ** 3 + x ** 2 + x },
  { name: 'nguyen_3', ...AROUND_0, curve: (x) => x ** 5 + x ** 4 + x ** 3 + x ** 2 + x },
  { name: 'nguyen_4', ...AROUND_0, curve: (x) => x ** 6 + x ** 5 + x ** 4 + x ** 3 + x ** 2 + x },
  { name: 'nguyen_5', ...AROUND_0, curve: (x) => Math.sin(x ** 2) * Math.cos(x) - 1 },
  { name: 'nguyen_6', ...AROUND_0, curve: (x) => Math.sin(x) + Math.sin(x + x ** 2) },
  { name: 'nguyen_7', least: 0, most: 2, curve: (x) => Math.log(x + 1) + Math.log(x ** 2 + 1) },
  { name: 'nguyen_8', least: 0, most: 4, curve: (x) => Math.sqrt(x) },
];

const POINTS = 20;
const HIDDEN_POINTS = 200;
/** What rounding may make of a formula that is the curve's own. */
const EXACT = 1e-9;
/** No case counts for more. */
const ERROR_MAX = 1e6;
const NICHES = 1_024;

/**
 * Judges formulas by 20 points that the seed draws. The fitness is 1 where the formula is the curve at 200 others as well, and below 1
 * otherwise; cases are the points. The measure `niche` puts formulas that do the same into one cell.
 */
export function createCurveEvaluator({ curve, least, most }: Problem, seed: number): Evaluator {
  const random = createSearchRandom(`points ${seed}`);
  const draw = (count: number): readonly number[] =>
    Array.from({ length: count }, () => least + (most - least) * random.next());
  const [points, hidden] = [draw(POINTS), draw(HIDDEN_POINTS)];
  const [wanted, wantedHidden] = [points.map(curve), hidden.map(curve)];
  return {
    evaluate: async ({ source }): Promise<Evaluated> => {
      const tree = readTree(source);
      const values = valuesOf(tree, points);
      const errors = wanted.map((value, at) => Math.abs(value - (values[at] ?? Number.NaN)));
      if (!errors.every((error) => Number.isFinite(error)))
        return { kind: 'failed', reason: 'it is not defined everywhere' };
      const isExact =
        errors.every((error) => error < EXACT) &&
        valuesOf(tree, hidden).every((value, at) => Math.abs(value - (wantedHidden[at] ?? Number.NaN)) < EXACT);
      const residuals = residualsOf(values, wanted);
      const score = (1 / (1 + meanOf(errors)) + 1 / (1 + meanOf(residuals))) / 2;
      return {
        kind: 'measured',
        values: [isExact ? 1 : Math.min(score, 1 - EXACT)],
        cases: [...errors, ...residuals].map((error) => -Math.min(error, ERROR_MAX)),
        measures: { nodes: tree.length, niche: nicheOf(values) },
      };
    },
  };
}

/**
 * What is left of each point where the formula is stretched and moved as it fits best: its shape may be right while its height is not.
 *
 * @see Keijzer 2003, linear scaling.
 */
function residualsOf(values: Float64Array, wanted: readonly number[]): readonly number[] {
  const [mean, wantedMean] = [meanOf([...values]), meanOf(wanted)];
  let [spread, shared] = [0, 0];
  for (const [at, value] of values.entries()) {
    spread += (value - mean) ** 2;
    shared += (value - mean) * ((wanted[at] ?? 0) - wantedMean);
  }
  const slope = spread > 0 && Number.isFinite(spread) ? shared / spread : 0;
  return wanted.map((value, at) => Math.abs(value - wantedMean - slope * ((values[at] ?? 0) - mean)));
}

function meanOf(errors: readonly number[]): number {
  return errors.reduce((sum, error) => sum + Math.min(error, ERROR_MAX), 0) / errors.length;
}

/** The same for formulas that give the same, whatever they look like. */
function nicheOf(values: Float64Array): number {
  const text = Array.from(values, (value) => value.toPrecision(6)).join(' ');
  return hash('md5', text, 'buffer').readUInt16BE(0) % NICHES;
}
