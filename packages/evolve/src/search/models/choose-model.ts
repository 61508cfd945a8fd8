/**
 * Which model is asked for the next program: by weight, or as a bandit whose arms are the models.
 *
 *   weights    as often as its weight says, whatever comes of it
 *   ucb1       mean gain + c·√(2 ln t / n), the highest
 *   thompson   a chance to improve, drawn from Beta(1 + improvements, 1 + others), the highest
 *
 * What was submitted counts at once, so that workers that ask before the first answer are not all sent to one model (EVIDENCE 2.15).
 * Pure: all that it depends on is handed in.
 */
import type { Random } from '@bulkhead/guard/statistics';
import { choiceSetting, numberSetting, type ConfigOf } from '../config.ts';
import { drawBeta } from '../maths/beta-draw.ts';
import { exploration, upperBound } from '../maths/upper-bound.ts';
import { drawPlace, weigh } from '../maths/weights.ts';
import type { ModelTally } from './model-tallies.ts';

/** Words of `choice`. */
const CHOICES = ['weights', 'ucb1', 'thompson'] as const;

/**
 * The table `[models]`. `cost_weight` is the exponent of a model's cost by which its worth is divided: 0 is whatever it costs, 1 is gain for
 * each dollar.
 */
export const MODEL_SETTINGS = {
  choice: choiceSetting(CHOICES),
  c: numberSetting(1, 0, 100),
  cost_weight: numberSetting(0, 0, 10),
} as const;

/**
 * The table as it was read.
 *
 * @public
 */
export type ModelsConfig = ConfigOf<typeof MODEL_SETTINGS>;

/**
 * A model that may be chosen; the weight is from 0 up.
 *
 * @public
 */
export type ModelArm = { readonly name: string; readonly weight: number };

/** Models with what is known of each. */
export type KnownArms = readonly (ModelArm & Omit<ModelTally, 'name'>)[];

/** Chooses one by its place. Models that were never submitted come first, in their order, but for weights. */
export function chooseModel(arms: KnownArms, config: ModelsConfig, random: Random): number {
  if (config.choice === 'weights')
    return drawPlace(
      weigh(arms, ({ weight }) => weight),
      random,
    );
  const unseen = arms.findIndex(({ submitted }) => submitted === 0);
  if (unseen !== -1) return unseen;
  const chances = config.choice === 'ucb1' ? modelBounds(arms, config) : modelChances(arms, config, random);
  return chances.indexOf(Math.max(...chances));
}

/**
 * The bound of each model that was submitted. A gain counts as its share of the largest so far: then `c` says the same whatever a score is
 * measured in, and no mean is above 1, as the formula asks for.
 *
 * @see Auer et al. 2002 (UCB1); EVIDENCE 2.15.
 */
export function modelBounds(arms: KnownArms, { c, cost_weight }: ModelsConfig): readonly number[] {
  const explored = exploration(
    arms.reduce((sum, { submitted }) => sum + submitted, 0),
    c,
  );
  const largest = Math.max(...arms.map(({ gainMost }) => gainMost));
  const cheapness = cheapnessOf(arms, cost_weight);
  return arms.map(({ gain, answered, submitted }, place) => {
    const mean = answered === 0 || largest === 0 ? 0 : gain / answered / largest;
    return upperBound(mean * (cheapness[place] ?? 1), submitted, explored);
  });
}

/** Draws a chance to improve for each model. @see Thompson 1933; EVIDENCE 2.15. */
function modelChances(arms: KnownArms, { cost_weight }: ModelsConfig, random: Random): readonly number[] {
  const cheapness = cheapnessOf(arms, cost_weight);
  return arms.map(({ improved, answered }, place) => {
    const chance = drawBeta({ successes: improved, failures: answered - improved }, random);
    return chance * (cheapness[place] ?? 1);
  });
}

/**
 * For each model (cost of the cheapest / its own) ^ weight, of mean costs of an evaluation: above 0, and 1 for the cheapest, so that worths
 * keep their order of gain per dollar and their range. One whose cost nobody knows, or that costs nothing, counts as the cheapest.
 */
export function cheapnessOf(arms: KnownArms, costWeight: number): readonly number[] {
  const costs = arms.map(({ usage, answered }) => (answered === 0 ? 0 : usage.costUsd / answered));
  const least = Math.min(...costs.filter((cost) => cost > 0));
  return costs.map((cost) => (cost > 0 ? (least / cost) ** costWeight : 1));
}
