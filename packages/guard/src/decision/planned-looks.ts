/**
 * Promotion at planned looks, and when a look is due.
 *
 * At look k of K the score statistic z of the paired difference against the bar (Tango's, whose variance is that of a difference equal
 * to the bar) is held against the design's bound c: z ≥ c adopts. It is asked by its interval: the values that z does not refuse at c
 * are the repeated confidence interval of Jennison and Turnbull, whose lower end is at or above the bar exactly where z ≥ c. One whose upper end is
 * below the bar is futile, at the same error. Bounds are two-sided at twice alpha, so that letting in what is not above the bar has alpha.
 *
 * The bounds are those of a normal z. Where gains or failures are rare and lopsided z is not normal: with 2 % gains, no loss and a bar of
 * 2 % it adopted in 4.0 % of runs in place of 2.5 %. So the exact interval at the same level (Fay and Lumbard's) has to leave the bar as well.
 */
import {
  groupSequentialPower,
  lanDeMetsBounds,
  obrienFlemingConstant,
  pocockConstant,
} from '../statistics/looks/group-sequential.ts';
import type { Interval } from '../statistics/interval.ts';
import type { PairedCounts } from '../statistics/pairs.ts';
import { mcnemarExactInterval } from '../statistics/proportions/mcnemar-exact.ts';
import { tangoInterval } from '../statistics/proportions/paired.ts';
import { normalTail } from '../statistics/special/normal.ts';
import { assertCount, inputError } from '../statistics/statistics-error.ts';
import type { LooksTaken } from './evidence.ts';
import type { Looks, PlannedLooks } from './policy.ts';

/** A look as its design sees it: the bound for |z|, the error spent so far, and whether it is the last. */
export type DesignedLook = { readonly bound: number; readonly alphaSpent: number; readonly isLast: boolean };

/**
 * The design of a policy: asks the bound of a look. Undefined where the look is not where the design has it, half a step or more away,
 * so that its bounds do not hold.
 */
export type Design = (taken: LooksTaken) => DesignedLook | undefined;

/**
 * Computes what a design needs, once.
 *
 * @returns A function that throws `STATISTICS_INPUT` where cases of looks are no rising counts, or more than are planned.
 */
export function createDesign(planned: PlannedLooks, alpha: number): Design {
  const constants = planned.kind === 'lan_demets' ? undefined : evenBounds(planned, alpha);
  return (taken) => {
    assertTaken(taken, planned.looks);
    if (constants === undefined) return spendingLook(taken, planned.looks, alpha);
    return isWherePlanned(taken, planned.looks) ? evenLook(constants, taken.casesAt.length) : undefined;
  };
}

/**
 * Values of the difference that z does not refuse at this bound. Where the bar is not among them, the wider of Tango's and the exact interval on each side.
 */
export function repeatedInterval(
  counts: PairedCounts,
  { bound, bar }: { readonly bound: number; readonly bar: number },
): Interval {
  const confidence = 1 - 2 * normalTail(bound);
  // A bound that far out refuses nothing that a number could tell from −1 or 1.
  if (confidence >= 1) return [-1, 1];
  const [lower, upper] = tangoInterval(counts, confidence);
  if (lower < bar && bar <= upper) return [lower, upper];
  const [exactLower, exactUpper] = mcnemarExactInterval(counts, confidence);
  return [Math.min(lower, exactLower), Math.max(upper, exactUpper)];
}

/**
 * Tells whether one is to look after so many cases of those that are planned. The last is always one, but where looks are planned
 * only for a design that has it there.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where a count is none.
 * @public
 */
export function isLookDue(
  looks: Looks,
  { cases, plannedCases }: { readonly cases: number; readonly plannedCases: number },
): boolean {
  assertCount('cases', cases);
  assertCount('plannedCases', plannedCases);
  if (cases === 0) return false;
  if (cases >= plannedCases) return true;
  switch (looks.kind) {
    case 'every_pair':
      return true;
    case 'adaptive':
      return cases >= looks.min && (cases - looks.min) % looks.interval === 0;
    case 'pocock':
    case 'obrien_fleming':
    case 'lan_demets':
      return plannedAt(looks.looks, plannedCases).includes(cases);
  }
}

/** The cases after which a design looks. */
function plannedAt(looks: number, plannedCases: number): readonly number[] {
  return Array.from({ length: looks }, (_look, index) => Math.ceil(((index + 1) * plannedCases) / looks));
}

function evenBounds({ kind, looks }: PlannedLooks, alpha: number): readonly number[] {
  const constant = kind === 'pocock' ? pocockConstant(looks, 2 * alpha) : obrienFlemingConstant(looks, 2 * alpha);
  return Array.from({ length: looks }, (_look, index) =>
    kind === 'pocock' ? constant : constant * Math.sqrt(looks / (index + 1)),
  );
}

function evenLook(bounds: readonly number[], look: number): DesignedLook {
  const taken = bounds.slice(0, look);
  const fractions = taken.map((_bound, index) => (index + 1) / bounds.length);
  return designedLook(taken, fractions, look === bounds.length);
}

/** The last look has all that is left, however many cases came to it. */
function spendingLook({ plannedCases, casesAt }: LooksTaken, looks: number, alpha: number): DesignedLook {
  const isLast = casesAt.length === looks;
  const fractions = casesAt.map((cases, index) => (isLast && index === looks - 1 ? 1 : cases / plannedCases));
  const bounds = lanDeMetsBounds({ fractions, alpha: 2 * alpha, spending: 'obrien-fleming' });
  return designedLook(bounds, fractions, isLast);
}

function designedLook(bounds: readonly number[], fractions: readonly number[], isLast: boolean): DesignedLook {
  const { upper } = groupSequentialPower({ bounds, fractions, drift: 0 });
  return { bound: bounds.at(-1) ?? Infinity, alphaSpent: upper.reduce((sum, each) => sum + each, 0), isLast };
}

function isWherePlanned({ plannedCases, casesAt }: LooksTaken, looks: number): boolean {
  return casesAt.every((cases, index) => Math.abs(cases / plannedCases - (index + 1) / looks) < 1 / (2 * looks));
}

function assertTaken({ plannedCases, casesAt }: LooksTaken, looks: number): void {
  assertCount('plannedCases', plannedCases);
  if (casesAt.length < 1 || casesAt.length > looks) {
    throw inputError('the number of looks taken', casesAt.length, `1 to ${looks}, as the policy plans`);
  }
  let before = 0;
  for (const cases of casesAt) {
    assertCount('a value of casesAt', cases);
    if (cases <= before || cases > plannedCases) {
      throw inputError('a value of casesAt', cases, `a number from ${before + 1} to ${plannedCases}`);
    }
    before = cases;
  }
}
