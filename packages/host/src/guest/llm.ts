/**
 * `context.llm`, as messages to the host, which chooses who answers.
 */
import type {
  ChatMessage,
  GeneratedText,
  GenerateOptions,
  JsonObject,
  JsonValue,
  TokenUsage,
} from '@bulkhead/protocol';
import type { Ask } from './services.ts';

/** How an answer is made, by whom, and within which time. */
export type LlmOptions = GenerateOptions & { readonly backend?: string; readonly timeoutMs?: number };

type Prompt = string | readonly ChatMessage[];

/** Language models as one plugin asks them. */
export type PluginLlm = {
  readonly generate: (prompt: Prompt, options?: LlmOptions) => Promise<GeneratedText>;
  readonly stream: (prompt: Prompt, options?: LlmOptions) => AsyncGenerator<Partial<GeneratedText>, void, undefined>;
};

type Next = { readonly piece: Partial<GeneratedText> } | { readonly done: true; readonly usage: TokenUsage | null };

/** Makes it. */
export function createPluginLlm(ask: Ask): PluginLlm {
  let lastStream = 0;

  /** A piece is asked for when it is wanted, so that a plugin which does not read holds the model up. */
  async function* stream(
    prompt: Prompt,
    options?: LlmOptions,
  ): AsyncGenerator<Partial<GeneratedText>, void, undefined> {
    lastStream += 1;
    const own = { stream: lastStream };
    await ask('llm', 'stream', { ...own, ...requestOf(prompt, options) });
    let isOver = false;
    let isCounted = false;
    try {
      while (!isOver) {
        const next = (await ask('llm', 'next', own)) as Next; // The host's own.
        isOver = 'done' in next;
        if ('piece' in next) {
          isCounted ||= next.piece.usage !== undefined;
          yield next.piece;
        } else if (!isCounted && next.usage !== null) yield { usage: next.usage };
      }
    } finally {
      // What becomes of this nobody waits for: the answer is over for the plugin.
      if (!isOver) void ask('llm', 'leave', own).catch(() => undefined);
    }
  }

  return {
    generate: async (prompt, options) => {
      const answer: JsonValue = await ask('llm', 'generate', requestOf(prompt, options)); // The host judges it.
      return answer as GeneratedText; // The host has read it.
    },
    stream,
  };
}

function requestOf(prompt: Prompt, { backend, timeoutMs, ...options }: LlmOptions = {}): JsonObject {
  const asked = typeof prompt === 'string' ? { prompt, options } : { options: { ...options, messages: prompt } };
  return {
    ...asked,
    ...(backend !== undefined && { backend }),
    ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }),
  };
}
