/**
 * A proposer that asks the language models of a host: a backend is chosen by its weight, or is named, and what it used is counted there.
 */
import type { LanguageModels } from '@bulkhead/host';
import { EvolveError } from '../evolve-error.ts';
import { estimatedUsage, type Proposer, type ProposalUsage } from './proposer.ts';

/**
 * The models, and which of their backends is asked: by weight where that is left out (X000-25).
 *
 * @public
 */
export type HostModelOptions = {
  readonly llm: Pick<LanguageModels, 'generate'>;
  readonly backend?: string;
  readonly tenant?: string;
};

type LlmOutcome = Awaited<ReturnType<LanguageModels['generate']>>;

/**
 * Makes it. `propose` rejects with `BACKEND_FAILED` where another attempt may help, and with `BACKEND_INVALID` where somebody must act, such
 * as to set a key.
 *
 * @see F000-16, F000-18, X000-19, X000-25.
 * @public
 */
export function createHostModel({ llm, backend, tenant }: HostModelOptions): Proposer {
  return {
    propose: async (request, signal) => {
      const { prompt, temperature, maxTokens } = request;
      const options = { temperature, max_tokens: maxTokens };
      const outcome = await llm.generate({ prompt, options, backend, tenant, signal });
      signal.throwIfAborted();
      if (!outcome.ok) throw failureOf(outcome);
      const { text } = outcome.value;
      const { backend: model } = outcome.llm;
      const usage = usageOf(outcome) ?? estimatedUsage(request, text);
      return { text, usage, ...(model !== null && { model }) };
    },
  };
}

function usageOf({ llm: { usage, cost_usd } }: LlmOutcome): ProposalUsage | undefined {
  if (usage === null) return undefined;
  return { inputTokens: usage.input_tokens, outputTokens: usage.output_tokens, costUsd: cost_usd ?? 0 };
}

function failureOf({ error, llm }: Extract<LlmOutcome, { readonly ok: false }>): EvolveError {
  const who = llm.backend === null ? 'no backend answered' : `backend ${llm.backend} failed`;
  // The host asks again only where that may help: it knows what the provider said.
  const mayHelp = error.retryable || llm.attempts > 1 || RETRIED.includes(error.kind);
  const code = mayHelp ? 'BACKEND_FAILED' : 'BACKEND_INVALID';
  return new EvolveError(code, `${who}: ${error.message} (${error.code}); ${error.hint}`);
}

/** What may go otherwise the next time, whatever the error says of itself. */
const RETRIED: readonly string[] = ['timeout', 'crashed', 'out_of_memory', 'overloaded', 'host_restart'];
