/**
 * Proposes one program: mutated, and new. What is known to a proposal is what was committed when its parent was chosen, so that a copy is
 * turned away in every run of a seed or in none.
 */
import { readEntry } from '../edits/entry-signature.ts';
import { EvolveError } from '../evolve-error.ts';
import { createRecent } from '../recent.ts';
import { mutate, type MutationOutcome } from '../mutation/mutate.ts';
import { addUsage, NO_USAGE, type Proposer } from '../mutation/proposer.ts';
import type { Answers } from './answered.ts';
import type { EvolveConfig } from './evolve-config.ts';
import type { EvolveStart } from './evolve.ts';
import type { Proposed } from './evaluator.ts';
import type { LateNovelty } from './late-novelty.ts';
import type { Chosen } from './search-state.ts';

/** Entries of sources that are remembered. */
const ENTRIES_MAX = 1_000;

/** What it is made of. */
export type ProposingParts = {
  readonly settings: EvolveConfig;
  readonly start: EvolveStart;
  readonly proposer: Proposer;
  readonly answers: Answers;
  readonly known: Pick<LateNovelty, 'judge'>;
  readonly signal: AbortSignal;
};

/** Makes it. Proposals are mutated side by side, and judged in the order in which they were chosen. */
export function createProposing({ settings, start, proposer, answers, known, signal }: ProposingParts) {
  let judged: Promise<unknown> = Promise.resolve();
  const { fileName, entryName } = start;
  // A child that was read is the parent of others.
  const entryIn = createRecent(ENTRIES_MAX, (source) => readEntry(source, { name: entryName, fileName }));

  function mutateOnce({ index, parent, inspirations }: Chosen, resample: number): Promise<MutationOutcome> {
    const seed = `${settings.seed}/${index}/${resample}`;
    const { temperature, max_tokens: maxTokens, ...shares } = settings.mutation;
    const asked = {
      parent: parent.source,
      fileName,
      entryName,
      seed,
      inspirations,
      temperature,
      maxTokens,
      shares,
      entryIn,
    };
    return mutate(asked, proposer, signal);
  }

  async function proposeNew(chosen: Chosen, before: Promise<unknown>): Promise<Proposed> {
    let outcome = await mutateOnce(chosen, 0);
    let usage = NO_USAGE;
    await before;
    for (let resamples = 0; ; resamples += 1) {
      usage = addUsage(usage, outcome.usage);
      if (outcome.kind === 'failed') return { kind: 'failed', reason: lastReason(outcome), usage };
      const { source, diff } = outcome;
      const { action, likeness } = known.judge(source, resamples, chosen.commits);
      if (action === 'evaluate') return { kind: 'mutated', source, diff, usage, like: likeness?.of ?? null };
      outcome = await mutateOnce(chosen, resamples + 1);
    }
  }

  return {
    propose: (chosen: Chosen): Promise<Proposed> => {
      const before = judged;
      const proposed = answers.propose(chosen.index, () => proposeNew(chosen, before));
      judged = proposed.catch(() => undefined); // Whoever waits for it hears of it.
      return proposed;
    },
  };
}

function lastReason({ refusals }: Extract<MutationOutcome, { readonly kind: 'failed' }>): string {
  const last = refusals.at(-1);
  if (last === undefined) throw new EvolveError('MUTATION_FAILED', 'a mutation failed and says no reason');
  return `${last.code}: ${last.reason}`;
}
