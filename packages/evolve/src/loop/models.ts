/**
 * The models of a search: which of them is asked for an evaluation, and what became of each. Where a search has no list of models it
 * chooses none, and only learns whose answers it was given.
 */
import type { Random } from '@bulkhead/guard/statistics';
import { EvolveError } from '../evolve-error.ts';
import type { Proposer, ProposingModel } from '../mutation/proposer.ts';
import { chooseModel, type ModelArm, type ModelsConfig } from '../search/models/choose-model.ts';
import { createModelTallies, UNKNOWN, type ModelTally } from '../search/models/model-tallies.ts';
import type { Proposed } from './evaluator.ts';

/** Models of one search. */
export type Models = {
  /** Chooses one, which is submitted with that; undefined where there is no list of them. */
  readonly choose: (random: Random) => string | undefined;
  /** Learns what became of an evaluation; `model` is the one that was chosen for it. */
  readonly learn: (model: string | undefined, proposed: Proposed, gain: number) => void;
  readonly tallies: () => readonly ModelTally[];
};

/** Makes them; without a list they choose none. */
export function createModels(arms: readonly ModelArm[], config: ModelsConfig): Models {
  const tallies = createModelTallies(arms.map(({ name }) => name));
  return {
    choose: (random) => {
      if (arms.length === 0) return undefined;
      const known = new Map(tallies.all().map((tally) => [tally.name, tally]));
      const place = chooseModel(
        arms.map((arm) => ({ ...UNKNOWN, ...known.get(arm.name), ...arm })),
        config,
        random,
      );
      const chosen = arms[place]?.name;
      if (chosen !== undefined) tallies.submitted(chosen);
      return chosen;
    },
    learn: (model, proposed, gain) => {
      const uses = model === undefined ? (proposed.models ?? []) : [{ name: model, usage: proposed.usage }];
      for (const { name, usage } of uses) {
        if (model === undefined) tallies.submitted(name);
        tallies.took(name, usage);
      }
      const last = uses.at(-1);
      if (last !== undefined) tallies.answered(last.name, gain);
    },
    tallies: tallies.all,
  };
}

/** Whose an evaluation is; undefined where nobody said. */
export function modelOf(chosen: string | undefined, { models = [] }: Proposed): string | undefined {
  return chosen ?? models.at(-1)?.name;
}

/** Those who propose, as a list of models and by their names. */
export type Proposing = {
  readonly arms: readonly ModelArm[];
  readonly proposerOf: (model: string | undefined) => Proposer;
};

const NAME_LENGTH_MAX = 4_096;
const MODELS_MAX = 64;

/**
 * Reads who proposes: one proposer, or a list of models of which one is chosen for each evaluation.
 *
 * @throws {EvolveError} `EVOLVE_INVALID` for a list that is empty, too long, or has a name twice, a weight below 0, or none above it;
 *   and for a bandit without a list.
 */
export function readProposing(proposer: Proposer | readonly ProposingModel[], { choice }: ModelsConfig): Proposing {
  if ('propose' in proposer) return alone(proposer, choice);
  const [first] = proposer;
  if (first === undefined || proposer.length > MODELS_MAX)
    throw invalid(`there are ${proposer.length} models; expected from 1 to ${MODELS_MAX}`);
  for (const model of proposer) insistOnModel(model);
  const byName = new Map(proposer.map((model) => [model.name, model.proposer]));
  const twice = proposer.find(({ name }, at) => proposer.findIndex((other) => other.name === name) !== at);
  if (twice !== undefined) throw invalid(`the model ${JSON.stringify(twice.name)} is listed twice; expected it once`);
  if (choice === 'weights' && proposer.every(({ weight }) => weight === 0))
    throw invalid('no model has a weight above 0; expected one, or another choice: ucb1 or thompson');
  const arms = proposer.map(({ name, weight }) => ({ name, weight }));
  return { arms, proposerOf: (model) => byName.get(model ?? '') ?? first.proposer };
}

function alone(proposer: Proposer, choice: ModelsConfig['choice']): Proposing {
  if (choice === 'weights') return { arms: [], proposerOf: () => proposer };
  throw invalid(`choice of [models] is "${choice}", and one proposer is all there is; expected a list of models`);
}

function insistOnModel({ name, weight }: ProposingModel): void {
  if (name === '' || name.length > NAME_LENGTH_MAX)
    throw invalid(
      `the name of a model has ${name.length} characters; expected from 1 to ${NAME_LENGTH_MAX} characters`,
    );
  if (!Number.isFinite(weight) || weight < 0)
    throw invalid(
      `the weight of the model ${JSON.stringify(name.slice(0, 80))} is ${weight}; expected a number from 0 up`,
    );
}

function invalid(message: string): EvolveError {
  return new EvolveError('EVOLVE_INVALID', message);
}
