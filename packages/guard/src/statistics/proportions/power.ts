/**
 * How many cases a comparison takes, and what a number of cases can show: asked before the cases are run, never afterwards, when
 * the power that was had says no more than the p-value did.
 */
import { firstWhere } from '../special/first-where.ts';
import { normalCdf, normalQuantile } from '../special/normal.ts';
import { assertCount, assertLevel, assertProbability, inputError } from '../statistics-error.ts';

/**
 * The share of pairs that only one of the two passes, and the two-sided alpha of the test.
 *
 * @public
 */
export interface PairedDesign {
  readonly discordance: number;
  readonly alpha: number;
}

/**
 * Pairs that McNemar's test needs to find the difference with the power: the smallest number that has it by {@link pairedPower}.
 *
 * @param design - `delta` is candidate − baseline, at most the discordance and not 0; its sign does not matter.
 * @throws {StatisticsError} `STATISTICS_INPUT` where a number is out of its range, the power not above alpha, or the pairs 2^53 or more.
 * @see Connor 1987, Biometrics 43:207; EVIDENCE 2.11.
 * @public
 */
export function pairedSampleSize(design: PairedDesign & { readonly delta: number; readonly power: number }): number {
  const { discordance, alpha, delta, power } = design;
  assertDesign(design);
  assertDelta(delta, discordance);
  assertPower(power, alpha);
  const deviations = criticalZ(alpha) * Math.sqrt(discordance) + normalQuantile(power) * spreadOf(discordance, delta);
  const first = assertCountable('delta', delta, (deviations / delta) ** 2);
  return smallest(first, (n) => powerOf(n, design) >= power);
}

/**
 * Probability that McNemar's test of n pairs finds the difference, on its side.
 *
 * @param design - As of {@link pairedSampleSize}.
 * @throws {StatisticsError} `STATISTICS_INPUT` where n is 0 or a number out of its range.
 * @see Connor 1987, Biometrics 43:207; EVIDENCE 2.11.
 * @public
 */
export function pairedPower(design: PairedDesign & { readonly n: number; readonly delta: number }): number {
  assertDesign(design);
  assertDelta(design.delta, design.discordance);
  assertSome(design.n);
  return powerOf(design.n, design);
}

/**
 * The smallest difference that McNemar's test of n pairs finds with the power; its sign may be either.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a number is out of its range, or n too small for any difference; the message says
 *   from which n there is one.
 * @see Connor 1987, solved for the difference; EVIDENCE 2.11.
 * @public
 */
export function minimumDetectableDifference(
  design: PairedDesign & { readonly n: number; readonly power: number },
): number {
  const { n, discordance, alpha, power } = design;
  assertDesign(design);
  assertPower(power, alpha);
  assertSome(n);
  const least = pairedSampleSize({ discordance, alpha, power, delta: discordance });
  if (n < least) throw inputError('n', n, `at least ${least}, where all discordant pairs are on one side`);
  // δ√n = z_α √ψ + z_β √(ψ − δ²) is a quadratic equation in δ once the root stands alone.
  const [critical, wanted] = [criticalZ(alpha), normalQuantile(power)];
  const rest = Math.max(0, n + wanted * wanted - critical * critical);
  const difference =
    Math.sqrt(discordance) * ((critical * Math.sqrt(n) + wanted * Math.sqrt(rest)) / (n + wanted * wanted));
  // Rounding may put it a step beyond.
  return Math.min(difference, discordance);
}

/**
 * Cases that each of two arms needs, so that the test with unpooled variance finds p1 to differ from p2 with the power.
 *
 * @param design - Proportions from 0 to 1 that differ, two-sided `alpha`, `power` above it.
 * @throws {StatisticsError} `STATISTICS_INPUT` where a number is out of its range, or the cases 2^53 or more.
 * @see Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, chapter 4; EVIDENCE 2.11.
 * @public
 */
export function unpairedSampleSize(design: {
  readonly p1: number;
  readonly p2: number;
  readonly alpha: number;
  readonly power: number;
}): number {
  const { p1, p2, alpha, power } = design;
  assertProbability('p1', p1);
  assertProbability('p2', p2);
  assertLevel('alpha', alpha);
  assertPower(power, alpha);
  const difference = p1 - p2;
  if (difference === 0) throw inputError('p1 − p2', difference, 'a number other than 0');
  const deviations = criticalZ(alpha) + normalQuantile(power);
  const variance = p1 * (1 - p1) + p2 * (1 - p2);
  return assertCountable('p1 − p2', difference, (deviations / difference) ** 2 * variance);
}

function assertDesign({ discordance, alpha }: PairedDesign): void {
  assertLevel('alpha', alpha);
  if (!(discordance > 0 && discordance <= 1)) {
    throw inputError('discordance', discordance, 'a number above 0 and at most 1');
  }
}

function assertDelta(delta: number, discordance: number): void {
  if (delta === 0) throw inputError('delta', delta, 'a number other than 0');
  if (!(Math.abs(delta) <= discordance)) {
    throw inputError('delta', delta, `at most the discordance of ${discordance} on either side of 0`);
  }
}

/** Chance alone finds a difference on one side with half of alpha; a power near it asks for nothing. */
function assertPower(power: number, alpha: number): void {
  if (!(power > alpha && power < 1)) {
    throw inputError('power', power, `a number above alpha, which is ${alpha}, and below 1`);
  }
}

function assertSome(n: number): void {
  assertCount('n', n);
  if (n === 0) throw inputError('n', n, 'at least 1');
}

/** The number of cases rounded up, at least 1. */
function assertCountable(name: string, difference: number, cases: number): number {
  const whole = Math.max(1, Math.ceil(cases));
  if (!Number.isSafeInteger(whole)) {
    throw inputError(name, difference, 'a difference that fewer than 2^53 cases show');
  }
  return whole;
}

/** z with half of alpha beyond it. */
function criticalZ(alpha: number): number {
  return -normalQuantile(alpha / 2);
}

/** Standard deviation of one pair's difference. */
function spreadOf(discordance: number, delta: number): number {
  return Math.sqrt(Math.max(0, discordance - delta * delta));
}

function powerOf(n: number, { discordance, alpha, delta }: PairedDesign & { readonly delta: number }): number {
  const beyond = Math.abs(delta) * Math.sqrt(n) - criticalZ(alpha) * Math.sqrt(discordance);
  const spread = spreadOf(discordance, delta);
  if (spread === 0) return beyond >= 0 ? 1 : 0;
  return normalCdf(beyond / spread);
}

/**
 * The smallest number that holds, by halving up from 0. The formula is a near guess and no more: it and the power round
 * differently, and either may be the one that is a step off.
 */
function smallest(guess: number, holds: (n: number) => boolean): number {
  let high = guess;
  while (!holds(high)) high *= 2;
  return firstWhere(holds, [1, high]);
}
