/**
 * More than one test at once: p-values adjusted for their number, inside one decision; and levels for tests that follow one
 * another without an end, across decisions, which hold the share of false ones among all discoveries.
 */
import { assertCount, assertLevel, assertProbability, inputError } from '../statistics-error.ts';

/**
 * Adjusted p-values of Holm's step-down procedure: holds the chance of any false rejection, however the tests depend.
 *
 * @returns In the order of the input, monotone in it, at most 1; rejected are those up to alpha.
 * @throws {StatisticsError} `STATISTICS_INPUT` where a p is not from 0 to 1.
 * @see Holm 1979, Scandinavian Journal of Statistics 6:65; EVIDENCE 2.10.
 * @public
 */
export function holm(ps: readonly number[]): readonly number[] {
  const adjusted = ps.map(() => 1);
  let greatest = 0;
  for (const { p, at, rank } of ranked(ps)) {
    greatest = Math.min(1, Math.max(greatest, p * (ps.length - rank + 1)));
    adjusted[at] = greatest;
  }
  return adjusted;
}

/**
 * Adjusted p-values of Hochberg's step-up procedure: holds the chance of any false rejection where the tests are independent or
 * positively dependent.
 *
 * @returns As {@link holm}, and never above it.
 * @throws {StatisticsError} `STATISTICS_INPUT` where a p is not from 0 to 1.
 * @see Hochberg 1988, Biometrika 75:800; EVIDENCE 2.10.
 * @public
 */
export function hochberg(ps: readonly number[]): readonly number[] {
  return stepUp(ps, (rank) => ps.length - rank + 1);
}

/**
 * Adjusted p-values of Benjamini and Hochberg: holds the expected share of false ones among the rejected, where the tests are
 * independent or positively dependent.
 *
 * @returns As {@link holm}, and never above {@link hochberg}.
 * @throws {StatisticsError} `STATISTICS_INPUT` where a p is not from 0 to 1.
 * @see Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289; EVIDENCE 2.10.
 * @public
 */
export function benjaminiHochberg(ps: readonly number[]): readonly number[] {
  return stepUp(ps, (rank) => ps.length / rank);
}

/**
 * Adjusted p-values of Benjamini and Yekutieli: as {@link benjaminiHochberg}, however the tests depend.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a p is not from 0 to 1.
 * @see Benjamini and Yekutieli 2001, Annals of Statistics 29:1165; EVIDENCE 2.10.
 * @public
 */
export function benjaminiYekutieli(ps: readonly number[]): readonly number[] {
  const harmonic = ps.reduce((sum, _p, at) => sum + 1 / (at + 1), 0);
  return stepUp(ps, (rank) => (ps.length / rank) * harmonic);
}

/**
 * What became of one test of a sequence, and the level that it was made at.
 *
 * @public
 */
export interface OnlineDecision {
  readonly rejected: boolean;
  readonly level: number;
}

/**
 * How an endless sequence of tests shares alpha.
 *
 * @public
 */
export interface OnlineOptions {
  /** Bound of the expected share of false ones among all discoveries. */
  readonly alpha: number;
  /** Weight of test t = 1, 2, …; from 0 to 1, and at most 1 in sum. */
  readonly gamma?: (t: number) => number;
}

/**
 * Number of tests, and of rejections among them; goes through JSON.
 *
 * @public
 */
export interface ELondState {
  readonly tests: number;
  readonly discoveries: number;
}

/**
 * A sequence of tests by e-values. One owner calls it, test after test.
 *
 * @public
 */
export interface ELond {
  /** Makes the next test; `eValue` is from 0 up, and may be infinite. */
  readonly test: (eValue: number) => OnlineDecision;
  readonly state: () => ELondState;
  /** Goes on from a state, which is checked. */
  readonly restore: (state: ELondState) => void;
}

/**
 * Starts e-LOND: test t has level α γ_t (discoveries before + 1) and rejects where its e-value is at least 1 over that. Valid
 * however the tests depend.
 *
 * @param options - `gamma` is {@link inverseSquareWeight} where none is given.
 * @throws {StatisticsError} `STATISTICS_INPUT` where alpha, an e-value, a weight or a restored state is out of its range, or the
 *   tests are more than a million; what is refused counts as no test.
 * @see Xu and Ramdas 2024, "Online multiple testing with e-values"; EVIDENCE 2.10.
 * @public
 */
export function createELond({ alpha, gamma = inverseSquareWeight }: OnlineOptions): ELond {
  assertLevel('alpha', alpha);
  const weightOf = createWeights(gamma);
  let current: ELondState = { tests: 0, discoveries: 0 };
  return {
    test: (eValue) => {
      if (!(eValue >= 0)) throw inputError('eValue', eValue, 'a number from 0 up');
      const tests = current.tests + 1;
      const level = alpha * weightOf(tests) * (current.discoveries + 1);
      const rejected = level > 0 && eValue >= 1 / level;
      current = { tests, discoveries: current.discoveries + (rejected ? 1 : 0) };
      return { rejected, level };
    },
    state: () => current,
    restore: ({ tests, discoveries }) => {
      assertTests(tests);
      assertCount('discoveries', discoveries);
      if (discoveries > tests) throw inputError('discoveries', discoveries, `at most tests, which is ${tests}`);
      current = { tests, discoveries };
    },
  };
}

/**
 * Number of tests, and which of them rejected, counted from 1; goes through JSON.
 *
 * @public
 */
export interface LordState {
  readonly tests: number;
  readonly discoveries: readonly number[];
}

/**
 * A sequence of tests by p-values. One owner calls it, test after test.
 *
 * @public
 */
export interface LordPlusPlus {
  /** Makes the next test. */
  readonly test: (p: number) => OnlineDecision;
  readonly state: () => LordState;
  /** Goes on from a state, which is checked. */
  readonly restore: (state: LordState) => void;
}

/**
 * Starts LORD++: each discovery gives alpha to the tests after it. Valid for independent p-values only.
 *
 * @param options - `gamma` may not grow, and is {@link inverseSquareWeight} where none is given; `w0` is what of alpha is there
 *   before the first discovery, half where nothing is given.
 * @throws {StatisticsError} `STATISTICS_INPUT` as {@link createELond}, or where w0 is not from 0 to alpha.
 * @remarks O(discoveries) a test.
 * @see Ramdas, Yang, Wainwright and Jordan 2017, "Online control of the false discovery rate with decaying memory"; EVIDENCE 2.10.
 * @public
 */
export function createLordPlusPlus(options: OnlineOptions & { readonly w0?: number }): LordPlusPlus {
  const { alpha, w0 = alpha / 2, gamma = inverseSquareWeight } = options;
  assertLevel('alpha', alpha);
  if (!(w0 >= 0 && w0 <= alpha)) throw inputError('w0', w0, `a number from 0 to alpha, which is ${alpha}`);
  const weightOf = createWeights(gamma, 'falling');
  let current: LordState = { tests: 0, discoveries: [] };
  return {
    test: (p) => {
      assertProbability('p', p);
      const tests = current.tests + 1;
      // The first discovery gives what the start left over.
      const given = current.discoveries.map((time, at) => (at === 0 ? alpha - w0 : alpha) * weightOf(tests - time));
      const level = given.reduce((sum, part) => sum + part, weightOf(tests) * w0);
      const rejected = p <= level;
      current = { tests, discoveries: rejected ? [...current.discoveries, tests] : current.discoveries };
      return { rejected, level };
    },
    state: () => current,
    restore: ({ tests, discoveries }) => {
      assertTests(tests);
      assertTimes(discoveries, tests);
      current = { tests, discoveries: [...discoveries] };
    },
  };
}

/**
 * 6 / (π t²), the default weight: much for the first tests, because decisions across which one counts are few.
 *
 * @public
 */
export function inverseSquareWeight(t: number): number {
  return 6 / (Math.PI * t) ** 2;
}

/**
 * The weight that LORD is usually run with, ∝ ln(max(t, 2)) / (t e^√ln t): more for the thousandth test, less for the first.
 *
 * @see Javanmard and Montanari 2018, Annals of Statistics 46:526, equation 31; the constant is that of the R package onlineFDR.
 * @public
 */
export function logarithmicWeight(t: number): number {
  return (0.07720838 * Math.log(Math.max(t, 2))) / (t * Math.exp(Math.sqrt(Math.log(t))));
}

interface Ranked {
  readonly p: number;
  /** Where it stands in the input. */
  readonly at: number;
  /** Where it stands among the sorted, from 1. */
  readonly rank: number;
}

/** From the smallest up; equal ones may stand in any order, for each gets the same. */
function ranked(ps: readonly number[]): readonly Ranked[] {
  for (const [at, p] of ps.entries()) assertProbability(`ps[${at}]`, p);
  const sorted = ps.map((p, at) => ({ p, at })).toSorted((one, other) => one.p - other.p);
  return sorted.map((entry, before) => ({ ...entry, rank: before + 1 }));
}

/** From the largest down, each the smallest product so far. */
function stepUp(ps: readonly number[], factorOf: (rank: number) => number): readonly number[] {
  const adjusted = ps.map(() => 1);
  let least = 1;
  for (const { p, at, rank } of ranked(ps).toReversed()) {
    least = Math.min(least, p * factorOf(rank));
    adjusted[at] = least;
  }
  return adjusted;
}

const TESTS_MAX = 1_000_000;
/** What a sum of weights that add up to 1 may exceed it by, in rounding. */
const ROUNDING = 1e-9;

/** The weights one after another, each checked when it is first asked for and then kept. */
function createWeights(gamma: (t: number) => number, shape: 'any' | 'falling' = 'any'): (t: number) => number {
  const weights: number[] = [];
  let sum = 0;
  return (t) => {
    assertTests(t);
    for (let next = weights.length + 1; next <= t; next += 1) {
      const weight = gamma(next);
      assertProbability(`gamma(${next})`, weight);
      const before = weights.at(-1) ?? 1;
      if (shape === 'falling' && weight > before) {
        throw inputError(`gamma(${next})`, weight, `at most the weight before it, which is ${before}`);
      }
      if (sum + weight > 1 + ROUNDING) throw inputError(`the sum of gamma up to ${next}`, sum + weight, 'at most 1');
      sum += weight;
      weights.push(weight);
    }
    return weights[t - 1] ?? 0;
  };
}

function assertTests(tests: number): void {
  assertCount('tests', tests);
  if (tests > TESTS_MAX) throw inputError('tests', tests, `at most ${TESTS_MAX}`);
}

function assertTimes(discoveries: readonly number[], tests: number): void {
  let before = 0;
  for (const [at, time] of discoveries.entries()) {
    if (!Number.isSafeInteger(time) || time <= before) {
      throw inputError(`discoveries[${at}]`, time, `a whole number above ${before}`);
    }
    if (time > tests) throw inputError(`discoveries[${at}]`, time, `at most tests, which is ${tests}`);
    before = time;
  }
}
