import { expect, test } from 'vitest';
import { NO_USAGE } from '../../mutation/proposer.ts';
import { betaBelow, betaDensity, type Counts } from '../maths/beta-counts.ts';
import { createSearchRandom } from '../random/search-random.ts';
import { cheapnessOf, chooseModel, modelBounds, type KnownArms, type ModelsConfig } from './choose-model.ts';
import { createModelTallies } from './model-tallies.ts';

const UCB1: ModelsConfig = { choice: 'ucb1', c: 1, cost_weight: 0 };
const THOMPSON: ModelsConfig = { choice: 'thompson', c: 1, cost_weight: 0 };
const DRAWS = 20_000;

type Known = Partial<KnownArms[number]>;

function armsOf(known: readonly Known[]): KnownArms {
  return known.map((fields, at) => {
    const { submitted = 0 } = fields;
    const about = { name: `model-${at}`, weight: 1, submitted, answered: submitted, improved: 0, gain: 0, gainMost: 0 };
    return { ...about, usage: NO_USAGE, ...fields };
  });
}

/** `improved` of `submitted` evaluations gained 1. */
function tried(submitted: number, improved: number, costUsd = 0): Known {
  const usage = { ...NO_USAGE, costUsd: costUsd * submitted };
  return { submitted, improved, gain: improved, gainMost: Math.min(1, improved), usage };
}

function sharesOf(arms: KnownArms, config: ModelsConfig): readonly number[] {
  const random = createSearchRandom(`shares of ${config.choice}`);
  const counts = arms.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const place = chooseModel(arms, config, random);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts.map((count) => count / DRAWS);
}

/** Five standard errors of a share. */
function near(share: number): number {
  return 5 * Math.sqrt((share * (1 - share)) / DRAWS) + 1e-9;
}

test('[EVIDENCE 2.15] bounds of means (.2 .5 .4) after (10 20 5) submissions are (1.0432 1.0963 1.5925)', () => {
  const arms = armsOf([tried(10, 2), tried(20, 10), tried(5, 2)]);
  expect(modelBounds(arms, UCB1).map((bound) => Number(bound.toFixed(4)))).toEqual([1.0432, 1.0963, 1.5925]);
  expect(chooseModel(arms, UCB1, createSearchRandom(0))).toBe(2);
});

test('bounds are the same whatever a gain is measured in', () => {
  const small = [tried(10, 2), tried(20, 10)].map((one) => ({ ...one, gain: (one.gain ?? 0) / 1e6, gainMost: 1e-6 }));
  const bounds = modelBounds(armsOf(small), UCB1);
  const whole = modelBounds(armsOf([tried(10, 2), tried(20, 10)]), UCB1);
  bounds.forEach((bound, at) => expect(bound).toBeCloseTo(whole[at] ?? 0, 12));
});

test.each([UCB1, THOMPSON])('each model is submitted once before any is twice, in their order: %j', (config) => {
  const names = ['one', 'two', 'three'];
  const tallies = createModelTallies(names);
  const random = createSearchRandom(1);
  const chosen = names.map(() => {
    const known = tallies.all();
    const place = chooseModel(
      known.map((tally) => ({ ...tally, weight: 1 })),
      config,
      random,
    );
    const name = known[place]?.name ?? '';
    tallies.submitted(name);
    return name;
  });
  expect(chosen).toEqual(names);
});

test('what is submitted counts before it is answered, so that nine go to three models alike', () => {
  const tallies = createModelTallies(['one', 'two', 'three']);
  for (let at = 0; at < 9; at += 1) {
    const known = tallies.all();
    const place = chooseModel(
      known.map((tally) => ({ ...tally, weight: 1 })),
      UCB1,
      createSearchRandom(at),
    );
    tallies.submitted(known[place]?.name ?? '');
  }
  expect(tallies.all().map(({ submitted }) => submitted)).toEqual([3, 3, 3]);
});

test('by weight, a model is chosen with its weight over the sum of all, whatever came of it [X000-25]', () => {
  const weights = [1, 3, 0, 4];
  const arms = armsOf(weights.map((weight, at) => ({ ...tried(at * 10, at), weight })));
  const shares = sharesOf(arms, { choice: 'weights', c: 1, cost_weight: 1 });
  weights.forEach((weight, at) => expect(Math.abs((shares[at] ?? 0) - weight / 8)).toBeLessThan(near(weight / 8)));
  expect(shares[2]).toBe(0);
});

/** The chance that a draw of the first, made less by the factor, is above one of the second: ∫ f1(x)·F2(factor·x) dx. */
function chanceToLead(one: Counts, other: Counts, factor: number): number {
  const steps = 20_000;
  let sum = 0;
  for (let at = 0; at < steps; at += 1) {
    const x = (at + 0.5) / steps;
    sum += betaDensity(one, { x, rest: 1 - x }) * betaBelow(other, { x: factor * x, rest: 1 - factor * x });
  }
  return sum / steps;
}

test.each([
  [
    { successes: 3, failures: 7 },
    { successes: 1, failures: 9 },
  ],
  [
    { successes: 0, failures: 2 },
    { successes: 0, failures: 1 },
  ],
  [
    { successes: 40, failures: 60 },
    { successes: 45, failures: 55 },
  ],
])('Thompson sampling chooses a model as often as it is the best of two: %j and %j', (one, other) => {
  const known = [one, other].map(({ successes, failures }) => tried(successes + failures, successes));
  const share = sharesOf(armsOf(known), THOMPSON)[0] ?? 0;
  const exact = chanceToLead(one, other, 1);
  expect(Math.abs(share - exact)).toBeLessThan(near(exact));
});

test('what is pending is no failure to Thompson sampling', () => {
  const pending = armsOf([{ ...tried(10, 3), submitted: 500, answered: 10 }, tried(10, 1)]);
  const shares = sharesOf(pending, THOMPSON);
  expect(shares).toEqual(sharesOf(armsOf([tried(10, 3), tried(10, 1)]), THOMPSON));
});

test('cost divides the worth of a model by its power: none, half, and gain for each dollar', () => {
  const arms = armsOf([tried(10, 5, 0.01), tried(10, 5, 0.04), tried(10, 5)]);
  expect(cheapnessOf(arms, 0)).toEqual([1, 1, 1]);
  expect(cheapnessOf(arms, 0.5)).toEqual([1, 0.5, 1]);
  expect(cheapnessOf(arms, 1)).toEqual([1, 0.25, 1]);
  expect(cheapnessOf(armsOf([tried(10, 5), {}]), 1)).toEqual([1, 1]);
});

test('of two models one is twice as good and five times as dear: which is asked depends on the cost’s weight', () => {
  const arms = armsOf([tried(100, 60, 0.05), tried(100, 30, 0.01)]);
  const chosen = [0, 0.25, 0.5, 1].map((cost_weight) =>
    chooseModel(arms, { ...UCB1, cost_weight }, createSearchRandom(0)),
  );
  expect(chosen).toEqual([0, 0, 1, 1]);
  const exact = chanceToLead({ successes: 60, failures: 40 }, { successes: 30, failures: 70 }, 0.2 ** 0.5);
  const share = sharesOf(arms, { ...THOMPSON, cost_weight: 0.5 })[0] ?? 0;
  expect(Math.abs(share - exact)).toBeLessThan(near(exact));
});

test('a tally has submissions, answers, gains and costs of a model, also of one that nobody listed', () => {
  const tallies = createModelTallies(['one']);
  tallies.submitted('one');
  tallies.submitted('two');
  tallies.answered('two', 0.25);
  tallies.answered('two', 0);
  tallies.took('two', { inputTokens: 3, outputTokens: 2, costUsd: 0.5 });
  expect(tallies.all()).toEqual([
    { name: 'one', submitted: 1, answered: 0, improved: 0, gain: 0, gainMost: 0, usage: NO_USAGE },
    {
      ...{ name: 'two', submitted: 1, answered: 2, improved: 1, gain: 0.25, gainMost: 0.25 },
      usage: { inputTokens: 3, outputTokens: 2, costUsd: 0.5 },
    },
  ]);
});
