/**
 * Designs with planned looks: the bounds that z may be held against at each look so that all looks together err with alpha, the error
 * of looking without such bounds, and the power that the bounds leave. Where looks are not planned, e-process.ts is the rule.
 *
 *   look    1        2        3          A path that is still inside goes on. Its density at a look is the integral, over the look
 *    +c1 ___|        |        |          before, of the density there times that of the step between them (Armitage, McPherson
 *           |   +c2__|        |          and Rowe 1969); the integral of the step's tails is the probability of leaving here.
 *           |        |  +c3___|
 */
import { normalDensity, normalQuantile, normalTail } from '../special/normal.ts';
import { gaussLegendre } from '../special/quadrature.ts';
import { findRoot } from '../special/root.ts';
import { assertCount, assertLevel, assertNumbers, inputError } from '../statistics-error.ts';

/** More looks than this are no plan; the work grows with their square. */
const LOOKS_MAX = 100;
/** Share of the information from one look to the next: nearer ones are one look, and would need more nodes than they are worth. */
const GAP_LEAST = 0.0005;
/** Below this an error that is 1 less what stays inside is mostly rounding. */
const ALPHA_LEAST = 1e-8;

/**
 * Pocock's constant: the one bound for |z| at each of so many equally spaced looks, two-sided at alpha. One look has the usual bound.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where looks is not from 1 to 100 or alpha not from 1e-8 to 1.
 * @see Pocock 1977, Biometrika 64:191; Jennison and Turnbull 2000, table 2.1; EVIDENCE 2.6.
 * @public
 */
export function pocockConstant(looks: number, alpha: number): number {
  return constantOf(looks, alpha, () => 1);
}

/**
 * O'Brien and Fleming's constant C: at look k of so many equally spaced ones |z| is held against C √(looks / k), two-sided at alpha.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where looks is not from 1 to 100 or alpha not from 1e-8 to 1.
 * @see O'Brien and Fleming 1979, Biometrics 35:549; Jennison and Turnbull 2000, table 2.3; EVIDENCE 2.6.
 * @public
 */
export function obrienFlemingConstant(looks: number, alpha: number): number {
  return constantOf(looks, alpha, (fraction) => Math.sqrt(1 / fraction));
}

/**
 * How often so many equally spaced looks, each at the nominal level, find a difference where there is none.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where looks is not from 1 to 100 or nominal no level.
 * @see Armitage, McPherson and Rowe 1969, Journal of the Royal Statistical Society A 132:235; EVIDENCE 2.6.
 * @public
 */
export function peekingError(looks: number, nominal: number): number {
  const fractions = equalFractions(looks);
  assertLevel('nominal', nominal);
  const bound = -normalQuantile(nominal / 2);
  return errorOf(
    fractions,
    fractions.map(() => bound),
  );
}

/**
 * How a two-sided alpha is spent on looks: hardly at first, or evenly.
 *
 * @public
 */
export type Spending = 'obrien-fleming' | 'pocock';

/**
 * Bounds for |z| at looks whose spacing nobody planned, by the share of the information (for pairs: of the planned pairs) that each
 * look has. By fraction t the error spent is 2 − 2Φ(z/√t) with z that of alpha, or α ln(1 + (e − 1) t); all of alpha at t = 1.
 *
 * The two-sided alpha is spent as one, as in Jennison and Turnbull; programs that spend half of it on each side by the first formula
 * are a little stricter early (4.88, and not 4.38, at the first of five looks) and looser late.
 *
 * @param design - `fractions` rise, from above 0 to at most 1, by at least 0.0005.
 * @throws {StatisticsError} `STATISTICS_INPUT` where fractions do not rise so, there are more than 100, or alpha is no level.
 * @see Lan and DeMets 1983, Biometrika 70:659; Jennison and Turnbull 2000, section 7.2; EVIDENCE 2.6.
 * @public
 */
export function lanDeMetsBounds(design: {
  readonly fractions: readonly number[];
  readonly alpha: number;
  readonly spending: Spending;
}): readonly number[] {
  const { fractions, alpha, spending } = design;
  assertFractions(fractions);
  assertLevel('alpha', alpha);
  const spent = fractions.map((fraction) => SPENDING[spending](fraction, alpha));
  let stage = START;
  return fractions.map((fraction, index) => {
    const rest = (spent[index] ?? 0) - (spent[index - 1] ?? 0);
    const bound = boundThatSpends(rest, stage, fraction);
    stage = nextStage(stage, { fraction, bound, next: fractions[index + 1], drift: 0 });
    return bound;
  });
}

/**
 * What a design of looks finds where there is a difference.
 *
 * `upper` and `lower` are the probabilities of stopping at each look, with z at or above the bound and at or below its negative; `power`
 * is that of stopping at all, and `expectedFraction` the mean share of the information at the end.
 *
 * @public
 */
export type GroupSequentialPower = {
  readonly power: number;
  readonly upper: readonly number[];
  readonly lower: readonly number[];
  readonly expectedFraction: number;
};

/**
 * Power of bounds for |z| at the fractions of the information, where z has mean `drift` with all of it (for pairs: the difference by its
 * standard error at the planned number). A drift of 0 gives the error that the bounds have.
 *
 * @param design - `bounds` are positive, one for each of `fractions`, which rise from above 0 to at most 1, by at least 0.0005.
 * @throws {StatisticsError} `STATISTICS_INPUT` where they are not so, there are more than 100, or drift is not from −100 to 100.
 * @see Jennison and Turnbull 2000, chapter 19; EVIDENCE 2.6.
 * @public
 */
export function groupSequentialPower(design: {
  readonly bounds: readonly number[];
  readonly fractions: readonly number[];
  readonly drift: number;
}): GroupSequentialPower {
  const { bounds, fractions, drift } = design;
  assertFractions(fractions);
  assertBounds(bounds, fractions.length);
  if (!(Math.abs(drift) <= DRIFT_MAX)) throw inputError('drift', drift, `a number from -${DRIFT_MAX} to ${DRIFT_MAX}`);
  const exits = exitsOf(fractions, bounds, drift);
  const power = exits.reduce((sum, { upper, lower }) => sum + upper + lower, 0);
  const last = fractions.at(-1) ?? 1;
  const saved = exits.map(({ upper, lower }, index) => (upper + lower) * (last - (fractions[index] ?? last)));
  return {
    // Rounding may leave the sum of all ways to stop an ulp above 1.
    power: Math.min(1, power),
    upper: exits.map((exit) => exit.upper),
    lower: exits.map((exit) => exit.lower),
    expectedFraction: last - saved.reduce((sum, each) => sum + each, 0),
  };
}

/** Nothing that far from 0 needs a second look. */
const DRIFT_MAX = 100;

/** By its tails, so that an early look of O'Brien and Fleming's kind spends more than 0. */
const SPENDING: Readonly<Record<Spending, (fraction: number, alpha: number) => number>> = {
  'obrien-fleming': (fraction, alpha) => 2 * normalTail(-normalQuantile(alpha / 2) / Math.sqrt(fraction)),
  pocock: (fraction, alpha) => alpha * Math.log1p((Math.E - 1) * fraction),
};

function constantOf(looks: number, alpha: number, shape: (fraction: number) => number): number {
  const fractions = equalFractions(looks);
  if (!(alpha >= ALPHA_LEAST && alpha < 1)) throw inputError('alpha', alpha, `a number from ${ALPHA_LEAST} to below 1`);
  const shapes = fractions.map(shape);
  const miss = (constant: number): number =>
    Math.log(
      errorOf(
        fractions,
        shapes.map((each) => constant * each),
      ) / alpha,
    );
  // One look alone spends alpha at the first; at the second not even all looks that never coincide would.
  return findRoot(miss, [-normalQuantile(alpha / 2), -normalQuantile(alpha / (2 * looks))]);
}

/** What does not end inside has left: quicker than the sum of all ways out, and right to 1e-13. */
function errorOf(fractions: readonly number[], bounds: readonly number[]): number {
  let stage = START;
  fractions.forEach((fraction, index) => {
    stage = nextStage(stage, { fraction, bound: bounds[index] ?? 0, next: fractions[index + 1], drift: 0 });
  });
  const inside = stage.weights.reduce((sum, weight) => sum + weight, 0);
  return Math.max(0, 1 - inside);
}

type Exit = { readonly upper: number; readonly lower: number };

function exitsOf(fractions: readonly number[], bounds: readonly number[], drift: number): readonly Exit[] {
  let stage = START;
  return fractions.map((fraction, index) => {
    const look = { fraction, bound: bounds[index] ?? 0, next: fractions[index + 1], drift };
    const exit = exitAt(stage, look);
    stage = nextStage(stage, look);
    return exit;
  });
}

/** Paths that are still inside at a look: at each node of z√t, their weight, which is the density there times the node's. */
type Stage = { readonly fraction: number; readonly nodes: Float64Array; readonly weights: Float64Array };

type Look = {
  readonly fraction: number;
  readonly bound: number;
  /** Fraction of the look after this, which says how fine the nodes must be. */
  readonly next: number | undefined;
  readonly drift: number;
};

const START: Stage = { fraction: 0, nodes: Float64Array.of(0), weights: Float64Array.of(1) };

function exitAt(stage: Stage, { fraction, bound, drift }: Look): Exit {
  const step = Math.sqrt(fraction - stage.fraction);
  const edge = bound * Math.sqrt(fraction);
  const gained = drift * (fraction - stage.fraction);
  let upper = 0;
  let lower = 0;
  stage.nodes.forEach((node, index) => {
    const weight = stage.weights[index] ?? 0;
    upper += weight * normalTail((edge - node - gained) / step);
    lower += weight * normalTail((edge + node + gained) / step);
  });
  return { upper, lower };
}

/** Beyond so many standard deviations of the path nobody is: 1e-19 of it. */
const REACH = 9;
/** Nodes for each standard deviation of the finest step: errors stay below 1e-9 (held in the test against Simpson's rule). */
const NODES_PER_STEP = 2.5;
const NODES_LEAST = 24;

function nextStage(stage: Stage, { fraction, bound, next, drift }: Look): Stage {
  const root = Math.sqrt(fraction);
  const low = Math.max(-bound * root, drift * fraction - REACH * root);
  const high = Math.max(low, Math.min(bound * root, drift * fraction + REACH * root));
  const step = Math.sqrt(fraction - stage.fraction);
  const finest = Math.min(step, Math.sqrt((next ?? Infinity) - fraction));
  const rule = gaussLegendre(NODES_LEAST + Math.ceil((NODES_PER_STEP * (high - low)) / finest));
  const nodes = rule.nodes.map((node) => low + ((high - low) * (node + 1)) / 2);
  const gained = drift * (fraction - stage.fraction);
  const scale = (high - low) / (2 * step);
  const weights = nodes.map((node, at) => {
    let density = 0;
    stage.nodes.forEach((before, index) => {
      density += (stage.weights[index] ?? 0) * normalDensity((node - before - gained) / step);
    });
    return density * scale * (rule.weights[at] ?? 0);
  });
  return { fraction, nodes, weights };
}

/** |z| above this has no probability that a number could hold. */
const BOUND_MAX = 37;

/** The bound at which the paths that go on leave with just that probability. */
function boundThatSpends(probability: number, stage: Stage, fraction: number): number {
  const miss = (bound: number): number => {
    const { upper, lower } = exitAt(stage, { fraction, bound, next: undefined, drift: 0 });
    return Math.log(Math.max(upper + lower, Number.MIN_VALUE) / Math.max(probability, Number.MIN_VALUE));
  };
  return findRoot(miss, [0, BOUND_MAX]);
}

function equalFractions(looks: number): readonly number[] {
  assertCount('looks', looks);
  if (looks < 1 || looks > LOOKS_MAX) throw inputError('looks', looks, `a whole number from 1 to ${LOOKS_MAX}`);
  return Array.from({ length: looks }, (_, index) => (index + 1) / looks);
}

function assertFractions(fractions: readonly number[]): void {
  assertNumbers('fractions', fractions, 1);
  if (fractions.length > LOOKS_MAX)
    throw inputError('the length of fractions', fractions.length, `at most ${LOOKS_MAX}`);
  let before = 0;
  for (const fraction of fractions) {
    const least = before === 0 ? Number.MIN_VALUE : before + GAP_LEAST;
    if (!(fraction >= least && fraction <= 1)) {
      throw inputError('a value of fractions', fraction, `a number from ${least} to 1`);
    }
    before = fraction;
  }
}

function assertBounds(bounds: readonly number[], looks: number): void {
  assertNumbers('bounds', bounds, looks);
  if (bounds.length > looks) throw inputError('the length of bounds', bounds.length, `${looks}, as of fractions`);
  const wrong = bounds.find((bound) => !(bound > 0));
  if (wrong !== undefined) throw inputError('a value of bounds', wrong, 'a positive number');
}
