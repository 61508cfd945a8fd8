/**
 * What is known of each model of a search: how often it was asked, what came of it, and what it took. It changes where an evaluation is
 * chosen and where one is committed, both in their order, so that it is the same in every run of a seed and is rebuilt from the journal.
 */
import { addUsage, NO_USAGE, type ProposalUsage } from '../../mutation/proposer.ts';

/**
 * A model. `submitted`: evaluations that it was asked for; `answered`: those that are committed; `improved`: those of them with a gain,
 * which is over the better of the parent and the first program; `gain`: the sum of gains; `gainMost`: the largest.
 *
 * @public
 */
export type ModelTally = {
  readonly name: string;
  readonly submitted: number;
  readonly answered: number;
  readonly improved: number;
  readonly gain: number;
  readonly gainMost: number;
  readonly usage: ProposalUsage;
};

/** Tallies, in the order in which models were first met. */
export type ModelTallies = {
  readonly all: () => readonly ModelTally[];
  readonly submitted: (name: string) => void;
  /** An evaluation is committed; `gain` is 0 or more. */
  readonly answered: (name: string, gain: number) => void;
  readonly took: (name: string, usage: ProposalUsage) => void;
};

/** Of a model that was never asked. */
export const UNKNOWN = { submitted: 0, answered: 0, improved: 0, gain: 0, gainMost: 0, usage: NO_USAGE } as const;

/** Makes them, with models of which nothing is known yet. */
export function createModelTallies(names: readonly string[]): ModelTallies {
  const tallies = new Map<string, ModelTally>(names.map((name) => [name, { name, ...UNKNOWN }]));
  const change = (name: string, next: (tally: ModelTally) => Partial<ModelTally>): void => {
    const tally = tallies.get(name) ?? { name, ...UNKNOWN };
    tallies.set(name, { ...tally, ...next(tally) });
  };
  return {
    all: () => [...tallies.values()],
    submitted: (name) => change(name, ({ submitted }) => ({ submitted: submitted + 1 })),
    answered: (name, gained) =>
      change(name, ({ answered, improved, gain, gainMost }) => ({
        answered: answered + 1,
        improved: improved + Number(gained > 0),
        gain: gain + gained,
        gainMost: Math.max(gainMost, gained),
      })),
    took: (name, usage) => change(name, ({ usage: before }) => ({ usage: addUsage(before, usage) })),
  };
}
