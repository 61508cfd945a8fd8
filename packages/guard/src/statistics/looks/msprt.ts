/**
 * The mixture sequential probability ratio test of a mean: a look after every value, for means of so many values that the normal
 * distribution describes them. Offered, not the default: where values have bounds, bounded-e-process.ts needs no such belief.
 */
import { assertCount, assertLevel, inputError } from '../statistics-error.ts';

/**
 * The mean that is tested, two-sided; `tau`, the standard deviation of the effects one expects, fixed before the first value;
 * `alpha`; and `from`, the number of values below which the estimated variance is not trusted and p stays 1 (100 by default).
 *
 * @public
 */
export type MsprtOptions = {
  readonly theta0: number;
  readonly tau: number;
  readonly alpha: number;
  readonly from?: number;
};

/**
 * A running test: `add` the next value; `result` has their mean, the natural logarithm of the likelihood ratio Λ now (0 before
 * `from`, and while all values are equal), p, which never rises, and whether it is at most alpha.
 *
 * @public
 */
export type Msprt = {
  readonly add: (x: number) => void;
  readonly result: () => {
    readonly n: number;
    readonly mean: number;
    readonly logLambda: number;
    readonly p: number;
    readonly reject: boolean;
  };
};

const FROM = 100;

/**
 * Starts a test of "the mean is theta0". With V the variance, estimated of the values so far, and ȳ their mean,
 * Λ = √(V/(V + nτ²)) · exp(n²τ²(ȳ − θ₀)² / (2V(V + nτ²))), and p is the least of 1/Λ up to now.
 *
 * Asymptotic: the error rate holds for many values whose mean is near normal, which rare failures and heavy tails are not.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where theta0 is not finite, tau not positive, alpha no level or from below 2; `add`
 *   where a value or its square is not finite, and the test is as before then. `mean` before the first value is theta0.
 * @see Johari, Koomen, Pekelis and Walsh 2022, "Always valid inference: continuous monitoring of A/B tests"; EVIDENCE 2.5.
 * @public
 */
export function createMsprt({ theta0, tau, alpha, from = FROM }: MsprtOptions): Msprt {
  assertOptions({ theta0, tau, alpha, from });
  let n = 0;
  let mean = theta0;
  let squares = 0;
  let logLambda = 0;
  let logP = 0;
  return {
    add(x) {
      // Welford's recurrence; the first value takes the place of theta0.
      const away = n === 0 ? 0 : x - mean;
      const nextMean = n === 0 ? x : mean + away / (n + 1);
      const nextSquares = squares + away * (x - nextMean);
      if (!Number.isFinite(nextSquares + nextMean)) throw inputError('x', x, 'a finite number whose square is finite');
      n += 1;
      mean = nextMean;
      squares = nextSquares;
      if (n < from || squares === 0) return;
      logLambda = logLikelihoodRatio({ n, beyond: mean - theta0, variance: squares / (n - 1), tau });
      logP = Math.min(logP, -logLambda);
    },
    result: () => ({ n, mean, logLambda, p: Math.exp(logP), reject: logP <= Math.log(alpha) }),
  };
}

type Seen = { readonly n: number; readonly beyond: number; readonly variance: number; readonly tau: number };

function logLikelihoodRatio({ n, beyond, variance, tau }: Seen): number {
  const ratio = n * (tau / Math.sqrt(variance)) ** 2;
  const z = (beyond / Math.sqrt(variance)) * Math.sqrt(n);
  const share = ratio === Infinity ? 1 : ratio / (1 + ratio);
  // Beyond the largest number nothing is to be told apart.
  return Math.min(0.5 * z * z * share, Number.MAX_VALUE) - 0.5 * Math.log1p(Math.min(ratio, Number.MAX_VALUE));
}

function assertOptions({ theta0, tau, alpha, from }: Required<MsprtOptions>): void {
  if (!Number.isFinite(theta0)) throw inputError('theta0', theta0, 'a finite number');
  if (!(tau > 0 && tau < Infinity)) throw inputError('tau', tau, 'a positive number');
  assertLevel('alpha', alpha);
  assertCount('from', from);
  if (from < 2) throw inputError('from', from, 'at least 2');
}
