/**
 * The Beta distribution of a chance after so many successes and failures, from a flat start; and the greatest of many such.
 */

/** Whole numbers from 0 up. */
export type Counts = { readonly successes: number; readonly failures: number };

/** A point and how far it lies from 1: close to 1 the second says what the first cannot. */
export type UnitPoint = { readonly x: number; readonly rest: number };

/** The density of Beta(1 + successes, 1 + failures). */
export function betaDensity({ successes, failures }: Counts, { x, rest }: UnitPoint): number {
  const total = successes + failures;
  return (total + 1) * Math.exp(logChoose(total, successes) + power(x, successes) + power(rest, failures));
}

/**
 * The chance to lie below a point, as a sum: of N = successes + failures + 1 fair draws more than `successes` lie below it.
 */
export function betaBelow({ successes, failures }: Counts, { x, rest }: UnitPoint): number {
  const total = successes + failures + 1;
  // The shorter tail is summed where the terms fall.
  const isAbove = x > (successes + 1) / (total + 1);
  let sum = 0;
  if (isAbove) {
    let term = Math.exp(logChoose(total, successes) + power(x, successes) + power(rest, failures + 1));
    for (let k = successes; k >= 0 && term > 0; k -= 1) {
      sum += term;
      term *= (k * rest) / ((total - k + 1) * x);
    }
    return Math.max(0, 1 - sum);
  }
  let term = Math.exp(logChoose(total, successes + 1) + power(x, successes + 1) + power(rest, failures));
  for (let k = successes + 1; k <= total && term > 0; k += 1) {
    sum += term;
    term *= ((total - k) * x) / ((k + 1) * rest);
  }
  return Math.min(1, sum);
}

/** The point below which a share of the distribution lies, to 2^-53. */
export function betaQuantile(counts: Counts, share: number): number {
  if (counts.successes === 0 && counts.failures === 0) return share;
  let [low, high] = [0, 1];
  for (let step = 0; step < 53; step += 1) {
    const x = (low + high) / 2;
    if (betaBelow(counts, { x, rest: 1 - x }) < share) low = x;
    else high = x;
  }
  return (low + high) / 2;
}

/** The logarithm of base^exponent, where 0^0 is 1. */
function power(base: number, exponent: number): number {
  return exponent === 0 ? 0 : exponent * Math.log(base);
}

function logChoose(total: number, chosen: number): number {
  let sum = 0;
  const fewer = Math.min(chosen, total - chosen);
  for (let at = 1; at <= fewer; at += 1) sum += Math.log((total - fewer + at) / at);
  return sum;
}
