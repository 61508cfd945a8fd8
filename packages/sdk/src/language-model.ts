/**
 * Language models, as a plugin asks them; who answers is the tenant's affair.
 */
import type { ChatMessage, GeneratedText, GenerateOptions } from '@bulkhead/protocol';

/**
 * Asks the language models that the tenant has (X000-25). Needs the permission `llm`; what it takes counts for the tenant's budget,
 * and within a call it has that call's time. It rejects with an Error that has `kind` and `code`, such as `LLM_UNAVAILABLE`,
 * `LLM_BUDGET_EXCEEDED` or `PROVIDER_REFUSED`.
 *
 * @experimental
 */
export interface LanguageModel {
  /**
   * Answers a prompt or a chat. `backend` names one of the tenant's; else one is chosen by weight, and another where it fails.
   */
  generate(
    prompt: string | readonly ChatMessage[],
    options?: GenerateOptions & { readonly backend?: string; readonly timeoutMs?: number },
  ): Promise<GeneratedText>;

  /**
   * Gives the answer as it comes, in pieces of which each has what it adds; the last one that has `usage` has what is charged. A reader
   * that does not read on holds the model up, and one that stops pays for what came. Asked when it is first read; after the first
   * piece no other backend is tried.
   */
  stream(
    prompt: string | readonly ChatMessage[],
    options?: GenerateOptions & { readonly backend?: string; readonly timeoutMs?: number },
  ): AsyncIterable<Partial<GeneratedText>>;
}
