/**
 * A fitness that knows how well it is known: how often it was measured, the mean and the spread. A score without them is never handed on.
 */
import { EvolveError } from '../../evolve-error.ts';

/**
 * What repeated measurements of one program gave; higher is better. `variance` is that of a sample (divisor n − 1), 0 for one measurement.
 * `cases` are mean scores of single cases, in an order that all programs of a search share; empty where nobody keeps them apart.
 *
 * @public
 */
export type Fitness = {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
  readonly cases: readonly number[];
};

/**
 * How programs are ranked by what was measured: by `caution` standard errors below the mean. `noise` is the variance that measurements of
 * this search have; 0 where they are exact.
 *
 * @public
 */
export type RankRule = { readonly caution: number; readonly noise: number };

/** Measurements that the noise of the search counts as, beside those of the program: a spread of two values alone says little. */
const NOISE_WEIGHT = 3;

/**
 * The fitness that one or more measurements give.
 *
 * @throws {EvolveError} `FITNESS_INVALID` where there are none; a value that is no finite number gives a fitness that no archive takes.
 * @public
 */
export function fitnessOf(values: readonly number[], cases: readonly number[] = []): Fitness {
  const n = values.length;
  if (n === 0) throw new EvolveError('FITNESS_INVALID', 'a fitness was made of 0 measurements; expected at least 1');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, variance: n === 1 ? squares : squares / (n - 1), cases };
}

/**
 * One fitness of the measurements of two, as if they had been made together.
 *
 * @see Chan, Golub and LeVeque 1979.
 * @public
 */
export function mergeFitness(one: Fitness, other: Fitness): Fitness {
  const n = one.n + other.n;
  const apart = other.mean - one.mean;
  const squares = (one.n - 1) * one.variance + (other.n - 1) * other.variance + (apart ** 2 * one.n * other.n) / n;
  const cases =
    one.cases.length === other.cases.length
      ? one.cases.map((score, at) => (one.n * score + other.n * (other.cases[at] ?? 0)) / n)
      : [...one.cases, ...other.cases].slice(0, Math.max(one.cases.length, other.cases.length));
  return { n, mean: (one.n * one.mean + other.n * other.mean) / n, variance: squares / (n - 1), cases };
}

/** Tells whether it is one of at least one measurement, and every number of it finite. A NaN or an infinity would beat everything. */
export function isFiniteFitness({ n, mean, variance, cases }: Fitness): boolean {
  return (
    Number.isSafeInteger(n) &&
    n >= 1 &&
    variance >= 0 &&
    [mean, variance, ...cases].every((value) => Number.isFinite(value))
  );
}

/**
 * What a program is ranked by: mean − caution·√(variance / n). The variance is the program's own drawn towards the noise of the search, so
 * that one measurement, or two that happen to agree, are not taken for certain.
 *
 * @see EVIDENCE 2.15, noisy fitness.
 * @public
 */
export function rankScore({ n, mean, variance }: Fitness, { caution, noise }: RankRule): number {
  const weight = noise > 0 ? NOISE_WEIGHT : 0;
  const known = n - 1 + weight;
  const drawn = known === 0 ? 0 : ((n - 1) * variance + weight * noise) / known;
  return mean - caution * Math.sqrt(drawn / n);
}
