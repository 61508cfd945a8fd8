/**
 * `context.llm`, as messages to the host, which chooses who answers.
 */
import type { ChatMessage, GeneratedText, GenerateOptions, JsonValue } from '@bulkhead/protocol';
import type { Ask } from './services.ts';

/** How an answer is made, by whom, and within which time. */
export type LlmOptions = GenerateOptions & { readonly backend?: string; readonly timeoutMs?: number };

/** Language models as one plugin asks them. */
export type PluginLlm = {
  readonly generate: (prompt: string | readonly ChatMessage[], options?: LlmOptions) => Promise<GeneratedText>;
};

/** Makes it. */
export function createPluginLlm(ask: Ask): PluginLlm {
  return {
    generate: async (prompt, { backend, timeoutMs, ...options } = {}) => {
      const asked = typeof prompt === 'string' ? { prompt, options } : { options: { ...options, messages: prompt } };
      const more = {
        ...(backend !== undefined && { backend }),
        ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }),
      };
      const answer: JsonValue = await ask('llm', 'generate', { ...asked, ...more }); // The host judges it.
      return answer as GeneratedText; // The host has read it.
    },
  };
}
