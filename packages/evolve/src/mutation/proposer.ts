/**
 * The port to whoever proposes an edit: a language model, or what stands in for one.
 */

/**
 * Forms in which an edit is asked for: a unified diff, the whole new source, or the whole new source that takes the best of the
 * parent and of the inspirations.
 *
 * @public
 */
export const EDIT_FORMS = ['diff', 'full', 'cross'] as const;
/**
 * A word of {@link EDIT_FORMS}.
 * @public
 */
export type EditForm = (typeof EDIT_FORMS)[number];

/**
 * What is asked: the prompt has all that a model is told. The rest is for those that need no words: the source that is to be changed,
 * others that did well, the name of the file, what the answer's draw depends on, and how it is sampled.
 *
 * @public
 */
export type ProposalRequest = {
  readonly prompt: string;
  readonly form: EditForm;
  readonly parent: string;
  readonly inspirations: readonly string[];
  readonly fileName: string;
  /** The same request with the same seed may be answered from a record. */
  readonly seed: string;
  /** From 0 to 2. */
  readonly temperature: number;
  readonly maxTokens: number;
};

/**
 * What an answer took; a cost that nobody knows is 0.
 * @public
 */
export type ProposalUsage = { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number };

/**
 * An answer as it was written, hostile until it is read. `model` is who answered, where one of several does.
 * @public
 */
export type Proposal = { readonly text: string; readonly usage: ProposalUsage; readonly model?: string };

/**
 * Proposes an edit. Rejects with `EvolveError`: `BACKEND_FAILED` where another attempt may help, any other code where somebody must act.
 *
 * @public
 */
export interface Proposer {
  readonly propose: (request: ProposalRequest, signal: AbortSignal) => Promise<Proposal>;
}

/**
 * A proposer by its name, one of several. The weight, from 0 up, is how often it is asked, as a share of the sum of all.
 *
 * @public
 */
export type ProposingModel = { readonly name: string; readonly weight: number; readonly proposer: Proposer };

/** Nothing was used. */
export const NO_USAGE: ProposalUsage = { inputTokens: 0, outputTokens: 0, costUsd: 0 };

const CHARACTERS_PER_TOKEN = 4;

/** The sum of two usages. */
export function addUsage(one: ProposalUsage, other: ProposalUsage): ProposalUsage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costUsd: one.costUsd + other.costUsd,
  };
}

/** What an answer of a stand-in would have taken, at four characters a token and no cost. */
export function estimatedUsage({ prompt }: Pick<ProposalRequest, 'prompt'>, text: string): ProposalUsage {
  const tokens = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN);
  return { inputTokens: tokens(prompt.length), outputTokens: tokens(text.length), costUsd: 0 };
}
