/**
 * The bet of e-process.ts for differences that are numbers within bounds, such as scores: one value at a time, kept as sums. Where
 * cases come in clusters, one value per cluster (the mean of its differences): only clusters are independent.
 */
import { logFactors, logMeanExp } from './e-process.ts';
import { assertCount, assertLevel, assertNumbers, inputError } from '../statistics-error.ts';

/**
 * What is bet against: a mean of at most m, strictly between the bounds that no value ever leaves; promote at alpha, one-sided.
 *
 * @public
 */
export type BoundedEProcessOptions = {
  readonly m: number;
  readonly alpha: number;
  readonly lower: number;
  readonly upper: number;
};

/**
 * All that such a process remembers; JSON, and exact through JSON. The sums belong to m and the bounds, so those are kept with them.
 *
 * @public
 */
export type BoundedEProcessState = {
  readonly m: number;
  readonly lower: number;
  readonly upper: number;
  readonly n: number;
  readonly sums: readonly number[];
};

/**
 * A bet that goes on: `add` the next value, ask for the `result` as often as one likes, keep its `state` and `restore` it.
 *
 * @public
 */
export type BoundedEProcess = {
  readonly add: (x: number) => void;
  readonly result: () => { readonly n: number; readonly logE: number; readonly promote: boolean };
  readonly state: () => BoundedEProcessState;
  readonly restore: (state: BoundedEProcessState) => void;
};

/**
 * Starts a bet against "the mean is at most m" for values within bounds.
 *
 * It gives the evidence for its own m only: the sums hold no other, so there is no confidence sequence. Who wants bounds runs one
 * process for each m of a grid; those that do not promote are what the values are compatible with.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where m is not between the bounds or alpha no level; `add` where a value is outside
 *   the bounds; `restore` where the state is of another m or other bounds, or is no state. Nothing has changed then.
 * @remarks A value costs 40 logarithms. In another order the sums differ by rounding, near 1e-15 of their size.
 * @see Waudby-Smith and Ramdas (arXiv 2010.09686); EVIDENCE 2.5.
 * @public
 */
export function createBoundedEProcess(options: BoundedEProcessOptions): BoundedEProcess {
  assertOptions(options);
  const { m, alpha, lower, upper } = options;
  let n = 0;
  // A value of m neither wins nor loses.
  let sums = logFactors(m, m, lower);
  return {
    add(x) {
      if (!(x >= lower && x <= upper)) throw inputError('x', x, `a number from ${lower} to ${upper}`);
      const factors = logFactors(x, m, lower);
      sums = sums.map((sum, index) => sum + (factors[index] ?? 0));
      n += 1;
    },
    result() {
      const logE = logMeanExp(sums);
      return { n, logE, promote: logE >= -Math.log(alpha) };
    },
    state: () => ({ m, lower, upper, n, sums }),
    restore(state) {
      assertState(state, { ...options, stakes: sums.length });
      n = state.n;
      sums = [...state.sums];
    },
  };
}

function assertOptions({ m, alpha, lower, upper }: BoundedEProcessOptions): void {
  assertNumbers('the bounds', [lower, upper], 2);
  if (!(lower < upper)) throw inputError('upper', upper, `a number above lower, which is ${lower}`);
  if (!(m > lower && m < upper)) throw inputError('m', m, `a number between ${lower} and ${upper}`);
  if (!Number.isFinite((upper - m) / (m - lower)))
    throw inputError('m', m, 'a number further from lower, for such an upper');
  assertLevel('alpha', alpha);
}

function assertState(
  state: BoundedEProcessState,
  { stakes, ...options }: BoundedEProcessOptions & { readonly stakes: number },
): void {
  for (const name of ['m', 'lower', 'upper'] as const) {
    if (state[name] !== options[name]) throw inputError(`${name} of the state`, state[name], String(options[name]));
  }
  assertCount('n of the state', state.n);
  if (!Array.isArray(state.sums)) throw inputError('sums of the state', state.sums, 'a list of numbers');
  assertNumbers('sums of the state', state.sums, stakes);
  if (state.sums.length > stakes) throw inputError('the length of sums of the state', state.sums.length, `${stakes}`);
}
