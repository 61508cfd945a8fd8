/**
 * The gate of the source system, with its own words, as the policy `classic`: any violation rejects, then a pass rate, then
 * the lower bound of an interval that is handed in. It looks once; whoever looks again and again loses its error rate.
 */
import { assertShare } from '../statistics/proportions/proportions.ts';

/**
 * What it looks at: violations of the candidate, cases that it passed, and the interval of the difference of pass rates.
 *
 * @public
 */
export type ClassicEvidence = {
  readonly propertyViolations: number;
  readonly relationViolations: number;
  readonly passes: number;
  readonly cases: number;
  /** Lower bound of candidate − baseline. */
  readonly deltaLower: number;
};

/**
 * Its bounds; what is exactly at a bound passes.
 *
 * @public
 */
export type ClassicBounds = { readonly minPassRate: number; readonly minDelta: number };

/**
 * Its answer: `meets_gate`, or the first reason against, word for word as contract X002-8 has it.
 *
 * @public
 */
export type ClassicDecision = { readonly adopt: boolean; readonly reason: string };

/**
 * Decides as X002-8 says, in its order.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where there is no case, or more passes than cases.
 * @public
 */
export function classicGate(found: ClassicEvidence, bounds: ClassicBounds): ClassicDecision {
  assertShare(found.passes, found.cases);
  const reason = objectionOf(found, bounds);
  return { adopt: reason === undefined, reason: reason ?? 'meets_gate' };
}

function objectionOf(found: ClassicEvidence, { minPassRate, minDelta }: ClassicBounds): string | undefined {
  const { propertyViolations, relationViolations, passes, cases, deltaLower } = found;
  if (propertyViolations > 0) return `Property violations: ${propertyViolations} violations found`;
  if (relationViolations > 0) return `Metamorphic relation violations: ${relationViolations} violations found`;
  const passRate = passes / cases;
  if (passRate < minPassRate) return `Pass rate too low: ${passRate.toFixed(3)} < ${minPassRate}`;
  if (deltaLower < minDelta) return `Improvement insufficient: CI lower bound ${deltaLower.toFixed(3)} < ${minDelta}`;
  return undefined;
}
