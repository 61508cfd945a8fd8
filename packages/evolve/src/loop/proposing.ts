/**
 * Proposes one program: mutated, and new. What is known to a proposal is what was committed when its parent was chosen, so that a copy is
 * turned away in every run of a seed or in none.
 */
import { readEntry } from '../edits/entry-signature.ts';
import { EvolveError } from '../evolve-error.ts';
import { createRecent } from '../recent.ts';
import { mutate, type MutationOutcome } from '../mutation/mutate.ts';
import { addUsage, NO_USAGE, type Proposer, type ProposalUsage } from '../mutation/proposer.ts';
import type { Answers } from './answered.ts';
import type { EvolveConfig } from './evolve-config.ts';
import type { EvolveStart } from './evolve.ts';
import type { ModelUse, Proposed } from './evaluator.ts';
import type { LateNovelty } from './late-novelty.ts';
import type { Chosen } from './search-state.ts';

/** Entries of sources that are remembered. */
const ENTRIES_MAX = 1_000;

/** What it is made of. */
export type ProposingParts = {
  readonly settings: EvolveConfig;
  readonly start: EvolveStart;
  /** Of the model that was chosen, or of nobody in particular. */
  readonly proposerOf: (model: string | undefined) => Proposer;
  readonly answers: Answers;
  readonly known: Pick<LateNovelty, 'judge'>;
  readonly signal: AbortSignal;
};

/** Makes it. Proposals are mutated side by side, and judged in the order in which they were chosen. */
export function createProposing({ settings, start, proposerOf, answers, known, signal }: ProposingParts) {
  let judged: Promise<unknown> = Promise.resolve();
  const { fileName, entryName } = start;
  // A child that was read is the parent of others.
  const entryIn = createRecent(ENTRIES_MAX, (source) => readEntry(source, { name: entryName, fileName }));

  function mutateOnce(
    { index, parent, inspirations }: Chosen,
    resample: number,
    proposer: Proposer,
  ): Promise<MutationOutcome> {
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
    const { proposer, uses } = counting(proposerOf(chosen.model));
    // Whom a search chose itself, it knows.
    const models = (): { readonly models?: readonly ModelUse[] } =>
      chosen.model === undefined && uses.size > 0 ? { models: usesIn(uses) } : {};
    let outcome = await mutateOnce(chosen, 0, proposer);
    let usage = NO_USAGE;
    await before;
    for (let resamples = 0; ; resamples += 1) {
      usage = addUsage(usage, outcome.usage);
      if (outcome.kind === 'failed') return { kind: 'failed', reason: lastReason(outcome), usage, ...models() };
      const { source, diff } = outcome;
      const { action, likeness } = known.judge(source, resamples, chosen.commits);
      if (action === 'evaluate')
        return { kind: 'mutated', source, diff, usage, ...models(), like: likeness?.of ?? null };
      outcome = await mutateOnce(chosen, resamples + 1, proposer);
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

type Counting = { readonly proposer: Proposer; readonly uses: ReadonlyMap<string, ProposalUsage> };

/** Counts what each model took, as far as answers say whose they are; the one that answered last stands at the end. */
function counting(inner: Proposer): Counting {
  const uses = new Map<string, ProposalUsage>();
  const propose: Proposer['propose'] = async (request, signal) => {
    const proposal = await inner.propose(request, signal);
    const { model, usage } = proposal;
    if (model === undefined) return proposal;
    const before = uses.get(model) ?? NO_USAGE;
    uses.delete(model);
    uses.set(model, addUsage(before, usage));
    return proposal;
  };
  return { proposer: { propose }, uses };
}

function usesIn(uses: Counting['uses']): readonly ModelUse[] {
  return [...uses].map(([name, usage]) => ({ name, usage }));
}

function lastReason({ refusals }: Extract<MutationOutcome, { readonly kind: 'failed' }>): string {
  const last = refusals.at(-1);
  if (last === undefined) throw new EvolveError('MUTATION_FAILED', 'a mutation failed and says no reason');
  return `${last.code}: ${last.reason}`;
}
