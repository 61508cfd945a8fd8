/**
 * Whether groups spread differently, for candidates that got no slower on average but less even. Of times, give logarithms.
 */
import { mean } from './mean.ts';
import { quantileOf } from './quantiles.ts';
import { fisherTail } from '../special/fisher.ts';
import { assertNumbers, inputError } from '../statistics-error.ts';

/**
 * Brown and Forsythe's test: `f` of the distances from the medians, and its `p`.
 *
 * @public
 */
export interface BrownForsythe {
  readonly f: number;
  readonly p: number;
}

/**
 * Tests whether groups have the same spread, by an analysis of variance of each value's distance from the median of its group. Where
 * no distance differs from another, `f` is 0 and `p` is 1.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where there are fewer than two groups, or one has fewer than two values or one that is
 *   not finite, or distances differ between groups and never within one, which leaves nothing to compare with.
 * @see Brown and Forsythe 1974, "Robust tests for the equality of variances".
 * @public
 */
export function brownForsythe(groups: readonly (readonly number[])[]): BrownForsythe {
  if (groups.length < 2) throw inputError('the number of groups', groups.length, 'at least 2');
  for (const group of groups) assertNumbers('a group', group, 2);
  const distances = groups.map((group) => {
    const median = quantileOf(group, 0.5);
    return group.map((value) => Math.abs(value - median));
  });
  const { between, within } = variationOf(distances);
  if (!Number.isFinite(between + within)) throw inputError('a sum of squares', between + within, 'a finite number');
  const rounding = roundingOf(groups);
  if (within <= rounding && between <= rounding) return { f: 0, p: 1 };
  if (within <= rounding) {
    throw inputError('the spread of distances within every group', 0, 'some; compare quantiles instead');
  }
  const above = groups.length - 1;
  const below = groups.reduce((sum, { length }) => sum + length - 1, 0);
  const f = between / above / (within / below);
  return { f, p: fisherTail(f, above, below) };
}

/** Sums of squares of group means around the mean of all, and of values around their group's. */
function variationOf(groups: readonly (readonly number[])[]): { readonly between: number; readonly within: number } {
  const centre = mean(groups.flat());
  let between = 0;
  let within = 0;
  for (const group of groups) {
    const middle = mean(group);
    between += group.length * (middle - centre) ** 2;
    within += group.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  }
  return { between, within };
}

/** A sum of squares that may be all rounding: the distances of 0.1 and 0.3 from 0.2 are not the same number. */
function roundingOf(groups: readonly (readonly number[])[]): number {
  const values = groups.flat();
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.length * (8 * Number.EPSILON * largest) ** 2;
}
